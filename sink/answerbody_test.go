package sink

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"github.com/tracklayer/amazon-capi/internal/verdict"
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

func TestAnAnswerThatIsTooLargeIsNone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(reply{status: 200, body: `{"x":"` + strings.Repeat("y", 200<<10) + `"}`}, ok), func(o *Options) { o.Linger = -1 })
		r.send("p", "a")
		r.after(time.Minute)
		if diff := cmp.Diff([]string{"a accepted 2"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
