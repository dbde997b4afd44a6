package sink

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// judge answers like an Amazon that refuses requests as a whole if an event in
// them is bad.
func judge(status int, bad func(id string) bool) func(call) reply {
	return func(c call) reply {
		if slices.ContainsFunc(c.ids, bad) {
			return reply{status: status, body: fmt.Sprintf(`{"code":"CODE_%d","message":"something in here is bad"}`, status)}
		}
		return ok
	}
}

func TestARefusedBatchIsNarrowedDownToTheBadEvent(t *testing.T) {
	for _, status := range []int{400, 404, 409, 413, 418, 422} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, judge(status, func(id string) bool { return id == "e0123" || id == "e0400" }), func(o *Options) { o.Linger = -1 })
				r.send("p", numbered("e", 500)...)
				r.after(0) // without waiting
				if a, x := r.count(verdict.Accepted), r.count(verdict.Rejected); a != 498 || x != 2 {
					t.Fatalf("%d accepted and %d rejected, want 498 and 2", a, x)
				}
				for _, id := range []string{"e0123", "e0400"} {
					v := r.verdict(id)
					if v.Class != verdict.Rejected || v.Status != status || v.Code != fmt.Sprintf("CODE_%d", status) || v.Attempts < 2 {
						t.Errorf("%s: %+v", id, v)
					}
				}
				if n := len(r.amazon.all()); n > 2*2*10 {
					t.Errorf("%d requests to find two events among 500", n)
				}
				first := r.amazon.all()[0].events
				for _, c := range r.amazon.all() {
					for id, raw := range c.events {
						if raw != first[id] {
							t.Fatalf("event %s changed its bytes", id)
						}
					}
				}
				if diff := cmp.Diff([]string{}, r.failing()); diff != "" {
					t.Errorf("failing (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestABatchOfBadEventsEndsInDeadLettersOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, judge(422, func(string) bool { return true }), func(o *Options) { o.Linger = -1 })
		r.send("p", numbered("e", 33)...)
		r.after(0)
		if x := r.count(verdict.Rejected); x != 33 || len(r.box.all()) != 33 {
			t.Errorf("%d rejected, %d letters, want 33", x, len(r.box.all()))
		}
	})
}

func TestItemsSettleOnTheirOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(
			reply{status: 207, body: `{"success":[{"index":0}],"error":[
				{"index":1,"errors":[{"code":"INVALID_USER_INFO","message":"bad","fieldLocation":"events[1].userInfo.madid"}]},
				{"index":2,"errors":[{"code":"TOO_MANY_REQUESTS"}]},{"index":9,"code":"X"}]}`},
			ok,
		), func(o *Options) { o.Linger = -1 })
		r.send("p", "taken", "bad", "later", "unsaid")
		r.after(0)
		if diff := cmp.Diff([]string{"bad rejected 1", "taken accepted 1"}, r.classes()); diff != "" {
			t.Fatalf("what is decided must not wait for the rest (-want +got):\n%s", diff)
		}
		if why := r.box.why("bad"); why != (verdict.Reason{Class: verdict.Rejected, Status: 207, Code: "INVALID_USER_INFO", Field: "userInfo.madid", Message: "bad"}) {
			t.Errorf("%+v", why)
		}
		// The lane is well and goes on meanwhile.
		r.send("p", "next")
		r.after(0)
		if r.verdict("next").Class != verdict.Accepted {
			t.Error("events that were put off held up the next batch")
		}
		r.after(time.Second)
		if diff := cmp.Diff([]string{"bad rejected 1", "later accepted 2", "next accepted 1", "taken accepted 1", "unsaid accepted 2"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		calls := r.amazon.all()
		if diff := cmp.Diff([]string{"later", "unsaid"}, calls[2].ids); diff != "" {
			t.Errorf("sent again (-want +got):\n%s", diff)
		}
		for _, id := range calls[2].ids {
			if calls[2].events[id] != calls[0].events[id] {
				t.Errorf("%s was sent again with other bytes", id)
			}
		}
		if got := r.metric(r.sink.metrics.unsaid); got != 1 {
			t.Errorf("%v unknown items, want 1", got)
		}
	})
}

func TestARefusalThatNamesItemsIsNotHalved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(reply{status: 422, body: `{"error":[{"index":1,"code":"BAD"}]}`}, ok), func(o *Options) { o.Linger = -1 })
		r.send("p", "a", "b", "c", "d")
		r.after(0)
		if diff := cmp.Diff([]string{"a accepted 2", "b rejected 1", "c accepted 2", "d accepted 2"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if n := len(r.amazon.all()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
}

func TestContradictionsAreDeadLettersAndNotLosses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(reply{status: 207, body: `{"success":[{"index":0}],"error":[{"index":0,"code":"BAD"}]}`}))
		r.send("p", "a")
		r.after(time.Second)
		if diff := cmp.Diff([]string{"a rejected 1"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if got := r.metric(r.sink.metrics.contradictions); got != 1 {
			t.Errorf("%v contradictions", got)
		}
	})
}

func TestItemsThatAreTooLargeAreSplit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		// Takes requests of one event only, and not even those for "huge".
		r := newRig(t, func(c call) reply {
			var entries []string
			for i, id := range c.ids {
				if len(c.ids) > 1 || id == "huge" {
					entries = append(entries, fmt.Sprintf(`{"index":%d,"errors":[{"code":"CONTENT_TOO_LARGE","message":"m"}]}`, i))
				}
			}
			if len(entries) == 0 {
				return ok
			}
			return reply{status: 207, body: `{"success":[],"error":[` + strings.Join(entries, ",") + `]}`}
		}, func(o *Options) { o.Linger = -1 })
		r.send("p", "a", "b", "huge", "c", "d")
		r.after(0)
		if r.count(verdict.Accepted) != 4 || r.count(verdict.Rejected) != 1 {
			t.Errorf("%v", r.classes())
		}
		if v := r.verdict("huge"); v.Code != "CONTENT_TOO_LARGE" {
			t.Errorf("%+v", v)
		}
	})
}

// One event that Amazon puts off for ever must not stop its profile.
func TestAnEventThatIsPutOffForEverHoldsUpNoOther(t *testing.T) {
	for _, alone := range []bool{true, false} {
		t.Run(fmt.Sprintf("alone=%v", alone), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, func(c call) reply {
					for i, id := range c.ids {
						if id == "poison" {
							var taken []string
							for j := range c.ids {
								if j != i {
									taken = append(taken, fmt.Sprintf(`{"index":%d}`, j))
								}
							}
							return reply{status: 207, body: fmt.Sprintf(`{"success":[%s],"error":[{"index":%d,"code":"INTERNAL_ERROR"}]}`, strings.Join(taken, ","), i)}
						}
					}
					return ok
				}, func(o *Options) { o.Linger = -1; o.BatchEvents = 10 })
				if alone {
					r.send("p", "poison")
				} else {
					r.send("p", "poison", "beside")
				}
				r.after(0)
				r.send("p", numbered("e", 30)...)
				r.after(30 * time.Second)
				want := 30
				if !alone {
					want++
				}
				if got := r.count(verdict.Accepted); got != want {
					t.Fatalf("%d accepted, want %d: one bad event stopped the profile", got, want)
				}
				r.after(10 * time.Minute)
				if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "put off 1 event 5 times") {
					t.Errorf("failing: %v", f)
				}
				// Another batch that goes well must not hide it.
				r.send("p", "more")
				r.after(time.Second)
				if len(r.failing()) != 1 {
					t.Errorf("failing: %v", r.failing())
				}
				if len(r.box.all()) != 0 {
					t.Error("it became a dead letter")
				}
				if l := r.lane("p"); l.Records != 1 || l.State != LaneHeld || l.Reason == "" {
					t.Errorf("%+v", l)
				}
				r.amazon.become(always(ok))
				r.after(5 * time.Minute)
				if r.verdict("poison").Class != verdict.Accepted || len(r.failing()) != 0 {
					t.Errorf("failing: %v", r.failing())
				}
				if n := strings.Count(r.log.String(), "\n"); n != 2 {
					t.Errorf("%d log lines, want 2:\n%s", n, r.log)
				}
			})
		})
	}
}

func TestAnEventOverTheLimitIsADeadLetterOfItsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		limit := guide.Limits().EventBytes
		base := len(guide.AppendEvent(nil, purchase()))
		c := purchase()
		c.Name += strings.Repeat("x", limit-base)
		r.feed.Add(verdict.Handle{Owner: r.owner, Seq: 1}, r.record("fits"), c)
		c.EventID, c.Name = "too-large", c.Name+"yyyyyyyyyyyyy"
		r.feed.Add(verdict.Handle{Owner: r.owner, Seq: 2}, r.record("too-large"), c)
		c = purchase()
		c.EventID = "small"
		r.feed.Add(verdict.Handle{Owner: r.owner, Seq: 3}, r.record("small"), c)
		r.feed.Flush()
		r.after(time.Second)
		if diff := cmp.Diff([]string{"ord_10492_purchase accepted 1", "small accepted 1", "too-large validation 0"}, r.classes()); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		for _, call := range r.amazon.all() {
			if len(call.body) > guide.Limits().Bytes {
				t.Errorf("a request of %d bytes", len(call.body))
			}
		}
		if why := r.box.why("too-large"); why.Code != "event_too_large" || !strings.Contains(why.Message, fmt.Sprintf("at most %d KiB", limit/1024)) {
			t.Errorf("%+v: want the limit in the message", why)
		}
	})
}
