package sink

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// inflating passes requests on as they were before they were compressed, or
// answers 415 to those that are.
type inflating struct {
	next     http.RoundTripper
	refuse   bool
	zipped   atomic.Int64
	together atomic.Int64 // their bytes
}

func (t *inflating) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return t.next.RoundTrip(r)
	}
	t.zipped.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil || int64(len(body)) != r.ContentLength {
		return nil, io.ErrUnexpectedEOF
	}
	t.together.Add(int64(len(body)))
	if t.refuse {
		return &http.Response{StatusCode: http.StatusUnsupportedMediaType, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"code":"NO"}`))}, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(z)
	return t.next.RoundTrip(r)
}

func zipping(t *inflating) func(*Options) {
	return func(o *Options) {
		t.next = o.HTTPClient.Transport
		o.Gzip, o.HTTPClient, o.BatchEvents = true, &http.Client{Transport: t}, 50
	}
}

func TestRequestsAreCompressed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var wire inflating
		r := newRig(t, always(ok), zipping(&wire))
		for range 3 { // what was used before is used again
			r.send("p", numbered("e", 100)...)
			r.after(time.Second)
		}
		sent := 0
		for _, c := range r.amazon.all() {
			sent += len(c.body)
		}
		if r.count(verdict.Accepted) != 300 || wire.zipped.Load() != 6 || wire.together.Load() > int64(sent/2) {
			t.Errorf("%d accepted of %d compressed requests, %d bytes of %d", r.count(verdict.Accepted), wire.zipped.Load(), wire.together.Load(), sent)
		}
	})
}

// An Amazon that does not take compressed requests is sent the events as they
// are, in the same attempt and from then on.
func TestCompressionThatIsRefusedIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		wire := inflating{refuse: true}
		r := newRig(t, always(ok), zipping(&wire))
		for range 3 {
			r.send("p", numbered("e", 100)...)
			r.after(time.Second)
		}
		if r.count(verdict.Accepted) != 300 || wire.zipped.Load() > 2 || len(r.amazon.all()) != 6 {
			t.Errorf("%d accepted, %d requests compressed and %d not", r.count(verdict.Accepted), wire.zipped.Load(), len(r.amazon.all()))
		}
		for _, v := range r.verdicts {
			if v.Attempts != 1 {
				t.Fatalf("%s took %d attempts", v.EventID, v.Attempts)
			}
		}
		if n := strings.Count(r.log.String(), "--gzip"); n != 1 {
			t.Errorf("it was said %d times:\n%s", n, r.log)
		}
	})
}
