package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Amazon takes whatever it is sent. It does not decode: it counts the event ids
// in the bytes, and reads the time out of those that have one.
type Amazon struct {
	// Delay is how long it takes to answer.
	Delay time.Duration
	// Echo answers with a 207 that repeats every event, as the live API does.
	Echo bool

	mu    sync.Mutex
	seen  Seen
	delay []time.Duration // from publication to answer
	pool  sync.Pool
}

// Seen is what came since the last Reset.
type Seen struct {
	Events   int64     `json:"events"`
	Requests int64     `json:"requests"`
	Bytes    int64     `json:"bytes"`
	First    time.Time `json:"first"` // request's arrival
	Last     time.Time `json:"last"`  // request's answer
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

// timedPrefix begins the ids of events that are published for their latency; the
// Unix microseconds of their publication follow.
const timedPrefix = "bench-"

var idKey = []byte(`"eventId":"`)

// ServeHTTP implements http.Handler.
func (a *Amazon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case tokenPath:
		writeJSON(w, map[string]any{"access_token": "Atza|bench", "token_type": "bearer", "expires_in": 3600})
	case seenPath:
		writeJSON(w, a.Seen())
	case resetPath:
		a.Reset()
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
	buf, _ := a.pool.Get().(*bytes.Buffer)
	if buf == nil {
		buf = new(bytes.Buffer)
	}
	defer a.pool.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(r.Body); err != nil {
		return
	}
	body := buf.Bytes()
	n := bytes.Count(body, idKey)
	if a.Delay > 0 {
		time.Sleep(a.Delay)
	}
	w.Header().Set("Content-Type", "application/json")
	if a.Echo {
		w.WriteHeader(http.StatusMultiStatus)
		_ = echo(w, n)
	} else {
		w.WriteHeader(http.StatusOK)
	}
	now := time.Now()
	timed := published(body, now)

	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen.Events == 0 {
		a.seen.First = arrived
	}
	a.seen.Events += int64(n)
	a.seen.Requests++
	a.seen.Bytes += int64(len(body))
	a.seen.Last = now
	a.delay = append(a.delay, timed...)
}

// published returns how long ago the events of a body were published, for those
// whose ids tell.
func published(body []byte, now time.Time) (ago []time.Duration) {
	key := append(slices.Clone(idKey), timedPrefix...)
	for {
		_, rest, ok := bytes.Cut(body, key)
		if !ok {
			return ago
		}
		end := bytes.IndexAny(rest, `-"`)
		if end < 0 {
			return ago
		}
		if us, err := strconv.ParseInt(string(rest[:end]), 10, 64); err == nil {
			ago = append(ago, now.Sub(time.UnixMicro(us)))
		}
		body = rest
	}
}

// echoed is as long as an event of the live contract.
var echoed = []byte(`,"event":{"eventDescription":{"name":"Purchase","conversionType":"OFF_AMAZON_PURCHASES","eventSource":"WEBSITE","eventIngestionMethod":"SERVER_TO_SERVER"},` +
	`"eventTime":"2026-04-23T10:17:00.000Z","countryCode":"US","matchKeys":[{"type":"EMAIL","values":["0000000000000000000000000000000000000000000000000000000000000000"]},` +
	`{"type":"PHONE","values":["0000000000000000000000000000000000000000000000000000000000000000"]}],"value":49.99,"currencyCode":"USD","unitsSold":1,"eventId":"ord_10492_purchase",` +
	`"consent":{"amazonConsent":{"amznAdStorage":"GRANTED","amznUserData":"GRANTED"}}}}`)

func echo(w io.Writer, n int) error {
	out := make([]byte, 0, n*(len(echoed)+20)+40)
	out = append(out, `{"success":[`...)
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"index":`...)
		out = strconv.AppendInt(out, int64(i), 10)
		out = append(out, echoed...)
	}
	out = append(out, `],"error":[]}`...)
	_, err := w.Write(out)
	return err
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

// Reset forgets what came.
func (a *Amazon) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen, a.delay = Seen{}, nil
}
