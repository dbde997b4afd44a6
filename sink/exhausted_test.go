package sink

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

func TestExhaustedPoliciesHaveNames(t *testing.T) {
	for name, want := range map[string]ExhaustedPolicy{"hold": HoldExhausted, "dead-letter": DeadLetterExhausted} {
		if got, err := ParseExhaustedPolicy(name); err != nil || got != want {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	if _, err := ParseExhaustedPolicy("drop"); err == nil || !strings.Contains(err.Error(), "hold or dead-letter") {
		t.Errorf("drop: %v; want an error that names the two", err)
	}
	if (Options{}).OnExhausted != HoldExhausted {
		t.Error("the default is not to hold")
	}
}

// TestExhaustedBatchesAreGivenUpIfAskedFor: five attempts, then a dead letter of
// which nobody could think that Amazon had looked at the event.
func TestExhaustedBatchesAreGivenUpIfAskedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		bad    reply
		status int
		why    string
	}{
		"503":             {reply{status: 503, body: `{"code":"UNAVAILABLE","message":"m"}`}, 503, "status 503 UNAVAILABLE"},
		"429":             {reply{status: 429}, 429, "status 429"},
		"timeout":         {reply{status: 200, delay: time.Hour}, 0, "no answer within 30s"},
		"no connection":   {reply{err: errSilence}, 0, "silence"},
		"items put off":   {reply{status: 207, body: `{"error":[{"index":0,"code":"CONFLICT"},{"index":1,"code":"500"}]}`}, 207, "put it off"},
		"never mentioned": {reply{status: 200, body: `{"success":[]}`}, 200, "put it off"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, always(tt.bad), func(o *Options) { o.Linger = -1; o.OnExhausted = DeadLetterExhausted })
				r.send("p", "a", "b")
				r.after(5 * time.Minute)
				if diff := cmp.Diff([]string{"a rejected 5", "b rejected 5"}, r.classes()); diff != "" {
					t.Fatalf("-want +got:\n%s", diff)
				}
				why := r.box.why("a")
				if why.Class != verdict.Rejected || why.Code != "exhausted" || why.Status != tt.status || !strings.Contains(why.Message, tt.why) {
					t.Errorf("%+v: want code exhausted, status %d and %q", why, tt.status, tt.why)
				}
				if !strings.Contains(verdict.Remedy(why), "Nothing is known to be wrong with the event") {
					t.Errorf("remedy: %s", verdict.Remedy(why))
				}
				letters := r.box.all()
				if len(letters) != 2 || letters[0].Reason.Code != "exhausted" || letters[0].Attempts != 5 {
					t.Errorf("letters: %+v", letters)
				}
				if l := r.lane("p"); l.Records != 0 || l.State != LaneIdle {
					t.Errorf("%+v", l)
				}
			})
		})
	}
}

// The breaker goes on pacing a lane that gives up: an outage does not empty the
// topic into the dead letters.
func TestGivingUpKeepsTheBreakersPace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 503}), single, func(o *Options) { o.OnExhausted = DeadLetterExhausted })
		r.send("p", numbered("e", 1000)...)
		r.after(time.Hour)
		if n := r.count(verdict.Rejected); n < 4 || n > 10 {
			t.Errorf("%d given up in an hour's outage, want one for five probes", n)
		}
		for _, v := range r.verdicts {
			if v.Attempts != 5 {
				t.Errorf("%s was given up after %d attempts", v.EventID, v.Attempts)
			}
		}
		r.amazon.become(always(ok))
		r.after(3 * time.Minute)
		if got := r.count(verdict.Accepted) + r.count(verdict.Rejected); got != 1000 {
			t.Errorf("%d have a verdict after it", got)
		}
	})
}

// A lane that has given up all it had does not forget that Amazon is away. Its
// condition ends, since there is nothing that it holds up.
func TestALaneThatGaveUpStaysInTrouble(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 503}), single, func(o *Options) { o.OnExhausted = DeadLetterExhausted })
		for _, id := range []string{"a", "b", "c"} {
			r.send("p", id)
			r.after(15 * time.Minute)
			if l := r.lane("p"); l.State != LaneIdle || l.Breaker != BreakerHalfOpen || len(r.failing()) != 0 {
				t.Errorf("%+v, failing: %v, with nothing in flight", l, r.failing())
			}
			// A lane without events is no fault to whoever watches the metrics.
			if got := r.laneGauges(); got["breakers closed"] != 1 || got["breakers open"]+got["breakers half-open"] != 0 {
				t.Errorf("%v, with nothing in flight", got)
			}
		}
		if n := r.count(verdict.Rejected); n != 3 {
			t.Errorf("%d of 3 given up", n)
		}
		r.amazon.become(always(ok))
		r.send("p", "d")
		r.after(0)
		if r.verdict("d").Class != verdict.Accepted || len(r.failing()) != 0 {
			t.Errorf("failing: %v", r.failing())
		}
		if n := strings.Count(r.log.String(), `"condition":`); n != 8 {
			t.Errorf("%d lines about conditions, want 2 for each of four events a quarter of an hour apart:\n%s", n, r.log)
		}
	})
}

// What is not Amazon's answer, and what a profile may not do, is no reason to
// give an event up for being tried too often.
func TestOnlyFaultsOfAmazonsExhaust(t *testing.T) {
	for name, answer := range map[string]func(call) reply{
		"foreign": always(reply{status: 200, body: webPage}),
		"refused": always(reply{status: 403}),
		"401":     always(reply{status: 401}),
		"403 and 503 in turn": func(c call) reply {
			return reply{status: []int{403, 503}[c.n%2]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, answer, single, func(o *Options) { o.OnExhausted = DeadLetterExhausted; o.AuthHold = 1000 * time.Hour })
				r.send("p", "a", "b", "c")
				r.after(time.Hour)
				if len(r.classes()) != 0 {
					t.Errorf("%v", r.classes())
				}
			})
		})
	}
}
