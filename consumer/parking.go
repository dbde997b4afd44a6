package consumer

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tracklayer/amazon-capi/sink"
)

// parking remembers records that were taken and let go again, because their
// profile's lane has more than it can send and the others need the memory. Their
// contents stay where they are safe anyway, in Kafka, and are read again when
// the lane wants them. They are in flight all the while: no commit passes them.
//
// A profile that has parked records parks those that come after, too, so that
// its lane gets them in their order and the window is not filled by it over and
// over again. What a spot costs is 40 bytes, against the kilobyte of a record in
// the window, and there are no more of them than was set; beyond that a stuck
// profile fills the window as it would without, and taking waits.
type parking struct {
	most int

	mu    sync.Mutex
	lots  map[string]*lot
	count int
	// open has the profiles that have a lot. Pumps look at it for each event, so
	// it is a copy that nobody changes.
	open atomic.Pointer[map[string]bool]
	// news is told when there is something to read again; capacity 1.
	news chan struct{}
}

// lot is one profile's, oldest first.
type lot struct {
	spots []spot
	out   int // spots that are being read again; the lot stays until that has ended
}

// spot is the place of a parked record.
type spot struct {
	owner *assignment
	seq   uint64
	at    mark
}

func newParking(most int) *parking {
	return &parking{most: most, lots: make(map[string]*lot), news: make(chan struct{}, 1)}
}

// holds tells whether the profile's events are to be parked.
func (p *parking) holds(profile string) bool {
	open := p.open.Load()
	return open != nil && (*open)[profile] && p.free() > 0
}

// free is how many more records may be parked.
func (p *parking) free() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.most-p.count, 0)
}

// parked is how many there are, those that are being read again left out.
func (p *parking) parked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func (p *parking) put(profile string, spots []spot) {
	if len(spots) == 0 {
		return
	}
	p.mu.Lock()
	l := p.lots[profile]
	if l == nil {
		l = new(lot)
		p.lots[strings.Clone(profile)] = l // the name may be a part of a record
		p.publish()
	}
	l.spots = append(l.spots, spots...)
	p.count += len(spots)
	p.mu.Unlock()
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// publish makes a new copy of which profiles have a lot. mu is held.
func (p *parking) publish() {
	open := make(map[string]bool, len(p.lots))
	for profile := range p.lots {
		open[profile] = true
	}
	p.open.Store(&open)
}

// errand is what is to be read again for one profile.
type errand struct {
	profile string
	spots   []spot
}

// take hands out the oldest spots of each profile, as many as it wants and at
// most that many in all. Each errand is to be ended with done.
func (p *parking) take(wants func(profile string) int, most int) (errands []errand) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for profile, l := range p.lots {
		l.spots = slices.DeleteFunc(l.spots, func(s spot) bool {
			if !s.owner.Live() {
				p.count--
				return true
			}
			return false
		})
		if len(l.spots) == 0 && l.out == 0 {
			delete(p.lots, profile)
			p.publish()
			continue
		}
		n := min(len(l.spots), most)
		if n > 0 {
			n = min(n, wants(profile))
		}
		if n <= 0 {
			continue
		}
		errands = append(errands, errand{profile, slices.Clone(l.spots[:n])})
		l.spots = l.spots[n:]
		l.out += n
		p.count -= n
		most -= n
	}
	return errands
}

// done ends an errand; left are its spots that could not be read.
func (p *parking) done(e errand, left []spot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lots[e.profile]
	l.out -= len(e.spots)
	l.spots = slices.Insert(l.spots, 0, left...)
	p.count += len(left)
	if len(l.spots) == 0 && l.out == 0 {
		delete(p.lots, e.profile)
		p.publish()
	}
}

// park lets the contents of records go that the window has room for.
func (c *Consumer) park(profile string, tokens []sink.Token) {
	var spots []spot
	var bytes int64
	for len(tokens) > 0 {
		owner, n := tokens[0].Owner, 1
		for n < len(tokens) && tokens[n].Owner == owner {
			n++
		}
		var freed int64
		spots, freed = owner.(*assignment).park(tokens[:n], spots)
		bytes += freed
		tokens = tokens[n:]
	}
	c.parking.put(profile, spots)
	if len(spots) > 0 {
		c.metrics.parked.Add(float64(len(spots)))
		c.window.release(len(spots), bytes)
	}
}

// relieve makes room in a full window, if some lane has more than it can use
// and another could use the room.
func (c *Consumer) relieve() (relieved bool) {
	free := c.parking.free()
	if free == 0 {
		return false
	}
	for _, b := range c.delivery.Shed(free) {
		c.park(b.Profile, b.Tokens)
		relieved = true
	}
	return relieved
}
