package replay

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/transform"
)

// Decoder reads records; *schemas.Decoder.
type Decoder interface {
	DecodeRecord(ctx context.Context, rec *kgo.Record, ev *schemas.Event) error
}

// Forecaster determines the fate of records before they are sent. It uses the same stages
// as the delivery.
type Forecaster struct {
	Decoder     Decoder
	Transformer *transform.Transformer
	Ways        *pipeline.Ways
	// Match chooses events; nil chooses all records, even those without an event.
	Match func(*schemas.Event) bool
	// Settled are the records that an earlier run of the replay has finished; nil for none.
	Settled *proof.Progress
	// Erased is the list of events that must not be sent again; nil for none.
	Erased *erasure.List
	Now    func() time.Time

	ev     schemas.Event
	c      transform.Conversion
	copies map[string][]copied
	f      *Forecast
}

// Forecast is the expected fates of a range of records. Records = DoneBefore + NotMeant +
// Unreadable + Copies + Selected.Len().
type Forecast struct {
	Records    int // in the range
	DoneBefore int // that an earlier run is done with
	NotMeant   int // that were not chosen
	Unreadable int // that were not chosen, because they hold no event that could be
	// Copies were written by a redrive of records that are in the range themselves:
	// the event is sent once.
	Copies   int
	Selected history.Set

	first    map[int32]int64
	profiles map[string]*Profile
}

// Profile is the forecast of one profile's events.
type Profile struct {
	Profile  string `json:"profile"` // "-" for records that name none
	Events   int    `json:"events"`
	Send     int    `json:"to_send"`
	Filtered int    `json:"filtered"`
	Erased   int    `json:"erased,omitempty"` // of those: somebody had them erased
	Refused  int    `json:"refused"`          // by our own rules; they become dead letters
	TooOld   int    `json:"too_old"`          // of those: past the contract's limit of age
	Requests int    `json:"requests"`
	Paused   bool   `json:"paused,omitempty"` // in the accounts file: its events wait

	lanes [amazon.RegionCount]load
}

// load is what one lane of a profile sends.
type load struct{ events, bytes int }

// add counts the events of o so many times; -1 takes them out again.
func (p *Profile) add(o *Profile, times int) {
	p.Events += times * o.Events
	p.Send += times * o.Send
	p.Filtered += times * o.Filtered
	p.Erased += times * o.Erased
	p.Refused += times * o.Refused
	p.TooOld += times * o.TooOld
	for i := range p.lanes {
		p.lanes[i].events += times * o.lanes[i].events
		p.lanes[i].bytes += times * o.lanes[i].bytes
	}
}

// copied is a record that a redrive has written.
type copied struct {
	partition int32
	offset    int64
	one       Profile
	done      bool // by an earlier run
}

// Read goes through the records of a plan; once more, if a redrive has written some
// of them, to find out which of those have their originals in the range.
func (f *Forecaster) Read(ctx context.Context, r *history.Reader, plan *history.Plan) (*Forecast, error) {
	f.f = &Forecast{profiles: make(map[string]*Profile), first: make(map[int32]int64)}
	f.copies = make(map[string][]copied)
	if f.Now == nil {
		f.Now = time.Now
	}
	err := r.Read(ctx, plan, func(rec *kgo.Record) error { return f.record(ctx, rec) })
	if err == nil && len(f.copies) > 0 {
		err = r.Read(ctx, plan, func(rec *kgo.Record) error { return f.original(ctx, rec) })
	}
	return f.f, err
}

func (f *Forecaster) record(ctx context.Context, rec *kgo.Record) error {
	f.f.Records++
	readable, err := f.decode(ctx, rec)
	switch {
	case err != nil:
		return err
	case !readable && f.Match != nil:
		f.f.Unreadable++
		return nil
	case readable && f.Match != nil && !f.Match(&f.ev):
		f.f.NotMeant++
		return nil
	case f.Settled != nil && f.Settled.Settled(rec.Partition, rec.Offset, rec.LeaderEpoch):
		f.f.DoneBefore++
		if deadletter.Redrives(rec) > 0 { // or left out, as it may be now
			f.remember(rec, copied{done: true})
		}
		return nil
	}
	if _, begun := f.f.first[rec.Partition]; !begun {
		f.f.first[rec.Partition] = rec.Offset
	}
	f.f.Selected.Add(rec.Partition, rec.Offset)
	one := f.one(readable)
	f.f.profile(one.Profile).add(&one, 1)
	if deadletter.Redrives(rec) > 0 {
		one.Profile = strings.Clone(one.Profile)
		f.remember(rec, copied{rec.Partition, rec.Offset, one, false})
	}
	return nil
}

// remember keeps a copy until it is known whether its original is in the range.
func (f *Forecaster) remember(rec *kgo.Record, c copied) {
	key := f.key(rec)
	f.copies[key] = append(f.copies[key], c)
}

// decode reads a record into f.ev; readable is false for what can never be read.
func (f *Forecaster) decode(ctx context.Context, rec *kgo.Record) (readable bool, err error) {
	err = f.Decoder.DecodeRecord(ctx, rec, &f.ev)
	if _, ok := errors.AsType[*schemas.DecodeError](err); ok {
		return false, nil
	}
	return err == nil, err
}

// key is the same for a record and its copies, which have its bytes. What has the
// header of a copy and other bytes was written by a producer, and is a record like
// any other.
func (f *Forecaster) key(rec *kgo.Record) string {
	sum := sha256.Sum256(rec.Value)
	return string(sum[:])
}

// original takes the copies of a record out again.
func (f *Forecaster) original(ctx context.Context, rec *kgo.Record) error {
	if len(f.copies) == 0 || deadletter.Redrives(rec) > 0 {
		return nil
	}
	if _, err := f.decode(ctx, rec); err != nil {
		return err
	}
	key := f.key(rec)
	for _, c := range f.copies[key] {
		f.f.Copies++
		if c.done {
			f.f.DoneBefore--
			continue
		}
		f.f.Selected.Remove(c.partition, c.offset)
		f.f.profile(c.one.Profile).add(&c.one, -1)
	}
	delete(f.copies, key)
	return nil
}

// one is the forecast of the record in hand.
func (f *Forecaster) one(readable bool) Profile {
	p := Profile{Profile: f.ev.ProfileID, Events: 1}
	if !f.Transformer.ValidProfileID(p.Profile) {
		p.Profile = tally.NoProfile
	}
	if f.Erased.Has(f.ev.EventID) { // before all else, as where it is delivered
		p.Filtered, p.Erased = 1, 1
		return p
	}
	if !readable {
		p.Refused = 1
		return p
	}
	now := f.Now()
	reason, ok := f.Transformer.Transform(&f.ev, now, &f.c)
	if !ok {
		p.refuse(reason)
		return p
	}
	way, why := f.Ways.Of(f.c.ProfileID)
	if why != nil {
		p.refuse(*why)
		return p
	}
	body, why := amazon.Encode(way.Contract, &f.c, now)
	if why == nil {
		p.Send = 1
		p.lanes[way.Lane(f.c.CountryCode)] = load{1, len(body) + len(way.Contract.Frame().Between)}
		return p
	}
	p.refuse(*why)
	if limit := way.Contract.Limits().Age; p.Refused > 0 && limit > 0 && f.c.OccurredAt < now.Add(-limit).UnixMilli() {
		p.TooOld = 1
	}
	return p
}

// refuse counts an event that is not sent.
func (p *Profile) refuse(why verdict.Reason) {
	if why.Class == verdict.Filtered {
		p.Filtered = 1
	} else {
		p.Refused = 1
	}
}

func (f *Forecast) profile(id string) *Profile {
	p := f.profiles[id]
	if p == nil {
		p = &Profile{Profile: strings.Clone(id)} // the event's is a part of its record
		f.profiles[p.Profile] = p
	}
	return p
}

// First is the first selected record of a partition; ok is false if there is none.
func (f *Forecast) First(partition int32) (offset int64, ok bool) {
	offset, ok = f.first[partition]
	return offset, ok
}

// Profiles returns the forecast by profile, those with most events first, and the
// sum of them.
func (f *Forecaster) Profiles() (all []Profile, sum Profile) {
	for _, p := range f.f.profiles {
		if p.Events == 0 {
			continue // copies only
		}
		p.Requests, _, p.Paused = f.requests(p)
		all = append(all, *p)
		sum.add(p, 1)
		sum.Requests += p.Requests
	}
	slices.SortFunc(all, func(a, b Profile) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Profile, b.Profile))
	})
	return all, sum
}

// requests is how many a profile takes at least, full batches that are each answered
// at once, and how many the lane of it that takes most. What goes to different regions
// shares none.
func (f *Forecaster) requests(p *Profile) (n, most int, paused bool) {
	way, why := f.Ways.Of(p.Profile)
	if p.Send == 0 || why != nil {
		return 0, 0, false
	}
	frame := way.Contract.Frame()
	room := way.BatchBytes - len(frame.Open) - len(frame.Close) + len(frame.Between)
	for _, l := range p.lanes {
		requests := max(ceil(l.events, way.BatchEvents), ceil(l.bytes, room))
		n, most = n+requests, max(most, requests)
	}
	return n, most, way.Paused
}

func ceil(n, by int) int { return (n + by - 1) / max(by, 1) }

// assumedAnswer is what a request takes in an estimate. It is what the Ads API's
// clients see on an ordinary day.
const assumedAnswer = 300 * time.Millisecond

// Duration estimates how long sending takes: by the rate, if there is one, and
// otherwise by the lane that needs most requests.
func (f *Forecaster) Duration(rate float64, laneConcurrency int) time.Duration {
	longest := time.Duration(0)
	total := 0
	for _, p := range f.f.profiles {
		total += p.Events
		_, n, _ := f.requests(p)
		longest = max(longest, time.Duration(ceil(n, laneConcurrency))*assumedAnswer)
	}
	if rate > 0 {
		longest = max(longest, time.Duration(float64(total)/rate*float64(time.Second)))
	}
	return longest
}
