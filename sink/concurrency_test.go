package sink

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// slowly answers well after a second.
var slowly = reply{status: 200, delay: time.Second}

// single makes each event a batch of its own, sent at once.
func single(o *Options) { o.BatchEvents, o.Linger = 1, -1 }

// grown is a rig whose lane p has grown to its full window of 8.
func grown(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	r := newRig(t, always(ok), append([]func(*Options){single}, change...)...)
	r.amazon.become(always(reply{status: 200, delay: time.Millisecond}))
	r.send("p", numbered("warm", 100*r.sink.opts.BatchEvents)...)
	r.after(2 * time.Second)
	if l := r.lane("p"); l.Concurrency != 8 || l.State != LaneIdle {
		t.Fatalf("after 100 good answers: %+v", l)
	}
	r.amazon.mostOf("p")
	r.verdicts = nil
	return r
}

func TestConcurrencyGrowsWhileAmazonAnswersWell(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(slowly), single)
		r.send("p", numbered("e", 60)...)
		var windows []int
		for range 12 {
			synctest.Wait()
			windows = append(windows, r.lane("p").Requests)
			r.after(time.Second)
		}
		if diff := cmp.Diff([]int{1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 0}, windows); diff != "" {
			t.Errorf("requests in flight, second by second (-want +got):\n%s", diff)
		}
		if got := r.count(verdict.Accepted); got != 60 {
			t.Errorf("%d accepted", got)
		}
	})
}

func TestConcurrencyHasABound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(slowly), single, func(o *Options) { o.LaneConcurrency = 3 })
		r.send("p", numbered("e", 100)...)
		r.after(time.Minute)
		if most := r.amazon.mostOf("p"); most != 3 || r.count(verdict.Accepted) != 100 {
			t.Errorf("%d at once and %d accepted, want 3 and 100", most, r.count(verdict.Accepted))
		}
	})
}

// Room for more requests is no reason to send less in each.
func TestAFastLaneDoesNotSendHalfEmptyBatches(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t, func(o *Options) { o.BatchEvents, o.Linger = 4, time.Second })
		before := len(r.amazon.all())
		for i := range 10 {
			r.send("p", fmt.Sprint("e", i))
			r.after(50 * time.Millisecond)
		}
		r.after(time.Second)
		var sizes []int
		for _, c := range r.amazon.all()[before:] {
			sizes = append(sizes, len(c.ids))
		}
		if diff := cmp.Diff([]int{4, 4, 2}, sizes); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// What says that Amazon has too much to do halves the window once, however many
// requests of it fail.
func TestAWindowThatFailsIsHalvedOnce(t *testing.T) {
	for name, bad := range map[string]reply{
		"429": {status: 429}, "503": {status: 503}, "500": {status: 500},
		"connection": {err: fmt.Errorf("lost")},
		"timeout":    {status: 200, delay: time.Hour},
		"broken off": {status: 200, body: `{"succ`, cut: true},
		"put off":    {status: 207, body: `{"error":[{"index":0,"code":"TOO_MANY_REQUESTS"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := grown(t)
				if bad.delay == 0 {
					bad.delay = time.Second
				}
				r.amazon.become(func(call) reply { return bad })
				r.send("p", numbered("e", 30)...)
				r.after(0)
				if l := r.lane("p"); l.Requests != 8 {
					t.Fatalf("%+v", l)
				}
				r.amazon.become(always(slowly)) // for those that are sent later
				r.after(min(bad.delay, 30*time.Second))
				if l := r.lane("p"); l.Concurrency != 4 || l.State != LaneHeld || l.Breaker != BreakerClosed {
					t.Errorf("%+v: want half the window, and held", l)
				}
				r.amazon.mostOf("p")
				r.after(500 * time.Millisecond)
				if most := r.amazon.mostOf("p"); most != 4 {
					t.Errorf("%d at once afterwards, want 4", most)
				}
				r.after(time.Minute)
				if got := r.count(verdict.Accepted); got != 30 || len(r.box.all()) != 0 {
					t.Errorf("%d accepted, want all 30", got)
				}
				if f := r.failing(); len(f) != 0 {
					t.Errorf("one bad moment is not a row of failures: %v", f)
				}
			})
		})
	}
}

// A request that was on its way before a cut and is answered well afterwards
// does not say that the trouble is over.
func TestGoodNewsFromBeforeACutIsOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t, func(o *Options) { o.MaxAttempts = 1 })
		r.amazon.become(func(c call) reply {
			if c.ids[0] == "e0000" {
				return reply{status: 503, delay: time.Millisecond}
			}
			return reply{status: 200, delay: 3 * time.Second}
		})
		r.send("p", numbered("e", 8)...)
		r.after(2 * time.Second) // e0000 has opened the breaker, the others are on their way
		want := LaneStatus{Profile: "p", Contract: "off-amazon-2023-11-13", State: LaneHeld, Reason: "status 503", Records: 8, Breaker: BreakerOpen, Requests: 7, Concurrency: 1}
		if l := r.lane("p"); !cmp.Equal(want, l, ignoreSince) {
			t.Fatalf("%s", cmp.Diff(want, l, ignoreSince))
		}
		r.after(2 * time.Second)
		want.Records, want.Requests = 1, 0
		if l := r.lane("p"); !cmp.Equal(want, l, ignoreSince) {
			t.Errorf("7 old answers closed the breaker: %s", cmp.Diff(want, l, ignoreSince))
		}
		if len(r.failing()) != 1 {
			t.Errorf("failing: %v", r.failing())
		}
	})
}

var ignoreSince = cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Since" }, cmp.Ignore())

// TestOneProfilesTroubleIsNoOthers compares when each event of a profile is
// accepted with and without another profile in trouble beside it.
func TestOneProfilesTroubleIsNoOthers(t *testing.T) {
	schedule := func(t *testing.T, trouble *reply) (times map[string]time.Duration) {
		bubble(t, func(t *testing.T) {
			r := newRig(t, func(c call) reply {
				if c.profile == "other" {
					return *trouble
				}
				return slowly
			}, single)
			began := time.Now()
			times = map[string]time.Duration{}
			if trouble != nil {
				r.send("other", numbered("x", 500)...)
				r.after(0)
			}
			r.send("p", numbered("e", 200)...)
			for range 120 {
				r.after(time.Second)
				for _, c := range r.classes() {
					if id := strings.Fields(c)[0]; id[0] == 'e' && times[id] == 0 {
						times[id] = time.Since(began)
					}
				}
			}
		})
		return times
	}
	alone := schedule(t, nil)
	if len(alone) != 200 {
		t.Fatalf("%d of 200 accepted", len(alone))
	}
	for name, trouble := range map[string]reply{
		"slow":            {status: 200, delay: 29 * time.Second},
		"hangs":           {status: 200, delay: time.Hour},
		"throttled":       {status: 429, header: map[string]string{"Retry-After": "60"}},
		"down":            {status: 503},
		"refused":         {status: 403},
		"unauthenticated": {status: 401},
		"no connection":   {err: fmt.Errorf("lost")},
		"foreign":         {status: 200, body: webPage},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(alone, schedule(t, &trouble)); diff != "" {
				t.Errorf("when p's events were accepted (-alone +beside it):\n%s", diff)
			}
		})
	}
}

// One id in two batches: the second waits for the first.
func TestAnEventIDIsNeverInFlightTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t)
		r.amazon.become(always(slowly))
		r.send("p", "a", "b", "c", "a", "d", "e")
		r.after(0)
		if l := r.lane("p"); l.Requests != 3 {
			t.Errorf("%+v: want a, b and c in flight", l)
		}
		r.after(time.Second)
		if l := r.lane("p"); l.Requests != 3 {
			t.Errorf("%+v: want a, d and e in flight", l)
		}
		r.after(time.Second)
		if got := r.count(verdict.Accepted); got != 6 || len(r.amazon.twice) != 0 {
			t.Errorf("%d accepted, %v in flight twice", got, r.amazon.twice)
		}
		if l := r.sink.lanes["p"][0]; len(l.claims) != 0 {
			t.Errorf("claims are left: %+v", l.claims)
		}
	})
}

// An answer that has events sent again wakes the lane, though it waits for a
// batch to fill.
func TestALaneThatLingersSendsAgainAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t, func(o *Options) { o.BatchEvents, o.Linger = 4, time.Hour })
		r.amazon.become(judge(422, bad))
		slow := r.amazon.answer
		r.amazon.become(func(c call) reply { rep := slow(c); rep.delay = time.Second; return rep })
		r.send("p", "a", "b", "bad", "d")
		r.send("p", "lingers")
		r.after(3 * time.Second)
		if diff := cmp.Diff([]string{"a accepted 2", "b accepted 2", "bad rejected 3", "d accepted 3"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if l := r.lane("p"); l.State != LaneBatching || l.Records != 1 {
			t.Errorf("%+v", l)
		}
	})
}

// Halves of one batch share their memory, and are in flight together.
func TestHalvesAreInFlightTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t, func(o *Options) { o.BatchEvents = 64 })
		r.amazon.become(func(c call) reply {
			if slices.ContainsFunc(c.ids, bad) {
				return reply{status: 422, body: `{"code":"BAD","message":"m"}`, delay: time.Second}
			}
			return slowly
		})
		r.amazon.mostOf("p")
		ids := numbered("e", 64)
		ids[5], ids[40] = "bad5", "bad40"
		first := len(r.amazon.all())
		r.send("p", ids...)
		r.after(8 * time.Second)
		if a, x := r.count(verdict.Accepted), r.count(verdict.Rejected); a != 62 || x != 2 {
			t.Fatalf("%d accepted and %d rejected in the time of 7 requests, want 62 and 2", a, x)
		}
		if most := r.amazon.mostOf("p"); most < 4 {
			t.Errorf("%d at once: the halves went one after the other", most)
		}
		calls := r.amazon.all()[first:]
		for _, c := range calls {
			for id, raw := range c.events {
				if raw != calls[0].events[id] {
					t.Fatalf("event %s changed its bytes", id)
				}
			}
		}
	})
}

// Many requests answered 401 for one token renew it once.
func TestAWindowOf401sRenewsTheTokenOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t)
		r.amazon.become(func(c call) reply {
			if c.token == "Atza|secret-1" {
				// One after the other, so that late ones come after new requests.
				return reply{status: 401, delay: time.Duration(c.n%8) * time.Second}
			}
			return slowly
		})
		r.send("p", numbered("e", 20)...)
		r.after(time.Minute)
		if got := r.count(verdict.Accepted); got != 20 {
			t.Errorf("%d accepted, want 20: %v", got, r.failing())
		}
		if r.tokens.rejected != 1 {
			t.Errorf("%d renewals, want 1", r.tokens.rejected)
		}
		if l := r.lane("p"); l.Concurrency != 8 {
			t.Errorf("%+v: an expired token is nobody's overload", l)
		}
		for _, v := range r.verdicts {
			if v.Attempts > 2 {
				t.Errorf("%s took %d attempts", v.EventID, v.Attempts)
			}
		}
	})
}

// A late answer about an old token must not stop what goes on with the new one,
// nor bring the old one back.
func TestALate401IsAboutAnOldToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t)
		r.amazon.become(func(c call) reply {
			switch {
			case c.ids[0] == "late" && c.token == "Atza|secret-1":
				return reply{status: 401, delay: 20 * time.Second}
			case c.token == "Atza|secret-1":
				return reply{status: 401}
			case c.token == "Atza|secret-2" && c.ids[0] == "second":
				return reply{status: 401}
			}
			return ok
		})
		r.send("p", "late", "first")
		r.after(time.Second)
		r.send("p", "second") // refused with the second token: a third is fetched
		r.after(time.Second)
		r.after(20 * time.Second)
		if got := r.count(verdict.Accepted); got != 3 {
			t.Errorf("%v, failing %v", r.classes(), r.failing())
		}
		if r.tokens.rejected != 2 {
			t.Errorf("%d renewals, want 2", r.tokens.rejected)
		}
		calls := r.amazon.all()
		if last := calls[len(calls)-1]; last.ids[0] != "late" || last.token != "Atza|secret-3" {
			t.Errorf("%s went with %s", last.ids[0], last.token)
		}
	})
}

func TestCloseWaitsForAWholeWindow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t)
		r.amazon.become(func(c call) reply {
			if c.n%2 == 0 {
				return reply{status: 503, delay: 2 * time.Second}
			}
			return reply{status: 200, delay: 3 * time.Second}
		})
		r.send("p", numbered("e", 30)...)
		r.after(0)
		before := len(r.amazon.all())
		took, err := r.closing(time.Minute)
		if err != nil || took != 3*time.Second {
			t.Errorf("took %s, %v; want as long as the slowest request", took, err)
		}
		if n := len(r.amazon.all()); n != before {
			t.Errorf("%d requests began while it was closing", n-before)
		}
		if got := r.count(verdict.Accepted); got != 4 {
			t.Errorf("%d accepted, want 4", got)
		}
		if l := r.lane("p"); l.Records != 26 {
			t.Errorf("%+v: want 26 records undecided", l)
		}
	})
}

func TestAnEndedAssignmentsEventsInFlightAreNotSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t)
		r.amazon.become(always(reply{status: 503, delay: time.Second}))
		r.send("p", numbered("old", 12)...)
		r.after(0)
		r.owner.end()
		r.sink.Sweep()
		if l := r.lane("p"); l.Records != 8 {
			t.Errorf("%+v: want the 8 in flight", l)
		}
		before := len(r.amazon.all())
		r.after(time.Minute)
		if n := len(r.amazon.all()); n != before {
			t.Errorf("%d requests for events of an assignment that has ended", n-before)
		}
		if l := r.lane("p"); l.State != LaneIdle || l.Records != 0 || l.Requests != 0 {
			t.Errorf("%+v", l)
		}
	})
}

// While Login with Amazon is away one goroutine of the lane waits, and the others
// have ended.
func TestAGrownLaneWaitsForATokenOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		tokens := &countingTokens{lateTokens: lateTokens{ready: make(chan struct{})}}
		r := newRig(t, always(ok), single, func(o *Options) { o.Tokens = tokens })
		way, _ := r.sink.router.Route("p", "US")
		r.sink.lanes["p"] = []*lane{newLane(r.sink, "p", way, time.Now())}
		widen(r.sink.lanes["p"][0], 8)
		r.send("p", numbered("e", 50)...)
		r.after(time.Hour)
		if n := tokens.waiting.Load(); n != 1 {
			t.Errorf("%d wait for a token, want 1", n)
		}
		if l := r.lane("p"); l.State != LaneHeld || !strings.Contains(l.Reason, "token") {
			t.Errorf("%+v", l)
		}
		close(tokens.ready)
		r.after(0)
		if got := r.count(verdict.Accepted); got != 50 {
			t.Errorf("%d accepted", got)
		}
	})
}
