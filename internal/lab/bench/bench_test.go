package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func post(t *testing.T, a *Amazon, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/offAmazonEvents/2023-11-13/events", strings.NewReader(body)))
	return w
}

func TestAmazonCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &Amazon{Delay: 30 * time.Millisecond}
		id := func(ago time.Duration, n int) string {
			return fmt.Sprintf(`{"eventId":"%s%d-%d"}`, timedPrefix, time.Now().Add(-ago).UnixMicro(), n)
		}
		began := time.Now()
		if w := post(t, a, `{"events":[{"eventId":"ord_1"},`+id(time.Second, 1)+`]}`); w.Code != 200 || w.Body.Len() > 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		post(t, a, `{"events":[`+id(2*time.Second, 2)+`]}`)
		var s Seen
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, seenPath, nil))
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		if s.Events != 3 || s.Requests != 2 || !s.First.Equal(began) || s.Last.Sub(s.First) != 60*time.Millisecond {
			t.Errorf("%+v", s)
		}
		// The answer counts, not the arrival.
		if l := s.Latency; l.Events != 2 || l.P50 != 2030*time.Millisecond && l.P50 != 1030*time.Millisecond || l.Max != 2030*time.Millisecond {
			t.Errorf("%+v", l)
		}
		a.Reset(0)
		if s := a.Seen(); s.Events != 0 || s.Latency.Events != 0 {
			t.Errorf("after a reset: %+v", s)
		}
	})
}

func TestAmazonEchoes(t *testing.T) {
	a := &Amazon{Echo: true}
	for _, n := range []int{0, 1, 2, echoes, echoes + 1} {
		w := post(t, a, `{"events":[`+strings.Repeat(`{"eventId":"a"}`, n)+`]}`)
		var doc struct {
			Success []struct {
				Index int             `json:"index"`
				Event json.RawMessage `json:"event"`
			} `json:"success"`
			Error []any `json:"error"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusMultiStatus {
			t.Fatalf("%d, %v", w.Code, err)
		}
		if length := w.Header().Get("Content-Length"); len(doc.Success) != n || doc.Error == nil || length != strconv.Itoa(w.Body.Len()) {
			t.Fatalf("%d events of %d, %s bytes of %d", len(doc.Success), n, length, w.Body.Len())
		}
		for i, item := range doc.Success {
			if item.Index != i || len(item.Event) < 400 {
				t.Fatalf("event %d of %d: %s", i, n, w.Body)
			}
		}
	}
}

func TestMedian(t *testing.T) {
	m := median([]Run{
		{EventsPerSecond: 3, CPUMicros: 9, MemoryBytes: Tenths{9: 7}}, {EventsPerSecond: 1, CPUMicros: 7, PeakBytes: 4, MemoryBytes: Tenths{9: 5}},
		{EventsPerSecond: 2, CPUMicros: 8, PeakBytes: 6, MemoryBytes: Tenths{9: 6}},
	})
	if m.EventsPerSecond != 2 || m.CPUMicros != 8 || m.PeakBytes != 4 || m.MemoryBytes != (Tenths{9: 6}) {
		t.Errorf("%+v", m)
	}
	if m := median(make([]Run, 2)); m != (Run{}) {
		t.Errorf("%+v", m)
	}
}

func TestMetric(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "# HELP a b\na_total{x=\"1\"} 2\na_total{x=\"2\"} 3e+01\na_total_more 7\n")
	}))
	defer srv.Close()
	addr := srv.Listener.Addr().String()
	if v, err := metric(t.Context(), addr, "a_total"); v != 32 || err != nil {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := metric(t.Context(), addr, "b"); err == nil {
		t.Error("a metric that is not there has a value")
	}
}

// The pace is that of the events before the last, which wait for a linger.
func TestThePaceLeavesOutTheLast(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	a := Amazon{}
	a.Reset(1000)
	for _, s := range []Seen{
		{Events: 1000, First: at, Last: at.Add(10 * time.Second), Most: at.Add(2 * time.Second), MostEvents: 900},
		{Events: 900, First: at, Last: at.Add(2 * time.Second)},
	} {
		if got := s.perSecond(); got != 450 {
			t.Errorf("%+v: %v a second, want 450", s, got)
		}
	}
	srv := httptest.NewServer(&a)
	defer srv.Close()
	send := func(events int) {
		t.Helper()
		body := strings.NewReader(strings.Repeat(`{"eventId":"x"}`, events))
		resp, err := http.Post(srv.URL+"/events", "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	for _, n := range []int{500, 399, 2, 99} {
		send(n)
	}
	if s := a.Seen(); s.Events != 1000 || s.MostEvents != 901 || !s.Most.Before(s.Last) {
		t.Errorf("%+v, want nine tenths noted at 901 of 1000", s)
	}
	a.Reset(0)
	send(1000)
	if s := a.Seen(); s.MostEvents != 0 {
		t.Errorf("%+v: nobody said how many come", s)
	}
}
