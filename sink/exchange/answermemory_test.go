package exchange

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/sink/web"
)

// compressed is a text by an encoding.
func compressed(encoding, s string) string {
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw":
		w, _ = flate.NewWriter(&b, 6)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	}
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

// A stream of any length is whole or not, wherever it ends in what is read at a time.
func TestHalfAStreamIsNone(t *testing.T) {
	random := make([]byte, 100<<10)
	rand.NewChaCha8([32]byte{}).Read(random)
	for _, e := range []string{"gzip", "deflate", "br", "zstd"} {
		for _, size := range []int{0, 1, 100, 32<<10 - 40, 64 << 10, 100 << 10} {
			// Streams whose length is about that of what the library reads at once.
			for more := range 40 {
				s := string(random[:min(size+more, len(random))])
				whole := []byte(compressed(e, s))
				got := "not called"
				var z web.Inflater
				if err := z.Inflate(whole, []string{e}, 1<<20, func(b []byte) { got = string(b) }); err != nil || got != s {
					t.Fatalf("%s of %d bytes: %d bytes, %v", e, len(s), len(got), err)
				}
				var odd *web.Unreadable
				if err := z.Inflate(whole[:len(whole)-1], []string{e}, 1<<20, func([]byte) { t.Errorf("%s: half of %d bytes is read", e, len(s)) }); !errors.As(err, &odd) {
					t.Fatalf("%s of %d bytes without its last: %v", e, len(s), err)
				}
			}
		}
	}
}

// drip is a body that comes in pieces, and may never end.
type drip struct {
	ctx   context.Context
	left  int
	piece int
	every time.Duration
}

func (s *drip) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(s.every):
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
	n := min(len(p), s.piece, s.left)
	s.left -= n
	return n, nil
}

// closer is a body whose Read returns when it is closed.
type closer struct {
	io.Reader
	stop func()
}

func (c *closer) Close() error { c.stop(); return nil }

// However many answers of whatever size come however slowly, they never have more
// than the budget and one answer; all are read whose servers send them in time, and
// those that trickle end with their requests and hold up nobody for longer.
func TestAnswersShareABudget(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lanes := rapid.IntRange(1, 40).Draw(rt, "lanes")
		sizes := rapid.SliceOfN(rapid.IntRange(0, 300<<10), lanes, lanes).Draw(rt, "sizes")
		hints := rapid.SliceOfN(rapid.IntRange(-1, 1<<20), lanes, lanes).Draw(rt, "hints")
		trickle := rapid.SliceOfN(rapid.IntRange(0, 9), lanes, lanes).Draw(rt, "trickle")
		budget := rapid.IntRange(smallAnswer, 1<<20).Draw(rt, "budget")
		const most, timeout = 256 << 10, 30 * time.Second
		synctest.Test(t, func(t *testing.T) {
			m := newAnswerMemory()
			m.most = budget
			failed := make(chan string, lanes)
			for i := range lanes {
				go func() {
					ctx, cancel := context.WithTimeout(context.Background(), timeout)
					defer cancel()
					body := &drip{ctx, sizes[i], 10_000, time.Millisecond}
					if trickle[i] == 0 {
						body.piece, body.every = 1, time.Second
					}
					began := time.Now()
					b, err := m.read(ctx, body, int64(hints[i]), most)
					m.mu.Lock()
					if m.used > budget+4*most {
						failed <- fmt.Sprintf("%d bytes of %d are used", m.used, budget)
					}
					m.mu.Unlock()
					switch got := len(b.bytes); {
					case time.Since(began) > timeout+time.Second:
						failed <- fmt.Sprintf("answer %d took %s", i, time.Since(began))
					case sizes[i] > most || hints[i] > most:
						if !errors.Is(err, web.ErrTooLarge) && err == nil {
							failed <- fmt.Sprintf("an answer of %d bytes was read", sizes[i])
						}
					case err == nil && got != sizes[i]:
						failed <- fmt.Sprintf("%d bytes of %d were read", got, sizes[i])
					case err != nil && !errors.Is(err, context.DeadlineExceeded):
						failed <- err.Error()
					}
					b.release()
					failed <- ""
				}()
			}
			for range lanes {
				for why := <-failed; why != ""; why = <-failed {
					rt.Error(why)
				}
			}
			if m.used != 0 || m.over != nil || len(m.waiting) != 0 {
				rt.Errorf("%d bytes are still used, %d wait", m.used, len(m.waiting))
			}
		})
	})
}

// Those that are not slow are all read, though together they are many times what
// there is.
func TestAnswersBeyondTheBudgetTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newAnswerMemory()
		m.most = 100 << 10
		const lanes, size = 200, 300 << 10
		done := make(chan error, lanes)
		peak := 0
		for range lanes {
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				defer cancel()
				b, err := m.read(ctx, &drip{ctx, size, 16 << 10, time.Microsecond}, -1, 1<<20)
				if err == nil && len(b.bytes) != size {
					err = fmt.Errorf("%d bytes", len(b.bytes))
				}
				m.mu.Lock()
				peak = max(peak, m.used)
				m.mu.Unlock()
				b.release()
				done <- err
			}()
		}
		for range lanes {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if peak > 2<<20 {
			t.Errorf("%d bytes at once", peak)
		}
	})
}

// Small answers never wait, whatever the large ones do.
func TestSmallAnswersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newAnswerMemory()
		m.most = 64 << 10
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{}, 20)
		for range 20 {
			go func() {
				b, _ := m.read(ctx, &drip{ctx, 1 << 20, 4 << 10, time.Hour / 100}, -1, 1<<20)
				b.release()
				ended <- struct{}{}
			}()
		}
		time.Sleep(10 * time.Hour)
		began := time.Now()
		b, err := m.read(ctx, strings.NewReader(strings.Repeat("x", smallAnswer)), -1, 1<<20)
		if err != nil || len(b.bytes) != smallAnswer || time.Since(began) != 0 {
			t.Errorf("%d bytes after %s: %v", len(b.bytes), time.Since(began), err)
		}
		b.release()
		cancel()
		for range 20 {
			<-ended
		}
		if m.used != 0 {
			t.Errorf("%d bytes are still used", m.used)
		}
	})
}

// TestSlowAnswersGiveWay: 300 lanes whose answers are large and trickle have all the
// memory. The answers of another profile, larger than the small ones, are read long
// before their requests' timeout, and what is slow is a timeout of its own request.
func TestSlowAnswersGiveWay(t *testing.T) {
	for name, d := range map[string]drip{
		"a byte a second":          {left: 8 << 20, piece: 1, every: time.Second},
		"a page, and then nothing": {left: 8 << 20, piece: 200 << 10, every: time.Hour},
		"16 KB a second":           {left: 8 << 20, piece: 4 << 10, every: time.Second / 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const timeout = 30 * time.Second
				m := newAnswerMemory()
				m.most = 8 << 20 // an eighth of what there is
				ended := make(chan struct{}, 300)
				stop, end := context.WithCancel(t.Context())
				for range 300 {
					go func() {
						for stop.Err() == nil { // each lane tries again
							ctx, cancel := context.WithTimeout(stop, timeout)
							closing, stopped := context.WithCancel(ctx)
							body := d
							body.ctx = closing
							b, err := m.read(ctx, &closer{io.MultiReader(strings.NewReader(strings.Repeat("x", 20<<10)), &body), stopped}, -1, 8<<20)
							if err == nil {
								t.Error("a slow answer was read")
							}
							b.release()
							stopped()
							cancel()
						}
						ended <- struct{}{}
					}()
				}
				time.Sleep(time.Minute)
				for range 20 {
					began := time.Now()
					ctx, cancel := context.WithTimeout(t.Context(), timeout)
					b, err := m.read(ctx, &drip{ctx, 60 << 10, 8 << 10, time.Millisecond}, -1, 1<<20)
					if err != nil || time.Since(began) > timeout/2 { // mostly within patience, for each step that it grows by
						t.Errorf("%d bytes after %s: %v", len(b.bytes), time.Since(began), err)
					}
					b.release()
					cancel()
				}
				end()
				for range 300 {
					<-ended
				}
				if m.used != 0 || len(m.holding) != 0 {
					t.Errorf("%d bytes are still used, by %d", m.used, len(m.holding))
				}
			})
		})
	}
}

// What is sent bounds what is read of the answer to it, and what a server announces
// is not had before it has sent some of it.
func TestAnAnswerIsBoundedByWhatWasSent(t *testing.T) {
	if one, full := answerLimit(1, 600), answerLimit(500, 1<<20); one > 200<<10 || full != maxAnswer {
		t.Errorf("%d bytes for one event, %d for a full request", one, full)
	}
	const echo = 500 * 600 // events spelt out in twice their bytes
	if limit := answerLimit(500, 500*300); echo > limit/2 {
		t.Errorf("an echo has %d bytes, of which %d are read", echo, limit)
	}
	m := newAnswerMemory()
	b, err := m.read(t.Context(), strings.NewReader(strings.Repeat("x", smallAnswer+1)), maxAnswer, maxAnswer)
	if err != nil || m.used > 32*smallAnswer {
		t.Errorf("%d bytes for an answer of %d that announces more: %v", m.used, len(b.bytes), err)
	}
	b.release()
}
