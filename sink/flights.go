package sink

import (
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
)

// flights are a lane's batches in flight, until their answers have been handled. The lane's
// mu guards them.
type flights struct {
	flying []*batch.Batch
	// claims are their event ids, if there can be several batches.
	claims batch.Claims
	// blocked: the next batch has an event id that is in flight.
	blocked  bool
	airborne int64     // bytes of those in flight
	average  int64     // bytes per record of the last batch sent
	heard    time.Time // when an answer last arrived, or the first of them was sent
}

// begin adds a batch that takes that many bytes of the window.
func (f *flights) begin(b *batch.Batch, bytes int64, now time.Time) {
	f.average = bytes/int64(len(b.Events)) + 1
	if f.airborne += bytes; len(f.flying) == 0 {
		f.heard = now
	}
	f.flying = append(f.flying, b)
}

// end removes a batch that was answered at that time.
func (f *flights) end(b *batch.Batch, bytes int64, now time.Time) {
	i := slices.Index(f.flying, b)
	f.flying = slices.Delete(f.flying, i, i+1)
	f.airborne -= bytes
	f.heard = now
	f.blocked = false
}

// block notes that the next batch has an event id that is in flight.
func (f *flights) block() { f.blocked = true }

// slowAfter is how long a lane with unanswered requests counts as healthy.
const slowAfter = 5 * time.Second

// unheard reports whether requests in flight are unanswered.
func (f *flights) unheard(now time.Time) bool {
	return len(f.flying) > 0 && now.Sub(f.heard) > slowAfter
}
