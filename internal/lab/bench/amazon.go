package bench

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Amazon takes whatever it is sent. It does not decode: it counts the event ids
// in the bytes, and reads the time out of those that have one. What it costs is
// taken from the program that it measures, where both are on one machine.
type Amazon struct {
	// Delay is how long it takes to answer.
	Delay time.Duration
	// Echo answers with a 207 that repeats every event, as the live API does.
	Echo bool

	mu    sync.Mutex
	seen  Seen
	most  int64           // of how many events come, those after which Most is noted; 0 for never
	delay []time.Duration // from publication to answer
	pool  sync.Pool       // of *body
	echo  echo
}

// Seen is what came since the last Reset.
type Seen struct {
	Events   int64     `json:"events"`
	Requests int64     `json:"requests"`
	Bytes    int64     `json:"bytes"` // as they were sent, so compressed if they were
	First    time.Time `json:"first"` // request's arrival
	Last     time.Time `json:"last"`  // request's answer
	// Most is when most of the events that come had their answer, and MostEvents
	// how many those were.
	Most       time.Time `json:"most"`
	MostEvents int64     `json:"most_events"`
	// Latency is of the events whose ids have a time.
	Latency Latency `json:"latency"`
}

// Latency is from an event's publication to the answer that accepts it.
type Latency struct {
	Events int           `json:"events"`
	P50    time.Duration `json:"p50_ns"`
	P99    time.Duration `json:"p99_ns"`
	P999   time.Duration `json:"p999_ns"`
	Max    time.Duration `json:"max_ns"`
}

// The paths beside Amazon's own.
const (
	tokenPath = "/auth/o2/token"
	seenPath  = "/bench/seen"
	resetPath = "/bench/reset"
)

// ServeHTTP implements http.Handler.
func (a *Amazon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case tokenPath:
		writeJSON(w, map[string]any{"access_token": "Atza|bench", "token_type": "bearer", "expires_in": 3600})
	case seenPath:
		writeJSON(w, a.Seen())
	case resetPath:
		n, _ := strconv.ParseInt(r.URL.Query().Get("events"), 10, 64) // 0 is none
		a.Reset(n)
	default:
		a.take(w, r)
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked is gone then
}

func (a *Amazon) take(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	b, _ := a.pool.Get().(*body)
	if b == nil {
		b = new(body)
	}
	defer a.pool.Put(b)
	if status := b.read(r); status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	n, timed := events(b.plain)
	if a.Delay > 0 {
		time.Sleep(a.Delay)
	}
	w.Header().Set("Content-Type", "application/json")
	if a.Echo {
		a.echo.write(w, n)
	} else {
		w.WriteHeader(http.StatusOK)
	}
	now := time.Now()

	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen.Events == 0 {
		a.seen.First = arrived
	}
	a.seen.Events += int64(n)
	a.seen.Requests++
	a.seen.Bytes += int64(b.wire.Len())
	a.seen.Last = now
	if a.seen.Events >= a.most && a.most > 0 && a.seen.MostEvents == 0 {
		a.seen.Most, a.seen.MostEvents = now, a.seen.Events
	}
	for _, published := range timed {
		a.delay = append(a.delay, now.Sub(published))
	}
}

// Seen returns what came so far.
func (a *Amazon) Seen() Seen {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.seen
	if n := len(a.delay); n > 0 {
		d := slices.Clone(a.delay)
		slices.Sort(d)
		at := func(share float64) time.Duration { return d[min(int(share*float64(n)), n-1)] }
		s.Latency = Latency{Events: n, P50: at(.5), P99: at(.99), P999: at(.999), Max: d[n-1]}
	}
	return s
}

// Reset forgets what came. It is told how many events come, or 0.
func (a *Amazon) Reset(events int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen, a.delay, a.most = Seen{}, nil, events*9/10
}

// perSecond is the pace at which most of the events came. The last ones wait for
// their batches' linger, which in a stream without an end happens to nobody: of a
// million events it would be a third of the time.
func (s *Seen) perSecond() float64 {
	if s.MostEvents > 0 && s.Most.After(s.First) {
		return float64(s.MostEvents) / s.Most.Sub(s.First).Seconds()
	}
	return float64(s.Events) / s.Last.Sub(s.First).Seconds()
}
