package bench

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"
)

// TestEventsAreCountedExactly: as bytes.Count would, whatever is around them.
func TestEventsAreCountedExactly(t *testing.T) {
	pieces := []string{idKey, idKey[:8], idKey[8:], "I", "event", `"`, `":"`, `{\"eventId\":\"x`, `"clickId":"`, "SIGN_UP", strings.Repeat("I", 70), "ord_1", timedPrefix}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "body"), "")
		if got, _ := events([]byte(text)); got != strings.Count(text, idKey) {
			t.Fatalf("%d of %d events", got, strings.Count(text, idKey))
		}
	})
}

func TestEventsTellWhenTheyWerePublished(t *testing.T) {
	n, published := events([]byte(`{"eventId":"bench-17-1"},{"eventId":"bench-"},{"eventId":"bench-x-1"},{"eventId":"ord_bench-1-1"},{"eventId":"bench-18"},{"eventId":"bench-19`))
	if n != 6 || len(published) != 2 || published[0] != time.UnixMicro(17) || published[1] != time.UnixMicro(18) {
		t.Errorf("%d events, %v", n, published)
	}
}

func zipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

// TestAmazonInflates: two of one memory, so that nothing is left of the first.
func TestAmazonInflates(t *testing.T) {
	a := new(Amazon)
	send := func(encoding string, body []byte) int {
		r := httptest.NewRequest(http.MethodPost, "/events", bytes.NewReader(body))
		r.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w.Code
	}
	three, one := zipped(strings.Repeat(`{"eventId":"x"}`, 3)), zipped(`{"eventId":"y"}`)
	for _, body := range [][]byte{three, one} {
		if status := send("gzip", body); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	if s := a.Seen(); s.Events != 4 || s.Requests != 2 || s.Bytes != int64(len(three)+len(one)) {
		t.Errorf("%+v, want the bytes that were sent", s)
	}
	for _, c := range []struct {
		encoding string
		body     []byte
		want     int
	}{
		{"gzip", []byte(`{"eventId":"x"}`), http.StatusBadRequest},
		{"gzip", three[:len(three)-9], http.StatusBadRequest},
		{"zstd", three, http.StatusUnsupportedMediaType},
	} {
		if status := send(c.encoding, c.body); status != c.want {
			t.Errorf("%s: status %d, want %d", c.encoding, status, c.want)
		}
	}
	if s := a.Seen(); s.Events != 4 {
		t.Errorf("%+v, want nothing of what was refused", s)
	}
}

// unread is a response that nobody reads.
type unread http.Header

func (u unread) Header() http.Header         { return http.Header(u) }
func (u unread) Write(b []byte) (int, error) { return len(b), nil }
func (u unread) WriteHeader(int)             {}

// TestAmazonAllocatesByRequest: what the server takes for itself does not grow
// with the events.
func TestAmazonAllocatesByRequest(t *testing.T) {
	a := &Amazon{Echo: true}
	per := func(events int) float64 {
		text := []byte(strings.Repeat(`{"eventId":"x"}`, events))
		r := httptest.NewRequest(http.MethodPost, "/events", nil)
		return testing.AllocsPerRun(50, func() {
			r.Body = io.NopCloser(bytes.NewReader(text))
			a.ServeHTTP(unread{}, r)
		})
	}
	// The race detector has the pool lose what it was given now and then.
	if few, many := per(1), per(echoes); many > few+10 {
		t.Errorf("%v allocations for one event, %v for %d", few, many, echoes)
	}
}

func BenchmarkAmazon(b *testing.B) {
	text := []byte(`{"events":[` + strings.Repeat(typical+",", 449) + typical + `]}`)
	for name, a := range map[string]*Amazon{"empty": {}, "echo": {Echo: true}} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodPost, "/events", nil)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(bytes.NewReader(text))
				a.ServeHTTP(unread{}, r)
			}
		})
	}
}

const typical = `{"name":"Purchase","eventType":"PURCHASE","eventActionSource":"WEBSITE","timestamp":"2025-11-24T14:15:30Z","clickId":"amzn1.click.u263fu7qasjfbm5o5qp6gze4",` +
	`"userInfo":{"hashedEmail":"0000000000000000000000000000000000000000000000000000000000000000","hashedPhone":"0000000000000000000000000000000000000000000000000000000000000000",` +
	`"madid":"E1DAA955-D49D-4CB4-B99E-22417C7FC676","countryCode":"US","postalCode":"10001"},"value":{"amount":129.95,"currencyCode":"USD"},"eventId":"ord_1049211"}`
