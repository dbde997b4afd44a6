package sink

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// closing closes the rig's sink with a budget and returns how long it took.
func (r *rig) closing(budget time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	began := time.Now()
	err := r.sink.Close(ctx)
	return time.Since(began), err
}

func TestCloseWaitsForRequestsInFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if c.profile == "p" {
				return reply{status: 200, delay: 3 * time.Second}
			}
			return reply{status: 422, body: `{"code":"X"}`, delay: 2 * time.Second}
		}, func(o *Options) { o.BatchEvents = 2 })
		r.send("p", "a", "b", "queued")
		r.send("q", "bad1", "x")
		r.after(time.Millisecond)
		took, err := r.closing(time.Minute)
		if err != nil || took < 2*time.Second || took > 4*time.Second {
			t.Errorf("took %s, %v; want as long as the requests", took, err)
		}
		// What was not in flight stays undecided, and so does what would have
		// to be sent again.
		if diff := cmp.Diff([]string{"a accepted 1", "b accepted 1"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		before := len(r.amazon.all())
		r.send("p", "late")
		r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: 99}, r.record("late"), "p", "late", verdict.Reason{Class: verdict.Validation})
		r.feed.Flush()
		r.sink.Flush()
		r.sink.Sweep()
		r.after(time.Minute)
		if len(r.amazon.all()) != before || len(r.classes()) != 2 {
			t.Error("something was sent or settled after Close")
		}
		if l := r.lane("p"); l.Records != 1 {
			t.Errorf("%+v: want the one record that was queued, and none from after Close", l)
		}
	})
}

func TestCloseCutsOffWhatOutlastsItsBudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 200, delay: 20 * time.Second}), func(o *Options) { o.Linger = -1; o.MaxAttempts = 1 })
		r.send("p", "a")
		r.after(time.Millisecond)
		took, err := r.closing(5 * time.Second)
		if !errors.Is(err, context.DeadlineExceeded) || took != 5*time.Second {
			t.Errorf("took %s, %v; want the budget and its error", took, err)
		}
		if f := r.failing(); len(f) != 0 {
			t.Errorf("shutting down is no fault of the lane: %v", f)
		}
		r.after(time.Minute)
		if len(r.classes()) != 0 {
			t.Errorf("%v", r.classes())
		}
	})
}

// Each of the places in which a lane can wait must let go at once.
func TestCloseDoesNotWaitForWhatOnlyWaits(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"linger":    func(o *Options) { o.Linger = time.Hour },
		"backoff":   func(o *Options) { o.BackoffMin, o.BackoffMax = time.Hour, time.Hour },
		"auth hold": func(o *Options) { o.ClientID = "refused"; o.BackoffMin, o.BackoffMax = time.Hour, time.Hour },
		"token":     func(o *Options) { o.Tokens = noTokens{} },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, func(c call) reply {
					if c.header.Get("Amazon-Advertising-API-ClientId") == "refused" {
						return reply{status: 403}
					}
					return reply{status: 503}
				}, change)
				r.send("p", "a")
				r.after(10 * time.Second)
				if took, err := r.closing(time.Minute); err != nil || took != 0 {
					t.Errorf("took %s, %v", took, err)
				}
				if len(r.classes()) != 0 {
					t.Errorf("%v", r.classes())
				}
			})
		})
	}
}

type noTokens struct{}

func (noTokens) Token(ctx context.Context, _ login.AccessToken) (login.AccessToken, error) {
	<-ctx.Done()
	return login.AccessToken{}, ctx.Err()
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		tokens := &lateTokens{ready: make(chan struct{})}
		r := newRig(t, always(ok), func(o *Options) { o.Tokens = tokens })
		old := r.owner
		r.send("p", "a", "b")
		r.owner = &owner{}
		r.send("q", "c")
		r.after(time.Hour)
		if n := len(r.amazon.all()); n != 0 {
			t.Fatalf("%d requests without a token", n)
		}
		if l := r.lane("p"); l.State != LaneHeld || !strings.Contains(l.Reason, "token") {
			t.Errorf("%+v", l)
		}
		// The wait can be long, and what it keeps must be free to be dropped.
		old.end()
		r.sink.Sweep()
		if l := r.lane("p"); l.Records != 0 {
			t.Errorf("%+v", l)
		}
		close(tokens.ready)
		r.after(0)
		if diff := cmp.Diff([]string{"c accepted 1"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

type lateTokens struct{ ready chan struct{} }

func (l *lateTokens) Token(ctx context.Context, _ login.AccessToken) (login.AccessToken, error) {
	select {
	case <-l.ready:
		return login.NewAccessToken("Atza|late", 1), nil
	default:
	}
	select {
	case <-l.ready:
		return login.NewAccessToken("Atza|late", 1), nil
	case <-ctx.Done():
		return login.AccessToken{}, ctx.Err()
	}
}

// lingeringTransport goes on reading request bodies after it has answered,
// which net/http allows itself and does.
type lingeringTransport struct {
	mu     sync.Mutex
	bodies []io.ReadCloser
}

func (l *lingeringTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.bodies = append(l.bodies, r.Body)
	l.mu.Unlock()
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// A body that is read late once carried the next batch's events under the old
// request's headers.
func TestABodyIsNotReadAfterItsRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := &lingeringTransport{}
		r := newRig(t, nil, func(o *Options) { o.HTTPClient = &http.Client{Transport: l}; o.Linger = -1 })
		r.send("p", "a")
		r.after(0)
		r.send("q", "b")
		r.after(0)
		b, err := io.ReadAll(l.bodies[0])
		if len(b) != 0 || err == nil || !strings.Contains(err.Error(), "used after its request ended") {
			t.Errorf("read %d bytes, %v: want none and an error", len(b), err)
		}
	})
}
