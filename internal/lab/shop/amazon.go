package shop

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Amazon stands in front of a sandbox Amazon and remembers what each event was
// sent with and what was answered: the sandbox's own record holds nothing of what
// is in an event, and here that is what is to be shown.
type Amazon struct {
	next     http.Handler
	accepted func(eventID string) int
	now      func() time.Time

	mu    sync.Mutex
	fates map[string]*Fate
	order []string // oldest first
}

// maxFates bounds what is remembered.
const maxFates = 10_000

// NewAmazon returns one in front of next. accepted tells how often next took an
// event.
func NewAmazon(next http.Handler, accepted func(eventID string) int, now func() time.Time) *Amazon {
	return &Amazon{next: next, accepted: accepted, now: now, fates: make(map[string]*Fate)}
}

// Fate returns what is known of an event.
func (a *Amazon) Fate(eventID string) Fate {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.fates[eventID]
	if f == nil {
		return Fate{}
	}
	c := *f
	c.Attempts = slices.Clone(f.Attempts)
	c.Accepted = a.accepted(eventID) > 0
	return c
}

// ServeHTTP passes the request on, and remembers its events and its answer.
func (a *Amazon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		panic(http.ErrAbortHandler) // the sender broke off
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &answered{ResponseWriter: w}
	// Deferred, for a sandbox that hangs up panics.
	defer func() { a.remember(body, answer.status) }()
	a.next.ServeHTTP(answer, r)
}

func (a *Amazon) remember(body []byte, status int) {
	var batch struct {
		Events []struct {
			EventID string `json:"eventId"`
			ClickID string `json:"clickId"`
		} `json:"events"`
	}
	if json.Unmarshal(body, &batch) != nil {
		return // a request for a token, or nonsense
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ev := range batch.Events {
		f := a.fates[ev.EventID]
		if f == nil {
			if len(a.order) >= maxFates {
				delete(a.fates, a.order[0])
				a.order = a.order[1:]
			}
			f = new(Fate)
			a.fates[ev.EventID] = f
			a.order = append(a.order, ev.EventID)
		}
		f.ClickID = ev.ClickID
		f.Attempts = append(f.Attempts, Attempt{a.now(), status})
	}
}

// answered notes the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (w *answered) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush, which the sandbox does to cut off
// an answer in the middle.
func (w *answered) Unwrap() http.ResponseWriter { return w.ResponseWriter }
