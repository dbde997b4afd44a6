package sink

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
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
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

func TestCompressionThatNobodyAskedForIsUndone(t *testing.T) {
	const good, bad = `{"success":[{"index":0},{"index":1}]}`, `{"success":[{"index":0}],"error":[{"index":1,"code":"BAD","message":"madid is bad"}]}`
	for name, tt := range map[string]struct{ header, encoded string }{
		"gzip":              {"gzip", "gzip"},
		"by its old name":   {"x-gzip", "gzip"},
		"in capitals":       {"GZIP", "gzip"},
		"deflate":           {"deflate", "deflate"},
		"deflate, raw":      {"deflate", "raw"},
		"br":                {"br", "br"},
		"zstd":              {"zstd", "zstd"},
		"with identity":     {" identity , gzip ", "gzip"},
		"in two headers":    {"identity;br", "br"},
		"without a word":    {"", "gzip"},
		"said to be as is":  {"identity", "gzip"},
		"twice":             {"br, gzip", "br gzip"},
		"twice, the second": {"deflate;zstd", "deflate zstd"},
		"unpacked already":  {"gzip", ""},
		"unpacked, thrice":  {"gzip, br, zstd", ""},
		"no encoding":       {"utf-8", ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				encode := func(s string) string {
					for e := range strings.FieldsSeq(tt.encoded) {
						s = compressed(e, s)
					}
					return s
				}
				header := map[string]string{"Content-Encoding": tt.header}
				if tt.header == "" {
					header = nil
				}
				r := newRig(t, inTurn(
					reply{status: 503, header: header, body: encode(`{"code":"UNAVAILABLE"}`)},
					reply{status: 207, header: header, body: encode(bad)},
					reply{status: 422, header: header, body: encode(`{"code":"INVALID","message":"name is bad"}`)},
					reply{status: 200, header: header, body: encode(good)},
				), func(o *Options) { o.Linger = -1 })
				r.send("p", "a", "b")
				r.after(time.Minute)
				r.send("p", "c")
				r.after(time.Minute)
				r.send("p", "d", "e")
				r.after(time.Minute)
				if diff := cmp.Diff([]string{"a accepted 2", "b rejected 2", "c rejected 1", "d accepted 1", "e accepted 1"}, r.classes()); diff != "" {
					t.Fatalf("-want +got:\n%s", diff)
				}
				if why := r.box.why("c"); why.Code != "INVALID" || why.Message != "name is bad" {
					t.Errorf("%+v", why)
				}
				for _, c := range r.amazon.all() {
					if got := c.header.Values("Accept-Encoding"); len(got) != 1 || got[0] != "identity" {
						t.Errorf("asked for %q", got)
					}
				}
			})
		})
	}
}

// What cannot be read says nothing: not that events were taken, and not that they
// were refused.
func TestAnAnswerThatCannotBeReadIsNoVerdict(t *testing.T) {
	const good = `{"success":[{"index":0},{"index":1}],"error":[]}`
	cut := func(s string) string { return s[:len(s)-5] }
	bomb := compressed("gzip", strings.Repeat(" ", 10<<20)+good)
	for name, tt := range map[string]struct{ encoding, body, says string }{
		"not gzip":          {"gzip", good + "}", "cannot be read"},
		"half gzip":         {"gzip", cut(compressed("gzip", good)), "cannot be read"},
		"half deflate":      {"deflate", cut(compressed("deflate", good)), "cannot be read"},
		"half br":           {"br", cut(compressed("br", good)), "cannot be read"},
		"half zstd":         {"zstd", cut(compressed("zstd", good)), "cannot be read"},
		"not br":            {"br", good + "}", "cannot be read"},
		"not zstd":          {"zstd", good + "}", "cannot be read"},
		"a page":            {"gzip", webPage, "cannot be read"},
		"damaged":           {"gzip", strings.Replace(compressed("gzip", good), "\x00\x00", "\x01\x00", 1)[:12] + "\xff\xff\xff\xff", "cannot be read"},
		"another encoding":  {"compress", "\x1f\x9d\x90abc", "want identity, gzip"},
		"a long encoding":   {strings.Repeat("x", 5000) + goldenEmail, "abc", "want identity, gzip"},
		"three times":       {"gzip, gzip, gzip", compressed("gzip", compressed("gzip", compressed("gzip", good))), "3 times"},
		"much from little":  {"gzip", bomb, "larger"},
		"much from nothing": {"", bomb, "larger"},
		"much in much":      {"gzip, gzip", compressed("gzip", bomb), "larger"},
	} {
		for _, status := range []int{200, 207, 400, 401, 403, 422} {
			t.Run(fmt.Sprintf("%s/%d", name, status), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					header := map[string]string{"Content-Encoding": tt.encoding, "Retry-After": "7"}
					r := newRig(t, always(reply{status: status, header: header, body: tt.body}), func(o *Options) { o.Linger = -1; o.AuthHold = -1 })
					r.send("p", "a", "b")
					r.after(10 * time.Minute)
					if len(r.classes()) != 0 || len(r.box.all()) != 0 {
						t.Fatalf("%v", r.classes())
					}
					f := strings.Join(r.failing(), "")
					if !strings.Contains(f, tt.says) || !strings.Contains(f, fmt.Sprint("status ", status)) || len(f) > 400 || strings.Contains(f, goldenEmail) {
						t.Errorf("failing: %s; want %q in it", f, tt.says)
					}
					if calls := r.amazon.all(); calls[1].at.Sub(calls[0].at) < 7*time.Second {
						t.Error("Retry-After is not honoured")
					}
					r.amazon.become(always(ok))
					r.after(10 * time.Minute)
					if r.count(verdict.Accepted) != 2 {
						t.Errorf("%v", r.classes())
					}
				})
			})
		}
	}
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

// Statuses that need no words are read without.
func TestAStatusThatNeedsNoWordsIsReadWithout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(reply{status: 503, header: map[string]string{"Content-Encoding": "what"}, body: "x"},
			reply{status: 302, header: map[string]string{"Content-Encoding": "gzip"}, body: "x"}, ok), func(o *Options) { o.Linger = -1 })
		r.send("p", "a")
		r.after(time.Minute)
		if r.count(verdict.Accepted) != 1 || r.counted("requests_total", "status", "503") != 1 || r.counted("requests_total", "status", "302") != 1 {
			t.Errorf("%v", r.classes())
		}
	})
}

func TestBinaryIsNotQuoted(t *testing.T) {
	for _, body := range []string{"\x00\x01\x02", "\x89PNG\r\n\x1a\n", "bad\xff\xfe", "\x1b[31mred", "\x7f", strings.Repeat("\x90", 2000)} {
		a := guide.ReadAnswer(Response{Status: 422, Body: []byte(body)}, make([]Item, 1))
		if a.Said != (Said{}) {
			t.Errorf("%q is quoted as %+v", body, a.Said)
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
	bubble(t, func(t *testing.T) {
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
	bubble(t, func(t *testing.T) {
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

// What is sent bounds what is read of the answer to it, and what a server announces
// is not had before it has sent some of it.
func TestAnAnswerIsBoundedByWhatWasSent(t *testing.T) {
	if one, full := answerLimit(1, 600), answerLimit(500, 1<<20); one > 200<<10 || full != maxAnswer {
		t.Errorf("%d bytes for one event, %d for a full request", one, full)
	}
	echo := len(echoing(500))
	if limit := answerLimit(500, 500*300); echo > limit/2 {
		t.Errorf("an echo has %d bytes, of which %d are read", echo, limit)
	}
	m := newAnswerMemory()
	b, err := m.read(t.Context(), strings.NewReader(strings.Repeat("x", smallAnswer+1)), maxAnswer, maxAnswer)
	if err != nil || m.used > 32*smallAnswer {
		t.Errorf("%d bytes for an answer of %d that announces more: %v", m.used, len(b.bytes), err)
	}
	b.release()
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(reply{status: 200, body: `{"x":"` + strings.Repeat("y", 200<<10) + `"}`}, ok), func(o *Options) { o.Linger = -1 })
		r.send("p", "a")
		r.after(time.Minute)
		if diff := cmp.Diff([]string{"a accepted 2"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
