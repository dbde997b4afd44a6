package sink

import (
	"cmp"
	"slices"
)

// Backlog is records that a lane gave back, because it cannot send them for a
// while and the others need their memory. They have no verdict and the sink has
// forgotten them.
type Backlog struct {
	Profile string
	Tokens  []Token // in the order in which they were taken
}

// Shed takes back what lanes have beyond what they can use soon, where that is
// what keeps others from their share: it is to be called when no more events can
// be taken. A lane can use what its next requests carry; more of it in memory
// does not make it faster. The lanes that have most give first, and none gives
// what has been sent before. At most that many records are given.
//
// It gives nothing while no lane could use the room. When Amazon is away for
// all, or there is one profile only, waiting is the right thing to do.
func (s *Sink) Shed(most int) []Backlog {
	s.mu.RLock()
	defer s.mu.RUnlock()
	type surplus struct {
		lane *lane
		n    int
	}
	var over []surplus
	held, beyond, hungry := 0, 0, false
	s.each(func(l *lane) {
		records, n, well := l.surplus()
		held += records
		if n > 0 {
			over = append(over, surplus{l, n})
			beyond += n
		} else if well {
			hungry = true
		}
	})
	if !hungry || beyond < held/4 {
		return nil
	}
	slices.SortFunc(over, func(a, b surplus) int { return cmp.Compare(b.n, a.n) })
	var out []Backlog
	for _, o := range over {
		if most <= 0 {
			break
		}
		if b := o.lane.shed(min(o.n, most)); len(b.Tokens) > 0 {
			out = append(out, b)
			most -= len(b.Tokens)
		}
	}
	return out
}

// Wants tells how many more events the profile's lane can use; 0 while it still
// has half of that, so that it asks for many at a time. Of several lanes the one
// that can use least decides: nobody knows which of them gave the events back.
func (s *Sink) Wants(profile string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	wants := 2 * s.opts.BatchEvents // as much as a new lane
	for i, l := range s.lanes[profile] {
		if n := l.wants(); i == 0 || n < wants {
			wants = n
		}
	}
	return wants
}

func (l *lane) wants() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if use := l.use(); l.records <= use/2 {
		return use - l.records
	}
	return 0
}

// use is how many records the lane can do something with: those in flight, and
// as many batches in waiting as it takes to grow. The caller holds mu.
func (l *lane) use() int { return (l.slots() + 1) * l.batchEvents }

// surplus tells how many records the lane has, how many of them beyond what it
// can use, and whether it is in no trouble.
func (l *lane) surplus() (records, n int, well bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records, max(l.records-l.use(), 0), l.trouble.tries == 0 && !l.trouble.broken && !l.tokenless && !l.route.paused
}

// shed gives up to that many records, from the youngest batch on. What was sent
// before stays: that it was, and how often, is not to be forgotten.
func (l *lane) shed(most int) Backlog {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil {
		l.closeOpen()
	}
	from, n := len(l.ready), 0
	for from > 0 && n+l.ready[from-1].records() <= most {
		from--
		n += l.ready[from].records()
	}
	b := Backlog{Profile: l.profile, Tokens: make([]Token, 0, n)}
	for _, given := range l.ready[from:] {
		b.Tokens = given.appendTokens(b.Tokens)
		l.sink.memory.release(given)
	}
	clear(l.ready[from:])
	l.ready = l.ready[:from]
	l.records -= n
	l.sink.metrics.shed.Add(float64(n))
	l.signal() // what was open may have stayed, and be sent now
	return b
}

// records is how many records the batch's events stand for.
func (b *batch) records() (n int) {
	for i := range b.events {
		n += 1 + len(b.events[i].others())
	}
	return n
}

func (b *batch) appendTokens(tokens []Token) []Token {
	for i := range b.events {
		e := &b.events[i]
		tokens = append(tokens, e.token())
		for _, r := range e.others() {
			tokens = append(tokens, r.token())
		}
	}
	return tokens
}
