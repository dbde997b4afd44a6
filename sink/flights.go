package sink

import (
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
)

// flights are a lane's batches in flight, until what their answers ask for has been
// done. The lane's mu guards them.
type flights struct {
	flying []*batch.Batch
	// claims are the event ids in them where there can be several.
	claims batch.Claims
	// blocked: what is next has an event id that is in flight.
	blocked  bool
	airborne int64     // bytes of those in flight
	average  int64     // bytes of a record, of the last batch that was sent
	heard    time.Time // when an answer last came, or the first of them was sent
}

// begin adds a batch of which that many bytes of the window are in flight.
func (f *flights) begin(b *batch.Batch, bytes int64, now time.Time) {
	f.average = bytes/int64(len(b.Events)) + 1
	if f.airborne += bytes; len(f.flying) == 0 {
		f.heard = now
	}
	f.flying = append(f.flying, b)
}

// end takes one out, which was answered at that time.
func (f *flights) end(b *batch.Batch, bytes int64, now time.Time) {
	i := slices.Index(f.flying, b)
	f.flying = slices.Delete(f.flying, i, i+1)
	f.airborne -= bytes
	f.heard = now
	f.blocked = false
}

// block notes that what is next has an event id that is in flight.
func (f *flights) block() { f.blocked = true }

// slowAfter is how long a lane whose requests are not answered counts as well.
const slowAfter = 5 * time.Second

// unheard reports whether requests are in flight that are not answered.
func (f *flights) unheard(now time.Time) bool {
	return len(f.flying) > 0 && now.Sub(f.heard) > slowAfter
}
