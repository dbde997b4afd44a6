// Package replay sends what a topic has held before once more: which records those
// are, what will become of them, and how far a replay has got.
package replay

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

// Decoder reads records; *schemas.Decoder.
type Decoder interface {
	Decode(ctx context.Context, value []byte, ev *schemas.Event) error
}

// Forecaster tells what becomes of records before they are sent. It goes through
// the same stages as they will.
type Forecaster struct {
	Decoder     Decoder
	Transformer *transform.Transformer
	Contract    sink.Contract
	BatchEvents int
	BatchBytes  int
	// Match chooses events; nil chooses all records, also those that hold none.
	Match func(*schemas.Event) bool
	// Settled are the records that an earlier run of the replay is done with; nil
	// for none.
	Settled *consumer.Progress
	Now     func() time.Time

	ev schemas.Event
	c  transform.Conversion
	f  *Forecast
}

// Forecast is what will become of a range of records.
type Forecast struct {
	Records    int // in the range
	DoneBefore int // that an earlier run is done with
	NotMeant   int // that were not chosen
	Unreadable int // that were not chosen, because they hold no event that could be
	Selected   history.Set
	first      map[int32]int64

	profiles map[string]*Profile
}

// Profile is the forecast of one profile's events.
type Profile struct {
	Profile  string `json:"profile"` // "-" for records that name none
	Events   int    `json:"events"`
	Send     int    `json:"to_send"`
	Filtered int    `json:"filtered"`
	Refused  int    `json:"refused"` // by our own rules; they become dead letters
	TooOld   int    `json:"too_old"` // of those: past the contract's limit of age
	Requests int    `json:"requests"`

	bytes int
}

// Read goes through the records of a plan.
func (f *Forecaster) Read(ctx context.Context, r *history.Reader, plan *history.Plan) (*Forecast, error) {
	f.f = &Forecast{profiles: make(map[string]*Profile), first: make(map[int32]int64)}
	if f.Now == nil {
		f.Now = time.Now
	}
	err := r.Read(ctx, plan, func(rec *kgo.Record) error { return f.record(ctx, rec) })
	return f.f, err
}

func (f *Forecaster) record(ctx context.Context, rec *kgo.Record) error {
	f.f.Records++
	if f.Settled != nil && f.Settled.Settled(rec.Partition, rec.Offset, rec.LeaderEpoch) {
		f.f.DoneBefore++
		return nil
	}
	err := f.Decoder.Decode(ctx, rec.Value, &f.ev)
	var bad *schemas.DecodeError
	switch {
	case err == nil && f.Match != nil && !f.Match(&f.ev):
		f.f.NotMeant++
		return nil
	case err != nil && !errors.As(err, &bad):
		return err
	case err != nil && f.Match != nil:
		f.f.Unreadable++
		return nil
	}
	if _, begun := f.f.first[rec.Partition]; !begun {
		f.f.first[rec.Partition] = rec.Offset
	}
	f.f.Selected.Add(rec.Partition, rec.Offset)
	p := f.f.profile(f.ev.ProfileID)
	p.Events++
	if err != nil {
		p.Refused++
		return nil
	}
	f.event(p)
	return nil
}

// event counts what becomes of an event that can be read.
func (f *Forecaster) event(p *Profile) {
	now := f.Now()
	reason, ok := f.Transformer.Transform(&f.ev, now, &f.c)
	if ok {
		body, why := sink.Encode(f.Contract, &f.c, now)
		if why == nil {
			p.Send++
			p.bytes += len(body) + len(f.Contract.Frame().Between)
			return
		}
		reason = *why
	}
	if reason.Class == verdict.Filtered {
		p.Filtered++
		return
	}
	p.Refused++
	if limit := f.Contract.Limits().Age; ok && limit > 0 && f.c.OccurredAt < now.Add(-limit).UnixMilli() {
		p.TooOld++
	}
}

func (f *Forecast) profile(id string) *Profile {
	if !transform.ValidProfileID(id) {
		id = consumer.NoProfile
	}
	p := f.profiles[id]
	if p == nil {
		p = &Profile{Profile: id}
		f.profiles[id] = p
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
		p.Requests = f.requests(p)
		all = append(all, *p)
		sum.Events += p.Events
		sum.Send += p.Send
		sum.Filtered += p.Filtered
		sum.Refused += p.Refused
		sum.TooOld += p.TooOld
		sum.Requests += p.Requests
	}
	slices.SortFunc(all, func(a, b Profile) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Profile, b.Profile))
	})
	return all, sum
}

// requests is how many it takes at least: full batches, each answered at once.
func (f *Forecaster) requests(p *Profile) int {
	frame := f.Contract.Frame()
	room := f.BatchBytes - len(frame.Open) - len(frame.Close)
	return max(ceil(p.Send, f.BatchEvents), ceil(p.bytes, room))
}

func ceil(n, by int) int { return (n + by - 1) / max(by, 1) }

// assumedAnswer is what a request takes in an estimate. It is what the Ads API's
// clients see on an ordinary day.
const assumedAnswer = 300 * time.Millisecond

// Duration estimates how long sending takes: by the rate, if there is one, and
// otherwise by the profile that needs most requests.
func (f *Forecaster) Duration(rate float64, laneConcurrency int) time.Duration {
	longest := time.Duration(0)
	total := 0
	for _, p := range f.f.profiles {
		total += p.Events
		longest = max(longest, time.Duration(ceil(f.requests(p), laneConcurrency))*assumedAnswer)
	}
	if rate > 0 {
		longest = max(longest, time.Duration(float64(total)/rate*float64(time.Second)))
	}
	return longest
}
