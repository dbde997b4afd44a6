package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/slicepool"
	"github.com/tracklayer/amazon-capi/sink/web"
)

const (
	// maxAnswer bounds what is read of any answer. A request has a megabyte at most
	// and the answer may echo it with its events spelt out more widely.
	maxAnswer = 8 << 20
	// smallAnswer is what an answer has for itself: nearly all are smaller, and none
	// of those ever waits for another.
	smallAnswer = 8 << 10
	// maxSpareAnswer is the largest memory of an answer that is kept for the next:
	// one that echoes a full request's events.
	maxSpareAnswer = 2 << 20
	// answerBudget is what all answers that are read at the same time may have
	// together.
	answerBudget = 64 << 20
	// patience is how long somebody waits for memory before those are cut off that
	// have had theirs for as long and read it at less than slowAnswer bytes a second.
	// Hundreds of lanes whose answers trickle would otherwise keep everybody else's
	// waiting until their requests' timeouts.
	patience   = 2 * time.Second
	slowAnswer = 64 << 10
)

// errSlowAnswer is a timeout: the request may be repeated, as after any other.
var errSlowAnswer = fmt.Errorf("the answer came too slowly while others waited for memory: %w", context.DeadlineExceeded)

// answerLimit is how large an answer to a request can usefully be: a page of text,
// its events repeated, and a few sentences on each. Without it each of hundreds of
// lanes could be made to read megabytes about one event.
func answerLimit(events, sent int) int {
	return min(128<<10+events*(4<<10)+8*sent, maxAnswer)
}

// answerMemory lends what answers are read into, so much in all. Who needs more than
// is left waits, but for one, who may go on: since those who wait hold what they have
// read so far, they would otherwise wait for each other for ever. That one ends with
// its request's timeout at the latest. So there is never more than the budget and one
// answer.
type answerMemory struct {
	most  int
	small sync.Pool // *[]byte with smallAnswer bytes
	large slicepool.Slices[byte]

	mu      sync.Mutex
	used    int
	over    *answerBuffer // who may go on
	waiting []*waiter
	holding map[*answerBuffer]struct{} // those with more than the small memory
}

// waiter is somebody who waits for memory.
type waiter struct {
	by      *answerBuffer
	n       int
	slow    bool // its answer trickled
	granted chan struct{}
}

func newAnswerMemory() *answerMemory {
	m := &answerMemory{most: answerBudget, holding: make(map[*answerBuffer]struct{})}
	// A small container has less to give; GOMEMLIMIT says so.
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		m.most = int(min(max(limit/8, maxAnswer), answerBudget))
	}
	m.large.Most, m.large.Unused = maxSpareAnswer, m.most/4
	m.small.New = func() any { b := make([]byte, 0, smallAnswer); return &b }
	return m
}

// answerBuffer is the memory of one answer.
type answerBuffer struct {
	m      *answerMemory
	bytes  []byte
	first  *[]byte // from the pool of small ones
	charge int
	body   io.Reader

	got   atomic.Int64 // bytes read
	cut   atomic.Bool
	since time.Time // it began or got more memory, guarded by m.mu; and had read that many
	had   int64
}

// read reads a body to its end, of at most that many bytes; hint is the length that
// it announces, below zero if it does not. The buffer has to be released, whatever
// the error.
func (m *answerMemory) read(ctx context.Context, body io.Reader, hint int64, most int) (*answerBuffer, error) {
	b := &answerBuffer{m: m, first: m.small.Get().(*[]byte), body: body, since: time.Now()}
	b.bytes = (*b.first)[:0]
	if hint > int64(most) {
		return b, web.ErrTooLarge
	}
	var probe [512]byte // so that an answer that just fits does not ask for more memory
	for {
		if n := len(b.bytes); n < cap(b.bytes) {
			read, err := body.Read(b.bytes[n:cap(b.bytes)])
			b.bytes = b.bytes[:n+read]
			b.got.Store(int64(n + read))
			if b.cut.Load() && !errors.Is(err, io.EOF) {
				return b, errSlowAnswer
			}
			if n+read > most {
				return b, web.ErrTooLarge
			}
			if err != nil {
				return b, b.cutOr(notEOF(err))
			}
			continue
		}
		read, err := body.Read(probe[:])
		if len(b.bytes)+read > most {
			return b, web.ErrTooLarge
		}
		if read > 0 {
			if err := b.grow(ctx, hint, most); err != nil {
				return b, err
			}
			b.bytes = append(b.bytes, probe[:read]...)
		}
		if err != nil {
			return b, b.cutOr(notEOF(err))
		}
	}
}

// cutOr is what a read fails with, after its body was closed under it.
func (b *answerBuffer) cutOr(err error) error {
	if err != nil && b.cut.Load() {
		return errSlowAnswer
	}
	return err
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// grow makes room for more. What a server announces is believed only as far as it
// has sent a part of it.
func (b *answerBuffer) grow(ctx context.Context, hint int64, most int) error {
	want := max(2*cap(b.bytes), int(min(hint+1, int64(16*cap(b.bytes)))))
	want = min(want, most+1)
	if err := b.m.acquire(ctx, b, want); err != nil {
		return err
	}
	was, charged := b.bytes, b.charge
	b.bytes = append(b.m.large.Get(want), was...)
	b.charge = cap(b.bytes)
	b.m.putBack(was, charged)
	b.m.give(charged + want - b.charge) // it may be larger than was asked for
	return nil
}

// release gives the memory back.
func (b *answerBuffer) release() {
	m := b.m
	m.putBack(b.bytes, b.charge)
	b.bytes = nil
	if b.first != nil {
		m.small.Put(b.first)
		b.first = nil
	}
	m.mu.Lock()
	if m.over == b {
		m.over = nil
	}
	delete(m.holding, b)
	m.mu.Unlock()
	m.give(b.charge)
	b.charge = 0
}

// putBack keeps what was charged; what was not is a small one, which has its pool.
func (m *answerMemory) putBack(bytes []byte, charged int) {
	if charged > 0 {
		m.large.Put(bytes)
	}
}

// acquire waits until n bytes may be used.
func (m *answerMemory) acquire(ctx context.Context, b *answerBuffer, n int) error {
	m.mu.Lock()
	if (len(m.waiting) == 0 || m.over == b) && m.grant(b, n) {
		m.mu.Unlock()
		return nil
	}
	c := &waiter{by: b, n: n, slow: b.slow(), granted: make(chan struct{})}
	m.queue(c)
	m.mu.Unlock()
	tired := time.NewTicker(patience)
	defer tired.Stop()
	for ctx.Err() == nil {
		select {
		case <-c.granted:
			return nil
		case <-tired.C:
			if m.cutSlow(); c.slow {
				return m.leave(c, errSlowAnswer) // with what it holds
			}
		case <-ctx.Done():
		}
	}
	return m.leave(c, ctx.Err())
}

// queue enters a waiter, those whose answers trickled behind all others. mu is held.
func (m *answerMemory) queue(c *waiter) {
	i := len(m.waiting)
	for !c.slow && i > 0 && m.waiting[i-1].slow {
		i--
	}
	m.waiting = slices.Insert(m.waiting, i, c)
}

// leave ends a waiting, unless the memory was granted meanwhile.
func (m *answerMemory) leave(c *waiter, why error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.Index(m.waiting, c)
	if i < 0 {
		return nil
	}
	m.waiting = slices.Delete(m.waiting, i, i+1)
	m.next()
	return why
}

// slow reports whether the answer trickles, since it last got memory. mu is held.
func (b *answerBuffer) slow() bool {
	return float64(b.got.Load()-b.had) < slowAnswer*time.Since(b.since).Seconds()
}

// grant lets b have n bytes, if they are there or nobody else goes without. The
// caller holds mu, as for next.
func (m *answerMemory) grant(b *answerBuffer, n int) bool {
	switch {
	case m.used+n <= m.most:
	case m.over == nil || m.over == b:
		m.over = b
	default:
		return false
	}
	m.used += n
	b.since, b.had = time.Now(), b.got.Load()
	m.holding[b] = struct{}{}
	return true
}

// cutSlow ends the answers that trickle, while somebody waits.
func (m *answerMemory) cutSlow() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for b := range m.holding {
		if time.Since(b.since) < patience || b.cut.Load() || slices.ContainsFunc(m.waiting, func(w *waiter) bool { return w.by == b }) {
			continue
		}
		if b.slow() {
			b.cut.Store(true)
			if c, ok := b.body.(io.Closer); ok {
				go func() { defer crash.Report(); _ = c.Close() }() // a Read that waits returns
			}
		}
	}
}

// next grants what it can to those who wait, in their order.
func (m *answerMemory) next() {
	for len(m.waiting) > 0 && m.grant(m.waiting[0].by, m.waiting[0].n) {
		close(m.waiting[0].granted)
		m.waiting = slices.Delete(m.waiting, 0, 1)
	}
}

// give takes n bytes back.
func (m *answerMemory) give(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= n
	m.next()
}
