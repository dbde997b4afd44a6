package sink

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/login"
)

type countingTokens struct {
	lateTokens
	waiting atomic.Int32
}

func (c *countingTokens) Token(ctx context.Context, refused login.AccessToken) (login.AccessToken, error) {
	c.waiting.Add(1)
	defer c.waiting.Add(-1)
	return c.lateTokens.Token(ctx, refused)
}

// TestTheBreakerOpensProbesAndCloses follows a lane with a full window through
// an outage.
func TestTheBreakerOpensProbesAndCloses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t)
		down := reply{status: 503, delay: 100 * time.Millisecond}
		r.amazon.become(always(down))
		before := len(r.amazon.all())
		r.send("p", numbered("e", 100)...)
		r.after(9 * time.Second)
		// Windows of 8, 4, 2, 1 and 1, half a second to four apart.
		if n := len(r.amazon.all()) - before; n != 16 {
			t.Errorf("%d requests until the breaker opened, want 16", n)
		}
		l := r.lane("p")
		if l.Breaker != BreakerOpen || l.State != LaneHeld || l.Concurrency != 1 || l.Requests != 0 || l.Records != 100 {
			t.Fatalf("%+v", l)
		}
		want := []string{"lane p: 5 attempts in a row failed, the last with: status 503"}
		if diff := cmp.Diff(want, r.failing()); diff != "" {
			t.Errorf("failing (-want +got):\n%s", diff)
		}

		// It rests, sends one probe, rests longer.
		r.amazon.become(always(reply{status: 503, delay: 2 * time.Second}))
		r.amazon.mostOf("p")
		opened := len(r.amazon.all()) - 1
		for len(r.amazon.all()) < opened+5 {
			r.after(time.Second)
			if l := r.lane("p"); (l.Requests > 0) != (l.Breaker == BreakerHalfOpen) {
				t.Fatalf("%d requests are in flight and the breaker is %s", l.Requests, l.Breaker)
			}
		}
		var probes []time.Duration
		for i, c := range r.amazon.all()[opened+1:] {
			last := r.amazon.all()[opened+i]
			probes = append(probes, c.at.Sub(last.at).Round(time.Second))
		}
		if diff := cmp.Diff([]time.Duration{33 * time.Second, 68 * time.Second, 134 * time.Second, 134 * time.Second}, probes); diff != "" {
			t.Errorf("between probes (-want +got):\n%s", diff)
		}
		if most := r.amazon.mostOf("p"); most != 1 {
			t.Errorf("%d probes at once", most)
		}

		// The first that is answered closes it, and the lane grows anew.
		r.amazon.become(always(slowly))
		for r.lane("p").State == LaneHeld || r.amazon.all()[len(r.amazon.all())-1].n == opened+5 {
			r.after(100 * time.Millisecond)
		}
		if l := r.lane("p"); l.Breaker != BreakerHalfOpen || l.Requests != 1 || l.State != LaneSending {
			t.Errorf("%+v", l)
		}
		var windows []int
		for range 8 {
			r.after(time.Second)
			windows = append(windows, r.lane("p").Requests)
		}
		if diff := cmp.Diff([]int{2, 3, 4, 5, 6, 7, 8, 8}, windows); diff != "" {
			t.Errorf("requests in flight afterwards, second by second (-want +got):\n%s", diff)
		}
		if l := r.lane("p"); l.Breaker != BreakerClosed {
			t.Errorf("%+v", l)
		}
		r.after(time.Minute)
		if got := r.count(verdict.Accepted); got != 100 || len(r.box.all()) != 0 {
			t.Errorf("%d accepted, want 100", got)
		}
		if diff := cmp.Diff([]string{}, r.failing()); diff != "" {
			t.Errorf("failing (-want +got):\n%s", diff)
		}
		if n := strings.Count(r.log.String(), "\n"); n != 2 {
			t.Errorf("%d log lines, want one when it opened and one when it closed:\n%s", n, r.log)
		}
	})
}

// Requests that hang on from before it opened count: a probe waits for them.
func TestAProbeIsAloneInFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t, func(o *Options) { o.MaxAttempts = 1; o.BackoffMin, o.BackoffMax = time.Second, time.Second })
		r.amazon.become(func(c call) reply {
			if c.ids[0] == "e0000" {
				return reply{status: 503, delay: time.Second}
			}
			return reply{status: 200, delay: 20 * time.Second}
		})
		r.send("p", numbered("e", 8)...)
		r.after(0)
		before := len(r.amazon.all())
		r.after(19 * time.Second)
		if n := len(r.amazon.all()) - before; n != 0 {
			t.Errorf("%d probes beside 7 requests in flight", n)
		}
		if l := r.lane("p"); l.Breaker != BreakerHalfOpen || l.Requests != 7 {
			t.Errorf("%+v", l)
		}
		r.after(time.Second)
		if n := len(r.amazon.all()) - before; n != 1 {
			t.Errorf("%d probes when the last of them had been answered, want 1", n)
		}
	})
}

// A profile that Amazon refuses gets one probe at a time, however many requests
// it had before.
func TestARefusedProfileIsProbedOneAtATime(t *testing.T) {
	for _, status := range []int{401, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := grown(t)
				r.amazon.become(always(reply{status: status, delay: 100 * time.Millisecond}))
				r.send("p", numbered("e", 50)...)
				r.after(500 * time.Millisecond)
				if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "refuses the profile") {
					t.Errorf("failing: %v", f)
				}
				r.amazon.mostOf("p")
				before := len(r.amazon.all())
				r.after(110 * time.Second)
				if most := r.amazon.mostOf("p"); most != 1 {
					t.Errorf("%d probes at once", most)
				}
				if n := len(r.amazon.all()) - before; n < 3 || n > 30 {
					t.Errorf("%d probes in two minutes", n)
				}
				if n := r.count(verdict.Auth); n != 0 {
					t.Errorf("%d dead-lettered before the hold is over", n)
				}
				r.after(30 * time.Second)
				if n := r.count(verdict.Auth); n != 50 {
					t.Errorf("%d of 50 dead-lettered after the hold", n)
				}
				if most := r.amazon.mostOf("p"); most != 1 {
					t.Errorf("%d at once for a profile that is known to be refused", most)
				}
			})
		})
	}
}

// Requests that were sent together and refused together are one refusal.
func TestAWindowOfRefusalsIsOneProbe(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t)
		r.amazon.become(always(reply{status: 403, delay: time.Second}))
		r.send("p", numbered("e", 8)...)
		r.after(time.Second)
		if got := r.sink.lanes["p"][0].gate.Row().Probes(); got != 1 {
			t.Errorf("%d refusals in a row were counted, want 1", got)
		}
		r.amazon.become(always(ok))
		r.after(time.Second)
		if got := r.count(verdict.Accepted); got != 8 {
			t.Errorf("%d accepted once access was given, want 8", got)
		}
	})
}

// Retry-After is a wish of the server's for the whole profile, whichever of its
// requests it answers.
func TestRetryAfterHoldsTheLane(t *testing.T) {
	for name, bad := range map[string]reply{
		"429":                    {status: 429, header: map[string]string{"Retry-After": "17"}},
		"503":                    {status: 503, header: map[string]string{"Retry-After": "17"}},
		"items that are put off": {status: 207, body: `{"success":[{"index":1}],"error":[{"index":0,"code":"TOO_MANY_REQUESTS"}]}`, header: map[string]string{"Retry-After": "17"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := grown(t, func(o *Options) { o.BatchEvents = 2 })
				// The fourth of a window that is throttled says for how long.
				r.amazon.become(func(c call) reply {
					if c.ids[0] == "e0006" {
						return reply{status: bad.status, body: bad.body, header: bad.header, delay: time.Second}
					}
					return reply{status: 429, delay: time.Second}
				})
				r.send("p", numbered("e", 30)...)
				r.after(time.Second)
				before := len(r.amazon.all())
				r.amazon.become(always(ok))
				r.after(17*time.Second - 1)
				if n := len(r.amazon.all()) - before; n != 0 {
					t.Errorf("%d requests before the time that Amazon named", n)
				}
				r.after(1)
				if n := len(r.amazon.all()) - before; n == 0 {
					t.Error("nothing was sent when it had passed")
				}
				r.after(time.Second)
				if got := r.count(verdict.Accepted); got != 30 {
					t.Errorf("%d accepted", got)
				}
			})
		})
	}
}

// A batch that Amazon cannot digest must not stop a lane of which it takes all
// else.
func TestABatchThatAlwaysFailsIsSetAside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t)
		r.amazon.become(func(c call) reply {
			if c.ids[0] == "poison" {
				return reply{status: 500, delay: 300 * time.Millisecond}
			}
			return reply{status: 200, delay: 100 * time.Millisecond}
		})
		r.send("p", "poison")
		for i := range 600 {
			r.send("p", fmt.Sprint("e", i))
			r.after(100 * time.Millisecond)
		}
		if got := r.count(verdict.Accepted); got < 590 {
			t.Errorf("%d accepted, want nearly all 600", got)
		}
		if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "5 attempts to send the same 1 event failed") {
			t.Errorf("failing: %v", f)
		}
		tries := 0
		for _, c := range r.amazon.all() {
			if c.ids[0] == "poison" {
				tries++
			}
		}
		if tries < 5 || tries > 20 {
			t.Errorf("it was sent %d times in a minute", tries)
		}
		r.amazon.become(always(ok))
		r.after(time.Minute)
		if r.verdict("poison").Class != verdict.Accepted || len(r.failing()) != 0 {
			t.Errorf("failing: %v", r.failing())
		}
		if n := strings.Count(r.log.String(), "\n"); n != 2 {
			t.Errorf("%d log lines, want 2:\n%s", n, r.log)
		}
	})
}

// laneGauges are the gauges about lanes, by name and label.
func (r *rig) laneGauges() map[string]float64 {
	r.t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "amazon_capi_lane_") {
			continue
		}
		for _, m := range f.GetMetric() {
			name := strings.TrimPrefix(f.GetName(), "amazon_capi_lane_")
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue()
		}
	}
	return got
}

func TestBreakersAndConcurrencyAreCountedOverAllLanes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			switch {
			case strings.HasPrefix(c.profile, "down"):
				return reply{status: 503}
			case c.profile == "probing" && c.n > 10:
				return reply{status: 200, delay: time.Hour}
			case c.profile == "probing":
				return reply{status: 403}
			}
			return reply{status: 200, delay: time.Second}
		}, single, func(o *Options) { o.MaxAttempts = 1; o.RequestTimeout = 2 * time.Hour })
		r.send("idle", "a")
		r.send("down1", "b")
		r.send("down2", "c")
		r.send("probing", "d")
		r.send("busy", numbered("e", 200)...)
		r.after(10*time.Second + 500*time.Millisecond)
		got := r.laneGauges()
		want := map[string]float64{
			"breakers closed": 2, "breakers open": 2, "breakers half-open": 1,
			"requests_in_flight": 8 + 1, "concurrency": 8 + 1 + 1 + 1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
