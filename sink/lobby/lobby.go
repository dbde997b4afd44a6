package lobby

import (
	"container/heap"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
)

// AtOnce is the maximum number of concurrent requests for profiles that no account names
// and that Amazon has never accepted an event of. Profile ids come from data: each of
// thousands of invented ones would have a request and a connection of its own, and their
// memory.
const AtOnce = 32

// Lobby is where lanes of such profiles wait until they have something to send and a seat
// is free, in the order in which they are due. They wait without goroutines: one attendant
// waits for all of them, and a lane has a goroutine only while it is seated.
type Lobby struct {
	now  func() time.Time
	stop context.Context // ends waiting
	run  func(func())    // a goroutine that the sink waits for when it closes

	seated atomic.Int32  // occupied seats; written with mu held
	wake   chan struct{} // capacity 1: the attendant must look again

	mu       sync.Mutex
	line     line
	came     uint64 // lanes that have joined the line
	attended bool   // the attendant is running
	// asked are the routes for which a lane waits for a token.
	asked map[any]bool
}

// New returns an empty lobby.
func New(stop context.Context, now func() time.Time, run func(func())) *Lobby {
	return &Lobby{now: now, stop: stop, run: run, wake: make(chan struct{}, 1), asked: make(map[any]bool)}
}

// Visitor is the holder of a ticket. Visit is its time in its seat, which ends with Leave.
type Visitor interface{ Visit() }

// Ticket is a visitor's place in the line. The lobby's mu guards it.
type Ticket struct {
	who  Visitor
	at   time.Time
	came uint64 // the order of those due at the same time
	n    int    // index in the line, from 1; 0 if the lane is not in it
}

// line is a heap of tickets, ordered by when they are due.
type line []*Ticket

func (q line) Len() int { return len(q) }

func (q line) Less(i, j int) bool {
	a, b := q[i], q[j]
	if a.at.Equal(b.at) {
		return a.came < b.came
	}
	return a.at.Before(b.at)
}

func (q line) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].n, q[j].n = i+1, j+1
}

func (q *line) Push(x any) {
	t := x.(*Ticket)
	*q = append(*q, t)
	t.n = len(*q)
}

func (q *line) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	t.n = 0
	return t
}

// Seated returns how many seats are occupied.
func (b *Lobby) Seated() int { return int(b.seated.Load()) }

// Full reports whether all seats are occupied.
func (b *Lobby) Full() bool { return b.Seated() >= AtOnce }

// Join adds a visitor to the line. It may start a goroutine, so the sink must not have
// finished waiting for goroutines.
func (b *Lobby) Join(t *Ticket, who Visitor, due, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.came++
	*t = Ticket{who: who, at: later(due, now), came: b.came}
	heap.Push(&b.line, t)
	if !b.attended {
		b.attended = true
		b.run(b.attend)
	} else if t.n == 1 {
		b.call()
	}
}

// Move changes when a visitor is due, if it is still in the line. A visitor that was due
// already keeps its place.
func (b *Lobby) Move(t *Ticket, due, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
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

// Drop removes a visitor from the line; false if it has been seated meanwhile.
func (b *Lobby) Drop(t *Ticket) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t.n == 0 {
		return false
	}
	heap.Remove(&b.line, t.n-1)
	return true
}

// Due returns when a visitor is due; the zero time if it was in no line.
func (b *Lobby) Due(t *Ticket) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return t.at
}

// Leave frees a seat.
func (b *Lobby) Leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seated.Add(-1)
	b.call()
}

func (b *Lobby) call() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// attend seats visitors until the line is empty.
func (b *Lobby) attend() {
	defer crash.Report()
	for b.stop.Err() == nil {
		who, wait, more := b.next(b.now())
		switch {
		case !more:
			return
		case who != nil:
			b.run(who.Visit)
		default:
			b.await(wait)
		}
	}
}

// next seats the visitor that is due, if there is one and a seat is free. Otherwise wait is
// the time until something is due, negative for indefinitely; more is false if the line is
// empty, which ends the attendant.
func (b *Lobby) next(now time.Time) (who Visitor, wait time.Duration, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.line) == 0 {
		b.attended = false
		return nil, 0, false
	}
	if b.Full() {
		return nil, -1, true
	}
	if wait = b.line[0].at.Sub(now); wait > 0 {
		return nil, wait, true
	}
	b.seated.Add(1)
	return heap.Pop(&b.line).(*Ticket).who, 0, true
}

func (b *Lobby) await(wait time.Duration) {
	var due <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-due:
	case <-b.wake:
	case <-b.stop.Done():
	}
}

// Ask reports whether the caller should request a token of that route, because no other
// lane does. It must call Asked when the token has arrived.
func (b *Lobby) Ask(way any) (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first = !b.asked[way]
	b.asked[way] = true
	return first
}

// Asked ends the request.
func (b *Lobby) Asked(way any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.asked, way)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
