package sink

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// holdFor sets the hold, with batches that go at once.
func holdFor(d time.Duration) func(*Options) {
	return func(o *Options) { o.AuthHold, o.Linger = d, -1 }
}

// The hold counts an unbroken row of refusals. Whatever else came in between says
// that the profile's access is not all that is wrong, and a fault of somebody
// else's must not use the hold up.
func TestTheHoldBeginsAnewAfterAnythingElse(t *testing.T) {
	const hold = 15 * time.Second
	for name, between := range map[string]reply{
		"503":            {status: 503},
		"500":            {status: 500},
		"429":            {status: 429, header: map[string]string{"Retry-After": "3"}},
		"a lost request": {err: errSilence},
		"a timeout":      {status: 200, delay: time.Hour},
		"half an answer": {status: 200, body: `{"success":[`, cut: true},
		"a web page":     {status: 200, body: webPage},
		"all put off":    {status: 207, body: `{"success":[],"error":[{"index":0,"code":"TOO_MANY_REQUESTS"}]}`},
		"nothing said":   {status: 207, body: `{"success":[],"error":[]}`},
	} {
		for _, refusal := range []int{401, 403} {
			t.Run(fmt.Sprintf("%d and %s", refusal, name), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					r := newRig(t, always(reply{status: refusal}), holdFor(hold), func(o *Options) { o.RequestTimeout = 5 * time.Second })
					r.send("p", "a")
					r.after(2 * time.Second)
					r.amazon.become(always(between))
					r.after(24 * time.Second)
					before := len(r.amazon.all())
					r.amazon.become(always(reply{status: refusal}))
					for len(r.amazon.all()) == before {
						r.after(time.Second)
					}
					r.after(hold - 2*time.Second)
					if got := r.classes(); len(got) > 0 {
						t.Fatalf("%v: the hold went on counting through %s", got, name)
					}
					r.after(3 * hold)
					if got := r.count(verdict.Auth); got != 1 {
						t.Errorf("%d dead-lettered by a row of refusals longer than the hold, want 1", got)
					}
				})
			})
		}
	}
}

// A profile whose events have become dead letters gets another hold, too, once
// something else has happened to it.
func TestASentenceEndsWithTheRow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 403}), holdFor(15*time.Second))
		r.send("p", "a")
		r.after(time.Minute)
		r.send("p", "b")
		r.after(time.Second)
		if got := r.count(verdict.Auth); got != 2 {
			t.Fatalf("%d dead-lettered, want both", got)
		}
		r.amazon.become(always(reply{status: 503}))
		r.send("p", "c")
		r.after(2 * time.Second)
		r.amazon.become(always(reply{status: 403}))
		r.after(10 * time.Second)
		if got := r.count(verdict.Auth); got != 2 {
			t.Errorf("%v: after a 503 the first refusal was the last", r.classes())
		}
	})
}

// Nor are refusals hours apart one row.
func TestASentenceLapses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 403}), holdFor(2*time.Minute))
		r.send("p", "a")
		r.after(5 * time.Minute)
		r.send("p", "b")
		r.after(time.Second)
		if got := r.count(verdict.Auth); got != 1 {
			t.Errorf("%v: three minutes after the last refusal the next event got no hold", r.classes())
		}
	})
}

// While there is no token nobody is refused.
func TestTheHoldBeginsAnewAfterATokenFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hold = 15 * time.Second
		tokens := &switchedTokens{ready: make(chan struct{})}
		close(tokens.ready)
		r := newRig(t, always(reply{status: 403}), holdFor(hold), func(o *Options) { o.Tokens = tokens })
		r.send("p", "a")
		r.after(2 * time.Second)
		tokens.away()
		r.after(24 * time.Second)
		before := len(r.amazon.all())
		tokens.back()
		r.after(hold - time.Second)
		if n := len(r.amazon.all()); n <= before {
			t.Fatalf("nothing was sent with the new token")
		}
		if got := r.classes(); len(got) > 0 {
			t.Errorf("%v: the hold went on counting while there was no token", got)
		}
		r.after(hold)
		if got := r.count(verdict.Auth); got != 1 {
			t.Errorf("%d dead-lettered after the hold, want 1", got)
		}
	})
}

// A pause and another account begin anew, and other limits do not.
func TestTheHoldAndTheAccountsFile(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*exchange.RouteOptions)
		anew   bool
	}{
		"a pause":        {func(o *exchange.RouteOptions) { o.Paused = true }, true},
		"another client": {func(o *exchange.RouteOptions) { o.ClientID = "other" }, true},
		"other limits":   {func(o *exchange.RouteOptions) { o.BatchEvents = 7 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccount("a", false)
				r, tab := tableRig(t, always(reply{status: 403}), map[string]*exchange.Routes{"1": routesOf(t, a)})
				r.send("1", "x")
				r.after(time.Minute)
				tab.set("1", routesOf(t, a, tt.change))
				r.sink.Reroute()
				r.after(40 * time.Second)
				tab.set("1", routesOf(t, a))
				r.sink.Reroute()
				r.after(time.Minute)
				if got := r.count(verdict.Auth) == 0; got != tt.anew {
					t.Errorf("%v after %s", r.classes(), name)
				}
			})
		})
	}
}

// The condition of a profile whose events have become dead letters does not stay
// for ever: nothing is left that it holds up.
func TestAnIdleLanesConditionEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		bad    reply
		policy ExhaustedPolicy
	}{
		"refused":   {reply{status: 403}, HoldExhausted},
		"exhausted": {reply{status: 503}, DeadLetterExhausted},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, always(tt.bad), holdFor(20*time.Second), func(o *Options) { o.OnExhausted = tt.policy })
				r.send("p", "a")
				for len(r.classes()) == 0 {
					r.after(time.Second)
				}
				if f := r.failing(); len(f) != 1 {
					t.Fatalf("failing: %v, when its events have just become dead letters", f)
				}
				r.after(conditionLinger + time.Second)
				if f := r.failing(); len(f) != 0 {
					t.Errorf("failing: %v, with nothing in flight", f)
				}
				r.send("p", "b")
				r.after(time.Second)
				if f := r.failing(); len(f) != 1 {
					t.Errorf("failing: %v, with an event that is refused again", f)
				}
			})
		})
	}
}

// Events that come now and then do not turn the condition on and off.
func TestALanesConditionOutlastsShortQuiet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 403}), holdFor(-1))
		for i := range 20 {
			r.send("p", fmt.Sprint("e", i))
			r.after(conditionLinger / 2)
		}
		if n := strings.Count(r.log.String(), "condition failing"); n != 1 {
			t.Errorf("the condition began to fail %d times, want once:\n%s", n, r.log)
		}
		r.after(conditionLinger)
		if f := r.failing(); len(f) != 0 {
			t.Errorf("failing: %v", f)
		}
	})
}

// No lane that has events is forgotten, whatever it is waiting for.
func TestALaneWithEventsIsNotForgotten(t *testing.T) {
	a := newAccount("a", false)
	for name, tt := range map[string]struct {
		answer func(call) reply
		change func(*exchange.RouteOptions)
		want   int
	}{
		"paused":  {always(ok), func(o *exchange.RouteOptions) { o.Paused = true }, 0},
		"refused": {always(reply{status: 403}), func(*exchange.RouteOptions) {}, 0},
		"failing": {always(reply{status: 503}), func(*exchange.RouteOptions) {}, 0},
		"put off": {always(reply{status: 207, body: `{"success":[],"error":[{"index":0,"code":"TOO_MANY_REQUESTS"}]}`, header: map[string]string{"Retry-After": "200"}}), func(*exchange.RouteOptions) {}, 0},
		"hanging": {always(reply{status: 200, delay: 20 * time.Hour}), func(*exchange.RouteOptions) {}, 0},
	} {
		for early, idle := range map[string]time.Duration{"": laneIdle, " among too many": 0} {
			t.Run(name+early, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tab := &table{by: map[string]*exchange.Routes{"1": routesOf(t, a, tt.change), "2": routesOf(t, a)}}
					r := newRig(t, func(c call) reply {
						if c.profile == "2" {
							return ok
						}
						return tt.answer(c)
					}, holdFor(100*time.Hour), func(o *Options) {
						o.Router, o.BaseURL, o.ClientID, o.Tokens, o.RequestTimeout = tab, "", "", nil, 10*time.Hour
					})
					r.send("1", "x")
					r.after(2 * laneIdle)
					r.sink.mu.Lock()
					r.sink.forgetIdle(time.Now(), idle)
					r.sink.mu.Unlock()
					r.send("2", "y") // which looks for idle lanes, too
					r.after(time.Minute)
					if l := r.lane("1"); l.Records != 1 {
						t.Fatalf("the lane is %+v: want it there with its event", l)
					}
					r.amazon.become(always(ok))
					tab.set("1", routesOf(t, a))
					r.sink.Reroute()
					r.after(11 * time.Hour)
					if diff := cmp.Diff(verdict.Accepted, r.verdict("x").Class); diff != "" {
						t.Errorf("once it could be sent (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// switchedTokens has a token while ready is closed.
type switchedTokens struct {
	mu    sync.Mutex
	ready chan struct{}
}

func (s *switchedTokens) away() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = make(chan struct{})
}

func (s *switchedTokens) back() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.ready)
}

func (s *switchedTokens) Token(ctx context.Context, _ login.AccessToken) (login.AccessToken, error) {
	s.mu.Lock()
	late := lateTokens{s.ready}
	s.mu.Unlock()
	return late.Token(ctx, login.AccessToken{})
}

// The way may change just as a lane begins to wait for a token of the old one.
func TestAWayThatChangesAsATokenIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, good := newAccount("dead", true), newAccount("good", false)
		tab := &table{by: map[string]*exchange.Routes{"1": routesOf(t, dead)}}
		r := newRig(t, always(ok), func(o *Options) { o.Router, o.BaseURL, o.ClientID, o.Tokens, o.Linger = tab, "", "", nil, time.Hour })
		r.send("1", "x")
		l := r.sink.lanes["1"][0]
		old := l.route
		tab.set("1", routesOf(t, good))
		r.sink.Reroute()
		// What a goroutine does that asked for the way before.
		_, cancel := context.WithCancel(context.Background())
		defer cancel()
		if l.waits(old, cancel) {
			t.Fatal("the lane waits for a token of a way that it has left")
		}
		r.after(time.Second)
		if s := r.lane("1"); s.State != LaneBatching || l.tokenless() || l.unwait != nil {
			t.Errorf("%+v: want it to wait for no token", s)
		}
		r.sink.Hurry()
		r.after(time.Second)
		if r.verdict("x").Class != verdict.Accepted {
			t.Error("Hurry did nothing")
		}
	})
}

// Whatever comes in whatever order, an event becomes a dead letter of class auth only
// after refusals alone for as long as the hold.
func TestOnlyUnbrokenRefusalCondemns(t *testing.T) {
	others := []reply{
		{status: 503}, {status: 500}, {status: 429, header: map[string]string{"Retry-After": "2"}}, {err: errSilence}, {status: 200, delay: time.Hour},
		{status: 302}, {status: 407}, {status: 499}, {status: 200, body: webPage}, {status: 200, body: `{"success":false}`}, {status: 200, body: `{"success":[`, cut: true},
		{status: 207, body: `{"success":[],"error":[{"index":0,"code":"CONFLICT"}]}`}, {status: 503, header: map[string]string{"Content-Encoding": "exi"}, body: "x"}, ok,
	}
	refusals := []reply{{status: 403}, {status: 401}, {status: 403, body: `{"code":"FORBIDDEN","message":"m"}`}, {status: 200, body: `{"status":403}`}, {status: 200, body: `{"__type":"AccessDeniedException"}`}}
	rapid.Check(t, func(rt *rapid.T) {
		hold := time.Duration(rapid.IntRange(5, 40).Draw(rt, "hold")) * time.Second
		rarely := rapid.IntRange(1, 12).Draw(rt, "rarely") // something else than a refusal
		kinds := rapid.SliceOfN(rapid.IntRange(0, 1<<16), 300, 300).Draw(rt, "answers")
		answer := func(c call) (rep reply, refused bool) {
			k := kinds[c.n%len(kinds)]
			if k%(rarely+1) == 0 {
				return others[k/(rarely+1)%len(others)], false
			}
			return refusals[k/(rarely+1)%len(refusals)], true
		}
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, func(c call) reply { rep, _ := answer(c); return rep },
				holdFor(hold), func(o *Options) { o.RequestTimeout = 3 * time.Second; o.BatchEvents = 1 })
			// longest is for how long there have been refusals alone until now, in the order
			// of sending: a late answer to an earlier request is old news. Of what is
			// sent at the same instant, any may be first.
			longest := func() (d time.Duration) {
				refusedAt, otherAt := map[time.Time]bool{}, map[time.Time]bool{}
				for _, c := range r.amazon.all() {
					if _, refused := answer(c); refused {
						refusedAt[c.at] = true
					} else {
						otherAt[c.at] = true
					}
				}
				breaks := slices.Collect(maps.Keys(otherAt))
				for last := range refusedAt {
					if time.Since(last) > 2*time.Second {
						continue
					}
					first := last
					for at := range refusedAt {
						broken := func(other time.Time) bool { return other.After(at) && other.Before(last) }
						if at.Before(first) && !slices.ContainsFunc(breaks, broken) {
							first = at
						}
					}
					d = max(d, last.Sub(first))
				}
				return d
			}
			known := 0
			for i := range 240 {
				if i%10 == 0 {
					r.send("p", fmt.Sprint("e", i))
				}
				r.after(time.Second)
				if n := r.count(verdict.Auth); n > known {
					known = n
					if d := longest(); d < hold {
						rt.Errorf("a dead letter after refusals alone for %s, hold %s", d, hold)
						return
					}
				}
			}
		})
	})
}
