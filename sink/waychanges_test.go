package sink

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// However a profile is paused, resumed, given another account, or left without a
// token, and whatever Amazon answers meanwhile, no event of it is forgotten: once it
// has a way that works, all are accepted, and no condition is left behind.
func TestEventsOutlastEveryChangeOfTheirWay(t *testing.T) {
	answers := []reply{ok, ok, {status: 503}, {status: 429, header: map[string]string{"Retry-After": "7"}}, {status: 403}, {status: 200, delay: 20 * time.Second}, {status: 200, body: `{"success":false}`}}
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 8), 1, 25).Draw(rt, "steps")
		pauses := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 3, 30, 700, 4000}), len(steps), len(steps)).Draw(rt, "pauses")
		kinds := rapid.SliceOfN(rapid.IntRange(0, len(answers)-1), len(steps), len(steps)).Draw(rt, "answers")
		stop := rapid.Bool().Draw(rt, "stop while paused")
		synctest.Test(t, func(t *testing.T) {
			good, other, dead := newAccount("good", false), newAccount("other", false), newAccount("dead", true)
			paused := func(o *exchange.RouteOptions) { o.Paused = true }
			ways := []*exchange.Routes{routesOf(t, good), routesOf(t, good, paused), routesOf(t, other), routesOf(t, other, paused), routesOf(t, dead), routesOf(t, dead, paused)}
			r, tab := tableRig(t, always(ok), map[string]*exchange.Routes{"1": ways[0]})
			r.sink.policy.AuthHold = 10_000 * time.Hour
			sent := 0
			for i, step := range steps {
				r.amazon.become(always(answers[kinds[i]]))
				switch {
				case step < len(ways):
					tab.set("1", ways[step])
					r.sink.Reroute()
				case step == 6:
					r.sink.Hurry()
					r.sink.mu.Lock()
					r.sink.forgetIdle(time.Now(), 0)
					r.sink.mu.Unlock()
				default:
					sent++
					r.send("1", fmt.Sprint("e", sent))
				}
				r.after(time.Duration(pauses[i]) * time.Second)
			}
			if stop {
				tab.set("1", ways[1])
				r.sink.Reroute()
				r.after(time.Minute) // what is in flight
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := r.sink.Close(ctx); err != nil || time.Since(began) > 0 {
					rt.Errorf("to close with a paused lane took %s: %v", time.Since(began), err)
				}
				return
			}
			r.amazon.become(always(ok))
			tab.set("1", ways[0])
			r.sink.Reroute()
			r.after(10 * time.Minute)
			if n := r.count(verdict.Accepted); n != sent || len(r.classes()) != sent {
				rt.Errorf("%d of %d events were accepted: %v", n, sent, r.classes())
			}
			if f := r.failing(); len(f) != 0 {
				rt.Errorf("failing: %v", f)
			}
		})
	})
}
