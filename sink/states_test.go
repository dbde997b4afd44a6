package sink

import (
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/gate"
)

// TestALaneWalksThroughItsStates has a lane meet what leads from each state to the next,
// and sees what status pages show of it there. TestWalk in package gate walks every
// transition; this shows that what Amazon and operators do makes them.
func TestALaneWalksThroughItsStates(t *testing.T) {
	bubble(t, func(t *testing.T) {
		good := newAccount("good", false)
		way, paused := routesOf(t, good), routesOf(t, good, func(o *exchange.RouteOptions) { o.Paused = true })
		slow := func(r reply) func(call) reply { r.delay = time.Second; return always(r) }
		r, tab := tableRig(t, slow(reply{status: 503}), map[string]*exchange.Routes{"1": way})
		reroute := func(to *exchange.Routes) {
			tab.set("1", to)
			r.sink.Reroute()
		}
		putOff := reply{status: 207, body: `{"success":[{"index":1}],"error":[{"index":0,"code":"TOO_MANY_REQUESTS"}]}`, header: map[string]string{"Retry-After": "17"}}
		for i, step := range []struct {
			do      func()
			want    gate.State
			state   LaneState
			breaker BreakerState
		}{
			{func() { r.send("1", "a", "b") }, gate.Backing, LaneHeld, BreakerClosed},
			{func() {}, gate.Retrying, LaneSending, BreakerClosed},
			{func() { r.amazon.become(slow(ok)) }, gate.Free, LaneIdle, BreakerClosed},
			{func() { r.amazon.become(slow(reply{status: 503})); r.send("1", "c", "d") }, gate.Backing, LaneHeld, BreakerClosed},
			{func() {}, gate.Resting, LaneHeld, BreakerOpen},
			{func() {}, gate.Probing, LaneSending, BreakerHalfOpen},
			{func() {}, gate.Resting, LaneHeld, BreakerOpen}, // the probe failed
			{func() { r.amazon.become(slow(putOff)) }, gate.Delayed, LaneHeld, BreakerClosed},
			{func() { r.amazon.become(slow(ok)) }, gate.Free, LaneHeld, BreakerClosed}, // with what was put off
			{func() { r.amazon.become(slow(reply{status: 403})); r.send("1", "e") }, gate.Resting, LaneHeld, BreakerOpen},
			{func() { reroute(paused) }, gate.Paused, LaneHeld, BreakerClosed},
			{func() { reroute(way) }, gate.Free, LaneSending, BreakerClosed},
			{func() { reroute(nil) }, gate.Astray, LaneSending, BreakerClosed},
		} {
			step.do()
			l := r.sink.lanes["1"][0]
			is := func() gate.State {
				l.mu.Lock()
				defer l.mu.Unlock()
				return l.gate.State(time.Now())
			}
			for waited := 0; is() != step.want && waited < 10_000; waited++ {
				r.after(100 * time.Millisecond)
			}
			s := r.lane("1")
			if got := is(); got != step.want || s.State != step.state || s.Breaker != step.breaker {
				t.Fatalf("step %d: %s, shown as %s with a breaker that is %s; want %s, %s, %s", i+1, got, s.State, s.Breaker, step.want, step.state, step.breaker)
			}
		}
	})
}
