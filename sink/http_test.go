package sink

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestOverRealConnections holds what synctest cannot: the client as it ships,
// sockets that are reset, answers that come before the request was read.
func TestOverRealConnections(t *testing.T) {
	var mu sync.Mutex
	taken := map[string]int{}
	moods := []string{"early", "reset", "half", "hang", "slow-413"}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		mood := "fine"
		if len(moods) > 0 {
			mood, moods = moods[0], moods[1:]
		}
		mu.Unlock()
		switch mood {
		case "early": // and does not read the body
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case "reset":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
			return
		case "half":
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"success":[{"index":0}`)
			return
		case "hang":
			// A server notices that its client has gone once it has read all.
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return
		case "slow-413":
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = io.WriteString(w, `{"code":"CONTENT_TOO_LARGE","message":"m"}`)
			return
		}
		var body struct {
			Events []struct {
				EventID string `json:"eventId"`
			} `json:"events"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Errorf("the body is no JSON: %v", err)
		}
		mu.Lock()
		for _, e := range body.Events {
			taken[e.EventID]++
		}
		mu.Unlock()
		_, _ = io.WriteString(w, `{}`)
	}))
	defer srv.Close()
	r := newRig(t, nil, func(o *Options) {
		o.BaseURL, o.HTTPClient = srv.URL, nil
		o.Linger, o.BackoffMin, o.BackoffMax, o.RequestTimeout = -1, time.Millisecond, 5*time.Millisecond, 200*time.Millisecond
	})
	const n = 2000
	for i := range n {
		c := purchase()
		c.EventID = fmt.Sprint("e", i)
		c.ProfileID = fmt.Sprint("p", i%3)
		c.Name = strings.Repeat("a name ", 50)
		r.feed.Add(verdict.Handle{Owner: r.owner, Seq: uint64(i)}, r.record(""), c)
	}
	r.feed.Flush()
	eventually(t, "verdicts", func() bool { return r.count(verdict.Accepted) == n })
	mu.Lock()
	defer mu.Unlock()
	if len(taken) != n {
		t.Errorf("%d of %d events arrived", len(taken), n)
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, nil, func(o *Options) {
		o.BaseURL, o.HTTPClient, o.Linger, o.BackoffMin, o.BackoffMax = "http://"+addr, nil, -1, time.Millisecond, time.Millisecond
	})
	r.send("p", "a")
	eventually(t, "the condition", func() bool {
		f := r.failing()
		return len(f) == 1 && strings.Contains(f[0], "connection refused") && strings.Contains(f[0], addr)
	})
}
