package sink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

func TestA401RenewsTheTokenAndSendsOnceMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if c.token == "Atza|secret-1" {
				return reply{status: 401, body: `{"code":"UNAUTHORIZED","message":"invalid access token"}`}
			}
			return ok
		}, func(o *Options) { o.Linger = -1 })
		r.send("p", "a")
		r.after(0) // at once
		if diff := cmp.Diff([]string{"a accepted 2"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		calls := r.amazon.all()
		if len(calls) != 2 || calls[0].body != calls[1].body {
			t.Errorf("want the same bytes once more, got %d requests", len(calls))
		}
		if diff := cmp.Diff([]string{}, r.failing()); diff != "" {
			t.Errorf("failing (-want +got):\n%s", diff)
		}
	})
}

func TestARefusedProfileIsHeldThenDeadLettered(t *testing.T) {
	for _, status := range []int{401, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, func(c call) reply {
					if c.profile == "good" {
						return ok
					}
					return reply{status: status, body: `{"code":"NO","message":"not for jane@example.com, 10001"}`}
				}, func(o *Options) { o.BatchEvents = 2; o.Linger = -1 })
				began := time.Now()
				r.send("bad", "b1", "b2", "b3")
				r.after(0)
				if f := r.failing(); len(f) != 1 || !strings.HasPrefix(f[0], fmt.Sprintf("lane bad: Amazon refuses the profile: auth %d NO", status)) {
					t.Errorf("failing: %v", f)
				}
				if l := r.lane("bad"); l.State != LaneHeld {
					t.Errorf("%+v", l)
				}
				r.after(time.Minute)
				r.send("good", "g")
				r.after(time.Minute - time.Second)
				if diff := cmp.Diff([]string{"g accepted 1"}, r.classes()); diff != "" {
					t.Fatalf("before the hold is over (-want +got):\n%s", diff)
				}
				probes := 0
				for _, c := range r.amazon.all() {
					if c.profile == "bad" {
						probes++
						if c.ids[0] != "b1" {
							t.Errorf("%v was sent while b1 was the probe", c.ids)
						}
					}
				}
				// A probe answered 401 goes once more with a new token.
				if most := map[int]int{401: 30, 403: 15}[status]; probes < 3 || probes > most {
					t.Errorf("%d probes in two minutes", probes)
				}
				r.after(2 * time.Second)
				if got := r.count(verdict.Auth); got != 3 {
					t.Fatalf("%d events with class auth after the hold, want all 3: %v", got, r.classes())
				}
				v := r.verdict("b3")
				if v.Attempts != 1 || v.Status != status || v.Code != "NO" {
					t.Errorf("the next batch gets one try: %+v", v)
				}
				if m := r.box.why("b3").Message; m == "" || strings.Contains(m, "jane") || strings.Contains(m, "10001") {
					t.Errorf("message %q", m)
				}
				if d := time.Since(began); d > 2*time.Minute+5*time.Second {
					t.Errorf("the hold took %s", d)
				}

				// It stays refused: no new hold.
				r.send("bad", "b4")
				r.after(time.Second)
				if r.verdict("b4").Class != verdict.Auth {
					t.Error("a batch after the hold was held again")
				}

				// A success clears it, and the next refusal begins a new hold.
				r.amazon.become(always(ok))
				r.send("bad", "b5")
				r.after(time.Second)
				if r.verdict("b5").Class != verdict.Accepted || len(r.failing()) != 0 {
					t.Errorf("after access was given: %v, failing %v", r.classes(), r.failing())
				}
				r.amazon.become(always(reply{status: status}))
				r.send("bad", "b6")
				r.after(time.Minute)
				if got := r.count(verdict.Auth); got != 4 {
					t.Errorf("a new refusal did not begin a new hold: %v", r.classes())
				}
			})
		})
	}
}

// A refused profile must not cost every other one its token.
func TestARefusedProfileRenewsTheTokenOnceOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 401}), func(o *Options) { o.AuthHold = -1; o.Linger = -1 })
		r.send("p", "a")
		r.after(time.Second)
		if r.tokens.rejected != 1 || len(r.amazon.all()) != 2 {
			t.Errorf("%d renewals asked for and %d requests, want 1 and 2", r.tokens.rejected, len(r.amazon.all()))
		}
		if v := r.verdict("a"); v.Class != verdict.Auth || v.Attempts != 2 {
			t.Errorf("%+v", v)
		}
	})
}

// After its hold a refused profile's batches come as fast as events do; each may
// not cost a token.
func TestAProfileThatStaysRefusedRenewsNowAndThenOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 401}), func(o *Options) { o.AuthHold = -1; o.Linger = -1; o.BatchEvents = 1 })
		for i := range 300 {
			r.send("p", fmt.Sprint("e", i))
			r.after(100 * time.Millisecond)
		}
		if n := r.tokens.rejected; n < 1 || n > 2 {
			t.Errorf("%d renewals for 300 refused batches in 30 s, want 1 or 2", n)
		}
		if got := r.count(verdict.Auth); got != 300 {
			t.Errorf("%d of 300 dead-lettered", got)
		}
	})
}

// Refusals and faults in turn are neither a row of refusals, which would cost the
// events, nor one of faults.
func TestA503BeginsTheHoldAnew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if c.n%2 == 0 {
				return reply{status: 503}
			}
			return reply{status: 403}
		}, func(o *Options) { o.Linger = -1 })
		r.send("p", "a")
		for range 600 {
			r.after(time.Second)
			if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "refuses the profile") {
				t.Fatalf("failing: %v; 403 and 503 in turn are no row of failures", f)
			}
		}
		if got := r.classes(); len(got) > 0 {
			t.Errorf("%v: the hold counted through each 503", got)
		}
	})
}

// During the hold a 401 may renew the token again: it may have been Login with
// Amazon that gave out bad ones.
func TestAProbeMayRenewTheTokenAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if c.token == "Atza|secret-4" {
				return ok
			}
			return reply{status: 401}
		}, func(o *Options) { o.Linger = -1 })
		r.send("p", "a")
		r.after(time.Minute)
		if diff := cmp.Diff([]string{"a accepted 6"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
