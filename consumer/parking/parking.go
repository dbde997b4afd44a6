package parking

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Lots remember records that were taken and let go again, because their
// profile's lane has more than it can send and the others need the memory. Their
// contents stay where they are safe anyway, in Kafka, and are read again when
// the lane wants them. They are in flight all the while: no commit passes them.
//
// A profile that has parked records parks those that come after, too, so that
// its lane gets them in their order and the window is not filled by it over and
// over again. What a spot costs is 40 bytes, against the kilobyte of a record in
// the window, and there are no more of them than was set; beyond that a stuck
// profile fills the window as it would without, and taking waits.
type Lots struct {
	most    int
	window  *flow.Window
	metrics metrics

	mu    sync.RWMutex
	lots  map[string]*lot
	count int
	// open is how many lots there are. Pumps look at it for each event.
	open atomic.Int64
	// news is told when there is something to read again; capacity 1.
	news chan struct{}
}

// lot is one profile's, oldest first.
type lot struct {
	spots []assignment.Spot
	out   int // spots that are being read again; the lot stays until that has ended
}

// New returns lots with room for that many records, which leave the window
// while they are parked.
func New(most int, window *flow.Window) *Lots {
	return &Lots{most: most, window: window, metrics: newMetrics(), lots: make(map[string]*lot), news: make(chan struct{}, 1)}
}

// Holds reports whether the profile's events are to be parked.
func (p *Lots) Holds(profile string) bool {
	if p.open.Load() == 0 {
		return false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.lots[profile] != nil && p.used() < p.most
}

// lotSpots is how many spots a lot of its own takes the memory of: profiles that
// somebody made up have one spot each.
const lotSpots = 5

// used is how much of the bound is taken. mu is held.
func (p *Lots) used() int { return p.count + lotSpots*max(len(p.lots)-1, 0) }

// Free is how many more records may be parked.
func (p *Lots) Free() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return max(p.most-p.used(), 0)
}

// Count is how many there are, those that are being read again left out.
func (p *Lots) Count() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.count
}

// Awaits reports whether records of the profile are parked, or being read again,
// that are still ours.
func (p *Lots) Awaits(profile string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	l := p.lots[profile]
	return l != nil && (l.out > 0 || slices.ContainsFunc(l.spots, func(s assignment.Spot) bool { return s.Owner.Live() }))
}

// put parks records behind those of the profile that are parked already.
func (p *Lots) put(profile string, spots []assignment.Spot) {
	p.enter(profile, spots, func(l *lot) { l.spots = append(l.spots, spots...) })
}

// putBack parks records that a lane gave back. It gives its youngest, and has none
// that are younger than those that are parked already.
func (p *Lots) putBack(profile string, spots []assignment.Spot) {
	p.enter(profile, spots, func(l *lot) {
		l.spots = slices.Insert(l.spots, 0, spots...)
		inOrder(l.spots)
	})
}

func (p *Lots) enter(profile string, spots []assignment.Spot, into func(*lot)) {
	if len(spots) == 0 {
		return
	}
	p.mu.Lock()
	l := p.lots[profile]
	if l == nil {
		l = new(lot)
		p.lots[strings.Clone(profile)] = l // the name may be a part of a record
		p.open.Add(1)
	}
	into(l)
	p.count += len(spots)
	p.mu.Unlock()
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// close takes an empty lot away. mu is held.
func (p *Lots) close(profile string) {
	delete(p.lots, profile)
	p.open.Add(-1)
}

// inOrder sorts the spots of each assignment by when they were taken, in the places
// that they have among those of the others. Nearly always they are: what comes in
// between is an event that a pump had in hand while others were given back.
func inOrder(spots []assignment.Spot) {
	last := make(map[*assignment.Assignment]uint64)
	sorted := true
	for _, s := range spots {
		sorted = sorted && s.Seq >= last[s.Owner]
		last[s.Owner] = s.Seq
	}
	if sorted {
		return
	}
	of := make(map[*assignment.Assignment][]assignment.Spot, len(last))
	for _, s := range spots {
		of[s.Owner] = append(of[s.Owner], s)
	}
	for _, own := range of {
		slices.SortFunc(own, func(a, b assignment.Spot) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	for i, s := range spots {
		spots[i], of[s.Owner] = of[s.Owner][0], of[s.Owner][1:]
	}
}

// errand is what is to be read again for one profile.
type errand struct {
	profile string
	spots   []assignment.Spot
}

// take hands out the oldest spots of each profile that may be sent now, as many as
// it wants and at most that many in all, of which each has the same part: what many
// profiles have parked at the same time is then read in one pass, where whole wants
// of a few would have that part of the log read again for each of the others. Spots of
// partitions that cannot be read now are skipped: those of others come first then.
// Each errand is to be ended with done.
func (p *Lots) take(wants func(profile string) int, now time.Time, most int, unreadable func(*assignment.Assignment) bool) (errands []errand) {
	waits := make(map[*assignment.Assignment]bool) // what was said of each
	ready := func(s *assignment.Spot) bool {
		no, known := waits[s.Owner]
		if !known {
			no = unreadable(s.Owner)
			waits[s.Owner] = no
		}
		return !no && !s.Past.NotBefore().After(now)
	}
	type asker struct {
		profile string
		n       int
	}
	var askers []asker
	for _, profile := range p.profiles() {
		// Not under mu: lanes ask whether they are awaited.
		if n := wants(profile); n > 0 {
			askers = append(askers, asker{profile, n})
		}
	}
	slices.SortStableFunc(askers, func(a, b asker) int { return cmp.Compare(a.n, b.n) })
	for i, a := range askers {
		if most <= 0 {
			break
		}
		// Those that come later want as much or more, and share what is left over.
		part := max(most/(len(askers)-i), 1)
		if e := p.errand(a.profile, ready, min(a.n, part)); len(e.spots) > 0 {
			errands = append(errands, e)
			most -= len(e.spots)
		}
	}
	return errands
}

// profiles returns those that have parked records, in no order: whose turn it is
// when not all can be read at once must not be up to their names, nor to how many
// records they have, or profiles in turns of a few records each have the same parts
// of the log read over and over. Spots of assignments that have ended are dropped.
func (p *Lots) profiles() (profiles []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for profile, l := range p.lots {
		before := len(l.spots)
		l.spots = slices.DeleteFunc(l.spots, func(s assignment.Spot) bool { return !s.Owner.Live() })
		p.count -= before - len(l.spots)
		switch {
		case len(l.spots) > 0:
			profiles = append(profiles, profile)
		case l.out == 0:
			p.close(profile)
		}
	}
	return profiles
}

// errand takes up to n of a profile's spots out of its lot.
func (p *Lots) errand(profile string, ready func(*assignment.Spot) bool, n int) errand {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := errand{profile: profile}
	l := p.lots[profile]
	if l == nil {
		return e
	}
	i := 0
	for i < len(l.spots) && i < n && ready(&l.spots[i]) {
		i++
	}
	e.spots, l.spots = slices.Clone(l.spots[:i]), l.spots[i:]
	if i < n {
		// The next is one that Amazon has put off, or that cannot be read now: others
		// may go before it.
		kept := l.spots[:0]
		for _, s := range l.spots {
			if len(e.spots) < n && ready(&s) {
				e.spots = append(e.spots, s)
			} else {
				kept = append(kept, s)
			}
		}
		clear(l.spots[len(kept):])
		l.spots = kept
	}
	l.out += len(e.spots)
	p.count -= len(e.spots)
	return e
}

// owes reports whether records of a partition are parked.
func (p *Lots) owes(tp assignment.TopicPartition) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, l := range p.lots {
		if slices.ContainsFunc(l.spots, func(s assignment.Spot) bool { return s.Owner.TopicPartition() == tp && s.Owner.Live() }) {
			return true
		}
	}
	return false
}

// done ends an errand; left are its spots that could not be read.
func (p *Lots) done(e errand, left []assignment.Spot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lots[e.profile]
	l.out -= len(e.spots)
	l.spots = slices.Insert(l.spots, 0, left...)
	p.count += len(left)
	if len(l.spots) == 0 && l.out == 0 {
		p.close(e.profile)
	}
}

// Park lets the contents of records go that the window has room for.
func (p *Lots) Park(profile string, tokens []verdict.Handle) {
	p.put(profile, p.unload(nil, tokens, nil))
}

// unload appends the spots of records whose contents are let go.
func (p *Lots) unload(spots []assignment.Spot, tokens []verdict.Handle, past *verdict.Past) []assignment.Spot {
	before := len(spots)
	var bytes int64
	for len(tokens) > 0 {
		owner, n := tokens[0].Owner, 1
		for n < len(tokens) && tokens[n].Owner == owner {
			n++
		}
		var freed int64
		spots, freed = owner.(*assignment.Assignment).Park(tokens[:n], spots)
		bytes += freed
		tokens = tokens[n:]
	}
	unloaded := spots[before:]
	for i := range unloaded {
		unloaded[i].Past = past
	}
	if len(unloaded) > 0 {
		p.metrics.parked.Add(float64(len(unloaded)))
		p.window.Release(len(unloaded), bytes)
	}
	return spots
}

// Room is how a Handler gives back what it has too much of, and asks for it again.
type Room interface {
	// GiveBack gives records back that others could use the memory of, at most that
	// many. They have no verdict, and are brought again when they are wanted.
	GiveBack(most int) []verdict.Backlog
	// Wants returns how many more records of a profile are of use now.
	Wants(profile string) int
}

// Relieve makes room in a full window, if some lane has more than it can use
// and another could use the room.
func (p *Lots) Relieve(lanes Room) (relieved bool) {
	free := p.Free()
	if free == 0 {
		return false
	}
	given := lanes.GiveBack(free)
	for len(given) > 0 {
		var spots []assignment.Spot
		profile := given[0].Profile
		for len(given) > 0 && given[0].Profile == profile {
			spots = p.unload(spots, given[0].Handles, given[0].Past)
			given = given[1:]
		}
		p.putBack(profile, spots)
		relieved = relieved || len(spots) > 0 // or who waits for room would ask for ever
	}
	return relieved
}
