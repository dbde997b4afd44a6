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
	// maxAnswer bounds what is read of any answer. A request has at most a megabyte, and
	// the answer may repeat it in a longer spelling.
	maxAnswer = 8 << 20
	// smallAnswer is the buffer that every answer has: nearly all answers fit, and those
	// never wait for another.
	smallAnswer = 8 << 10
	// maxSpareAnswer is the largest buffer kept for reuse: an answer that echoes the
	// events of a full request.
	maxSpareAnswer = 2 << 20
	// answerBudget bounds the total memory of answers that are being read.
	answerBudget = 64 << 20
	// patience is how long a reader waits for memory before slow answers are cut off. An
	// answer is slow if it has held its memory for that long and arrives at less than
	// slowAnswer bytes a second. Hundreds of such answers would otherwise block all others
	// until their requests time out.
	patience   = 2 * time.Second
	slowAnswer = 64 << 10
)

// errSlowAnswer is a timeout: the request may be repeated, as after any timeout.
var errSlowAnswer = fmt.Errorf("the answer came too slowly while others waited for memory: %w", context.DeadlineExceeded)

// answerLimit is the largest useful answer to a request: a page of text, its events
// repeated, and a few sentences on each. Without it, each of hundreds of lanes could be
// made to read megabytes about one event.
func answerLimit(events, sent int) int {
	return min(128<<10+events*(4<<10)+8*sent, maxAnswer)
}

// answerMemory lends the memory that answers are read into, within a budget. A reader
// that needs more than is left waits, except that one reader may exceed the budget: waiting
// readers keep what they have read so far, so they could otherwise wait for each other
// forever. That reader ends at its request's timeout at the latest, so memory in use never
// exceeds the budget plus one answer.
type answerMemory struct {
	most  int
	small sync.Pool // *[]byte with smallAnswer bytes
	large slicepool.Slices[byte]

	mu      sync.Mutex
	used    int
	over    *answerBuffer // the one that may exceed the budget
	waiting []*waiter
	holding map[*answerBuffer]struct{} // those with more than the small memory
}

// waiter is a reader waiting for memory.
type waiter struct {
	by      *answerBuffer
	n       int
	slow    bool // its answer is slow
	granted chan struct{}
}

func newAnswerMemory() *answerMemory {
	m := &answerMemory{most: answerBudget, holding: make(map[*answerBuffer]struct{})}
	// A small container has less memory, as its GOMEMLIMIT shows.
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
	since time.Time // when it began or last got memory, guarded by m.mu, and how many bytes it had read then
	had   int64
}

// read reads a body of at most that many bytes to its end; hint is the announced length,
// negative if there is none. The buffer must be released even after an error.
func (m *answerMemory) read(ctx context.Context, body io.Reader, hint int64, most int) (*answerBuffer, error) {
	b := &answerBuffer{m: m, first: m.small.Get().(*[]byte), body: body, since: time.Now()}
	b.bytes = (*b.first)[:0]
	if hint > int64(most) {
		return b, web.ErrTooLarge
	}
	var probe [512]byte // so that an answer that just fits does not grow the buffer
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

// cutOr returns why a read failed: cutSlow may have closed the body.
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

// grow makes room for more. An announced length is believed only in proportion to what
// has arrived.
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
	b.m.give(charged + want - b.charge) // it may be larger than requested
	return nil
}

// release returns the memory.
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

// putBack keeps charged memory; the rest is small and goes to its pool.
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
				return m.leave(c, errSlowAnswer) // including what it holds
			}
		case <-ctx.Done():
		}
	}
	return m.leave(c, ctx.Err())
}

// queue adds a waiter, with slow answers behind all others. mu is held.
func (m *answerMemory) queue(c *waiter) {
	i := len(m.waiting)
	for !c.slow && i > 0 && m.waiting[i-1].slow {
		i--
	}
	m.waiting = slices.Insert(m.waiting, i, c)
}

// leave ends a wait, unless the memory was granted meanwhile.
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

// slow reports whether the answer has trickled since it last got memory. mu is held.
func (b *answerBuffer) slow() bool {
	return float64(b.got.Load()-b.had) < slowAnswer*time.Since(b.since).Seconds()
}

// grant gives b n bytes if they are free or if no other reader exceeds the budget. The
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

// cutSlow ends slow answers while somebody waits.
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
				go func() { defer crash.Report(); _ = c.Close() }() // a blocked Read returns
			}
		}
	}
}

// next grants memory to waiters in order, as far as it goes.
func (m *answerMemory) next() {
	for len(m.waiting) > 0 && m.grant(m.waiting[0].by, m.waiting[0].n) {
		close(m.waiting[0].granted)
		m.waiting = slices.Delete(m.waiting, 0, 1)
	}
}

// give returns n bytes to the budget.
func (m *answerMemory) give(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= n
	m.next()
}
