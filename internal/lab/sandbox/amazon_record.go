package sandbox

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

// record keeps what was sent. One lock is enough: it is held for a batch, and
// a batch costs far more to read.
type record struct {
	out    io.Writer
	keep   int
	forget bool

	mu       sync.Mutex
	torn     bool // the last line was not written whole
	seq      int64
	last     []Request // a ring once it is full
	statuses map[int]int64
	token    map[int]int64
	profiles map[string]*profileRecord
}

type profileRecord struct {
	Totals
	events map[string]sent
}

type sent struct {
	digest                  Digest
	accepted, seen, changed uint32
}

func newRecord(o Options) *record {
	return &record{
		out: o.Record, keep: max(0, o.KeepRequests), forget: o.ForgetEvents,
		statuses: make(map[int]int64), token: make(map[int]int64), profiles: make(map[string]*profileRecord),
	}
}

// add puts a request on record: first on disk, then in memory, so that an error
// leaves no trace of it. It sets Seq.
func (rec *record) add(r *Request) error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	r.Seq = rec.seq + 1
	if rec.out != nil {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if rec.torn {
			line = append([]byte{'\n'}, line...)
		}
		_, err = rec.out.Write(append(line, '\n'))
		rec.torn = err != nil
		if err != nil {
			return err
		}
	}
	rec.seq++
	rec.statuses[r.Status]++
	if rec.keep > 0 {
		if len(rec.last) < rec.keep {
			rec.last = append(rec.last, *r)
		} else {
			rec.last[(r.Seq-1)%int64(rec.keep)] = *r
		}
	}
	p := rec.profiles[r.Profile]
	if p == nil {
		p = &profileRecord{events: make(map[string]sent)}
		rec.profiles[strings.Clone(r.Profile)] = p
	}
	p.Requests++
	for i := range r.Items {
		p.add(&r.Items[i], rec.forget)
	}
	return nil
}

func (p *profileRecord) add(it *Item, forget bool) {
	switch it.Verdict {
	case Taken:
		p.Taken++
	case Refused:
		p.Refused++
	case Later:
		p.Later++
	default:
		p.Unjudged++
	}
	if forget || it.EventID == "" {
		return
	}
	e, known := p.events[it.EventID]
	if !known {
		e.digest = it.Digest
	} else if e.digest != it.Digest {
		e.changed++
		p.Changed++
	}
	e.seen++
	if it.Verdict == Taken {
		if e.accepted == 0 {
			p.Accepted++
		}
		e.accepted++
	}
	p.events[it.EventID] = e
}

func (rec *record) tokenStatus(status int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.token[status]++
}

// event returns what is known of an event id of a profile.
func (rec *record) event(profile, id string) (Event, bool) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	p := rec.profiles[profile]
	if p == nil {
		return Event{}, false
	}
	e, ok := p.events[id]
	return e.event(profile, id), ok
}

// accepted returns how often an event id was taken, of whichever profile.
func (rec *record) accepted(id string) int {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	n := 0
	for _, p := range rec.profiles {
		n += int(p.events[id].accepted)
	}
	return n
}

// events returns the events of a profile, of all if it is empty, by profile and
// event id.
func (rec *record) events(profile string) []Event {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	var out []Event
	for name, p := range rec.profiles {
		if profile != "" && profile != name {
			continue
		}
		for id, e := range p.events {
			out = append(out, e.event(name, id))
		}
	}
	slices.SortFunc(out, func(a, b Event) int {
		if c := strings.Compare(a.Profile, b.Profile); c != 0 {
			return c
		}
		return strings.Compare(a.EventID, b.EventID)
	})
	return out
}

func (s sent) event(profile, id string) Event {
	return Event{profile, id, int(s.accepted), int(s.seen), s.digest, int(s.changed)}
}

// requests returns the last requests, oldest first.
func (rec *record) requests() []Request {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if len(rec.last) < rec.keep || rec.keep == 0 {
		return slices.Clone(rec.last)
	}
	oldest := int(rec.seq % int64(rec.keep))
	return slices.Concat(rec.last[oldest:], rec.last[:oldest])
}

func (rec *record) stats() Stats {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	s := Stats{Statuses: maps.Clone(rec.statuses), TokenStatuses: maps.Clone(rec.token), Profiles: make(map[string]Totals, len(rec.profiles))}
	for name, p := range rec.profiles {
		t := p.Totals
		s.Profiles[name] = t
		s.Requests += t.Requests
		s.Taken += t.Taken
		s.Accepted += t.Accepted
		s.Refused += t.Refused
		s.Later += t.Later
		s.Unjudged += t.Unjudged
		s.Changed += t.Changed
	}
	return s
}
