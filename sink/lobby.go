package sink

import (
	"container/heap"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tracklayer/amazon-capi/sink/exchange"

	"github.com/tracklayer/amazon-capi/internal/crash"
)

// strangersAtOnce is how many requests there may be at once for all profiles
// together that no account names and that Amazon has never accepted an event of.
// Profile ids come from data: each of thousands that somebody made up would have a
// request and a connection of its own, and with them the memory of the others.
const strangersAtOnce = 32

// lobby is where the lanes of such profiles wait until they have something to send
// and a seat is free, in the order in which they are due. They wait without
// goroutines: one attendant waits for all of them, and a lane has a goroutine only
// while it is seated.
type lobby struct {
	sink   *Sink
	seated atomic.Int32  // seats that are taken; written with mu held
	wake   chan struct{} // capacity 1: the attendant is to look again

	mu       sync.Mutex
	line     line
	came     uint64 // lanes that have joined the line
	attended bool   // the attendant runs
	// asked are the ways of which a lane waits for a token.
	asked map[*exchange.Route]bool
}

// ticket is a lane's place in the line. The lobby's mu guards it.
type ticket struct {
	at   time.Time
	came uint64 // orders those that are due at the same time
	n    int    // index in the line, from 1; 0 if the lane is not in it
}

// line is a heap of lanes by when they are due.
type line []*lane

func (q line) Len() int { return len(q) }

func (q line) Less(i, j int) bool {
	a, b := &q[i].ticket, &q[j].ticket
	if a.at.Equal(b.at) {
		return a.came < b.came
	}
	return a.at.Before(b.at)
}

func (q line) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].ticket.n, q[j].ticket.n = i+1, j+1
}

func (q *line) Push(x any) {
	l := x.(*lane)
	*q = append(*q, l)
	l.ticket.n = len(*q)
}

func (q *line) Pop() any {
	last := len(*q) - 1
	l := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	l.ticket.n = 0
	return l
}

// full reports whether all seats are taken.
func (b *lobby) full() bool { return b.seated.Load() >= strangersAtOnce }

// join adds the lane to the line. The caller holds the sink's mu or is one of its
// goroutines, so that Close is not past waiting for them.
func (b *lobby) join(l *lane, due, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.came++
	l.ticket = ticket{at: later(due, now), came: b.came}
	heap.Push(&b.line, l)
	if !b.attended {
		b.attended = true
		b.sink.wg.Go(b.attend)
	} else if l.ticket.n == 1 {
		b.call()
	}
}

// move changes when the lane is due, if it is still in the line. One that was due
// before keeps its place among the others.
func (b *lobby) move(l *lane, due, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &l.ticket
	if t.n == 0 {
		return
	}
	if now.Before(t.at) {
		t.at = now
	}
	t.at = later(due, t.at)
	heap.Fix(&b.line, t.n-1)
	if t.n == 1 {
		b.call()
	}
}

// drop takes the lane out of the line; false if it has been seated meanwhile.
func (b *lobby) drop(l *lane) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l.ticket.n == 0 {
		return false
	}
	heap.Remove(&b.line, l.ticket.n-1)
	return true
}

// due is when the lane's turn is; the zero time if it is in no line.
func (b *lobby) due(l *lane) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return l.ticket.at
}

// leave gives a seat back.
func (b *lobby) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seated.Add(-1)
	b.call()
}

func (b *lobby) call() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// attend seats lanes until none is in the line.
func (b *lobby) attend() {
	defer crash.Report()
	s := b.sink
	for s.stop.Err() == nil {
		l, wait, more := b.next(s.opts.Now())
		switch {
		case !more:
			return
		case l != nil:
			s.wg.Go(l.visit)
		default:
			b.await(wait)
		}
	}
}

// next seats the lane that is due, if there is one and a seat is free. Otherwise
// wait is for how long there is nothing to do, less than 0 for until somebody calls;
// more is false when the line is empty, and then the attendant is over.
func (b *lobby) next(now time.Time) (l *lane, wait time.Duration, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.line) == 0 {
		b.attended = false
		return nil, 0, false
	}
	if b.full() {
		return nil, -1, true
	}
	if wait = b.line[0].ticket.at.Sub(now); wait > 0 {
		return nil, wait, true
	}
	b.seated.Add(1)
	return heap.Pop(&b.line).(*lane), 0, true
}

func (b *lobby) await(wait time.Duration) {
	var due <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-due:
	case <-b.wake:
	case <-b.sink.stop.Done():
	}
}

// visit is a lane's time in its seat, for one request at most.
func (l *lane) visit() {
	defer crash.Report()
	b := &l.sink.lobby
	leave := sync.OnceFunc(b.leave)
	defer leave()
	l.mu.Lock()
	l.seat()
	route, stale, stray := l.route, l.stale, l.stray
	l.mu.Unlock()
	if stray == nil {
		if _, err := route.Tokens.Token(l.sink.ended, stale); err != nil {
			leave() // or lanes without a token would keep out those that have one
			l.askForToken(route)
			return
		}
	}
	if l.step() {
		l.lineUp()
	}
}

// lookAgain is after how long a lane looks whether the token that another asks for is
// there.
const lookAgain = time.Second

// askForToken waits for a token of that way, if none of the others does so already.
func (l *lane) askForToken(by *exchange.Route) {
	b := &l.sink.lobby
	b.mu.Lock()
	first := !b.asked[by]
	if first {
		b.asked[by] = true
	}
	b.mu.Unlock()
	if !first {
		l.mu.Lock()
		l.lookAgain(l.sink.opts.Now().Add(lookAgain))
		l.mu.Unlock()
		l.lineUp()
		return
	}
	_, _, ok := l.token()
	b.mu.Lock()
	delete(b.asked, by)
	b.mu.Unlock()
	if ok {
		l.lineUp()
	}
}

// lineUp has the lane wait for what is next, if there is anything.
func (l *lane) lineUp() {
	now := l.sink.opts.Now()
	l.mu.Lock()
	more := l.more(now)
	if more {
		l.post()
	}
	l.mu.Unlock()
	if !more {
		l.sink.forgetSometimes(now)
	}
}

// reconsider is for a lane in the line that there is news of. The caller holds mu.
func (l *lane) reconsider() {
	b, now := &l.sink.lobby, l.sink.opts.Now()
	if l.sendable() && l.trust.strange {
		b.move(l, l.next(now), now)
		return
	}
	if !b.drop(l) {
		return // who is seated finds out
	}
	l.seat()
	if l.more(now) {
		l.post()
	}
}

// turnless reports whether the lane waits for a seat and all are taken. The caller
// holds mu.
func (l *lane) turnless() bool { return l.queued() && l.sink.lobby.full() }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
