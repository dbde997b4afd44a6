package sink

import (
	"hash/maphash"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/transform"
)

// Feed is one goroutine's input to a sink. It encodes events into memory of its own and passes
// them on by profile, so that locks, clocks and wake-ups cost once per Flush and lane and not
// once per event. It must not be used concurrently.
type Feed struct {
	sink    *Sink
	groups  map[groupKey]*group
	recent  [256]*group // some of the groups, by the hash of their profile
	dirty   []*group    // that have something for their lanes
	letters []*deadletter.Draft
	// now is the time against which the age of events is checked: that of the first event
	// since the last Flush. Reading a clock for each costs as much as the rest of Add.
	now time.Time
	// from is the origin of the last record since then.
	from *verdict.Origin
	// filtered are verdicts on records that were left out deliberately.
	filtered []verdict.Verdict
	names    []byte // their event ids
	// asOf is the version of the list of erased events after the last Flush, and so before
	// any event since then was looked up.
	asOf uint64
}

// group is a feed's events of one profile and one route.
type group struct {
	groupKey
	buf    []byte // the encoded events
	events []batch.Pending
	asOf   uint64 // see Feed
}

type groupKey struct {
	profile string
	route   *exchange.Route
	past    *Past // of events that were given back; nil for others
}

const (
	// maxGroups and maxGroupBytes bound what a feed keeps between flushes.
	maxGroups     = 1024
	maxGroupBytes = 1 << 20
)

// NewFeed returns an input to the sink.
func (s *Sink) NewFeed() *Feed {
	return &Feed{sink: s, groups: make(map[groupKey]*group), asOf: s.erasuresAsOf()}
}

// Add takes an event. The conversion may be reused afterwards, the record and its memory
// after the next Flush.
func (f *Feed) Add(tok verdict.Handle, rec *kgo.Record, c *transform.Conversion) {
	f.AddAgain(tok, rec, c, nil)
}

// AddAgain is Add for an event that was given back with that past.
func (f *Feed) AddAgain(tok verdict.Handle, rec *kgo.Record, c *transform.Conversion, past *Past) {
	if f.now.IsZero() {
		f.now = f.sink.opts.Now()
	}
	route, why := f.sink.router.Route(c.ProfileID, c.CountryCode)
	if why != nil {
		f.reject(tok, rec, c, f.sink.opts.Contract, why)
		return
	}
	if why := amazon.Refusal(route.Contract, c, f.now); why != nil {
		f.reject(tok, rec, c, route.Contract, why)
		return
	}
	g := f.group(groupKey{c.ProfileID, route, past})
	before := len(g.buf)
	g.buf = append(g.buf, route.Frame.Between...)
	start := len(g.buf)
	g.buf = route.Contract.AppendEvent(g.buf, c)
	if size := len(g.buf) - start; size > route.Limits.EventBytes {
		g.buf = g.buf[:before]
		why := amazon.TooLargeFor(route.Contract, size)
		f.reject(tok, rec, c, route.Contract, &why)
		return
	}
	if len(g.events) == 0 {
		f.dirty = append(f.dirty, g)
	}
	o := deadletter.OriginalOf(rec)
	g.events = append(g.events, batch.Pending{
		Record: verdict.RecordOf(tok, rec, &f.from), Rec: rec, ID: c.EventID, Hash: maphash.String(f.sink.seed, c.EventID), Kept: o.Size(), End: len(g.buf),
	})
}

// reject refuses a conversion for its contract's reason.
func (f *Feed) reject(tok verdict.Handle, rec *kgo.Record, c *transform.Conversion, by amazon.Contract, why *verdict.Reason) {
	if why.Class == verdict.Filtered {
		f.filter(tok, rec, c.ProfileID, c.EventID, by, *why)
		return
	}
	f.refuse(tok, rec, c.ProfileID, c.EventID, by, *why)
}

func (f *Feed) group(key groupKey) *group {
	// Most profiles have one of these slots to themselves; a look there takes a quarter of
	// a map's time.
	recent := f.place(key.profile)
	if g := *recent; g != nil && g.groupKey == key {
		return g
	}
	g := f.groups[key]
	if g == nil {
		// The group and the lane named by it outlive the record that the profile's bytes may
		// belong to.
		key.profile = strings.Clone(key.profile)
		g = &group{groupKey: key}
		f.groups[key] = g
	}
	*recent = g
	return g
}

// forget drops a group whose past cannot come again.
func (f *Feed) forget(g *group) {
	delete(f.groups, g.groupKey)
	if recent := f.place(g.profile); *recent == g {
		*recent = nil
	}
}

// place returns the slot for a profile's group among the recent ones.
func (f *Feed) place(profile string) **group {
	return &f.recent[maphash.String(f.sink.seed, profile)%uint64(len(f.recent))]
}

// Refuse makes a dead letter of a record that must not be sent. profileID and EventID are
// empty if the record could not be decoded.
func (f *Feed) Refuse(tok verdict.Handle, rec *kgo.Record, profileID, eventID string, why verdict.Reason) {
	f.refuse(tok, rec, profileID, eventID, f.sink.opts.Contract, why)
}

func (f *Feed) refuse(tok verdict.Handle, rec *kgo.Record, profileID, eventID string, by amazon.Contract, why verdict.Reason) {
	now := f.sink.opts.Now()
	o := deadletter.OriginalOf(rec)
	f.letters = append(f.letters, &deadletter.Draft{
		Record: verdict.RecordOf(tok, rec, &f.from), Original: deadletter.ReadOriginal(o.AppendTo(nil)),
		Contract: by.Name(), Profile: strings.Clone(profileID), EventID: strings.Clone(eventID), Reason: why, First: now, Last: now,
	})
}

// Filter takes a record that is left out deliberately. Nothing is sent or kept, but it gets a
// receipt like all others: receipts and dead letters together account for every record of
// the source.
func (f *Feed) Filter(tok verdict.Handle, rec *kgo.Record, profileID, eventID string, why verdict.Reason) {
	f.filter(tok, rec, profileID, eventID, f.sink.opts.Contract, why)
}

func (f *Feed) filter(tok verdict.Handle, rec *kgo.Record, profileID, eventID string, by amazon.Contract, why verdict.Reason) {
	f.filtered = append(f.sink.memory.Verdicts.Grow(f.filtered, 1), verdict.Verdict{
		Handle: tok, Source: verdict.SourceOf(rec), Contract: by.Name(), ProfileID: f.group(groupKey{profile: profileID}).profile, EventID: eventID,
		Class: why.Class, Status: why.Status, Code: why.Code,
	})
	f.names = append(f.names, eventID...)
}

// name copies the event ids of filtered verdicts out of their records.
func (f *Feed) name() {
	names := string(f.names)
	for i := range f.filtered {
		id := &f.filtered[i].EventID
		*id, names = names[:len(*id)], names[len(*id):]
	}
	f.names = f.names[:0]
}

// Flush passes on what was added since the last call. It does not wait.
func (f *Feed) Flush() {
	s := f.sink
	f.now, f.from = time.Time{}, nil
	if len(f.dirty) > 0 {
		now := s.opts.Now()
		for i, g := range f.dirty {
			g.asOf = f.asOf
			s.deliver(g, now)
			clear(g.events)
			g.events, g.buf = g.events[:0], g.buf[:0]
			if cap(g.buf) > maxGroupBytes {
				g.buf, g.events = nil, nil
			}
			f.dirty[i] = nil
			if g.past != nil {
				f.forget(g)
			}
		}
		f.dirty = f.dirty[:0]
	}
	if len(f.groups) > maxGroups {
		clear(f.groups)
		clear(f.recent[:])
	}
	if len(f.letters) > 0 {
		s.letters.Put(nil, s.guard.Sift(f.letters))
		clear(f.letters)
		f.letters = f.letters[:0]
	}
	if len(f.filtered) > 0 {
		f.name()
		s.leaveOut(f.filtered)
		f.filtered = nil
	}
	f.asOf = s.erasuresAsOf()
}
