package gate

import (
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/backoff"
)

// policy is one without luck: waits are the steps of the backoff.
func policy() *Policy {
	return &Policy{
		Backoff:     backoff.New(500*time.Millisecond, 30*time.Second, func() float64 { return 0.5 }),
		MaxAttempts: 3, AuthHold: 2 * time.Minute, Timeout: 10 * time.Second,
	}
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// A hold is never shortened: an answer that asks for a second says nothing about one
// that asked for an hour, and the lane's own backoff neither.
func TestTheLongestHoldStands(t *testing.T) {
	for name, shorten := range map[string]func(g *Gate, now time.Time){
		"a short hold":         func(g *Gate, now time.Time) { g.Hold(now, time.Second, "short") },
		"a failure":            func(g *Gate, now time.Time) { g.Fail(policy(), now, 0, "short") },
		"a failure that asks":  func(g *Gate, now time.Time) { g.Fail(policy(), now, time.Second, "short") },
		"a foreign answer":     func(g *Gate, now time.Time) { g.Foreign(policy(), now, time.Second, "short") },
		"a refusal":            func(g *Gate, now time.Time) { g.Refuse(policy(), now, "short") },
		"an answer that fits":  func(g *Gate, _ time.Time) { g.Well() },
		"failures of a batch":  func(g *Gate, _ time.Time) { g.Excuse() },
		"nothing, but waiting": func(g *Gate, now time.Time) { g.State(now) },
	} {
		g := New()
		g.Fail(policy(), noon, time.Hour, "an hour")
		shorten(&g, noon.Add(time.Minute))
		if !g.Until().Equal(noon.Add(time.Hour)) {
			t.Errorf("after %s: held until %v, want an hour", name, g.Until())
		}
		if _, held := g.Held(noon.Add(time.Hour - 1)); !held {
			t.Errorf("after %s: not held at the end of the hour", name)
		}
		if _, held := g.Held(noon.Add(time.Hour)); held {
			t.Errorf("after %s: still held after the hour", name)
		}
	}
}

// A longer hold, and the latest reason, take the place of what was there.
func TestALongerHoldTakesOver(t *testing.T) {
	g := New()
	g.Hold(noon, time.Second, "first")
	g.Hold(noon, time.Minute, "second")
	if why, held := g.Held(noon); !held || why != "second" || !g.Until().Equal(noon.Add(time.Minute)) {
		t.Errorf("held %v by %q until %v, want a minute by the second", held, why, g.Until())
	}
}

// What the server asks for is the least that a failure waits, whether the lane goes on
// or rests.
func TestWhatTheServerAsksForIsTheLeast(t *testing.T) {
	for failures := range 5 {
		for name, fail := range map[string]func(*Gate, time.Duration){
			"failure": func(g *Gate, after time.Duration) { g.Fail(policy(), noon, after, "x") },
			"foreign": func(g *Gate, after time.Duration) { g.Foreign(policy(), noon, after, "x") },
		} {
			after := func(asked time.Duration) time.Duration {
				g := New()
				for range failures {
					g.failures++
				}
				fail(&g, asked)
				return g.Until().Sub(noon)
			}
			own := after(0)
			if own <= 0 {
				t.Fatalf("%s after %d: waits %v by itself", name, failures, own)
			}
			if got := after(own + time.Hour); got != own+time.Hour {
				t.Errorf("%s after %d: waits %v where the server asks for %v", name, failures, got, own+time.Hour)
			}
			if got := after(own / 2); got != own {
				t.Errorf("%s after %d: waits %v, want its own %v", name, failures, got, own)
			}
		}
	}
}

// The breaker opens with the last attempt of a round, and not before.
func TestALaneRestsWhenItsAttemptsAreUsedUp(t *testing.T) {
	g, p := New(), policy()
	now := noon
	for n := 1; n <= 2*p.MaxAttempts; n++ {
		rests := g.Fail(p, now, 0, "x")
		if want := n >= p.MaxAttempts; rests != want || g.Broken() != want || g.Failures() != n {
			t.Errorf("failure %d: rests %v, broken %v, %d in a row", n, rests, g.Broken(), g.Failures())
		}
		now = g.Until()
		if want := map[bool]State{false: Retrying, true: Probing}[rests]; g.State(now) != want {
			t.Errorf("failure %d: %v after its hold, want %v", n, g.State(now), want)
		}
	}
	if !g.Troubled() {
		t.Error("no trouble is known")
	}
	if g.Well(); g.Troubled() || g.Failures() != 0 || g.State(now) != Free {
		t.Errorf("after an answer about events: %v, %d failures", g.State(now), g.Failures())
	}
}

// A profile is refused for as long as the hold, asked for all the time, and its events
// wait until then and no longer.
func TestRefusalsLastForTheHold(t *testing.T) {
	g, p := New(), policy()
	now := noon
	for g.Refuse(p, now, "forbidden") {
		if !g.Refused() || g.Sentenced() || !g.Broken() {
			t.Fatalf("at %v: refused %v, sentenced %v, broken %v", now.Sub(noon), g.Refused(), g.Sentenced(), g.Broken())
		}
		if !g.Until().After(now) || g.Until().After(noon.Add(p.AuthHold)) {
			t.Fatalf("at %v: the next probe is at %v", now.Sub(noon), g.Until().Sub(noon))
		}
		now = g.Until()
	}
	if took := now.Sub(noon); took != p.AuthHold || !g.Sentenced() {
		t.Errorf("given up after %v, sentenced %v; want %v", took, g.Sentenced(), p.AuthHold)
	}
	if g.Well(); g.Refused() || g.Sentenced() {
		t.Error("an answer about events leaves the row of refusals")
	}
}

// A fault of another kind ends the row of refusals: it must not use up the hold.
func TestAnotherFaultEndsTheRow(t *testing.T) {
	for name, other := range map[string]func(*Gate){
		"failure": func(g *Gate) { g.Fail(policy(), noon, 0, "x") },
		"foreign": func(g *Gate) { g.Foreign(policy(), noon, 0, "x") },
		"end":     func(g *Gate) { g.EndRow() },
		"follow":  func(g *Gate) { g.Follow(noon) },
		"pause":   func(g *Gate) { g.Pause(noon) },
		"stray":   func(g *Gate) { g.Stray(noon) },
	} {
		g := New()
		g.Refuse(policy(), noon, "forbidden")
		if other(&g); g.Refused() {
			t.Errorf("%s: the row goes on", name)
		}
	}
	g := New()
	for range 3 {
		g.Fail(policy(), noon, 0, "x")
	}
	if g.Refuse(policy(), noon, "forbidden"); g.Failures() != 0 {
		t.Errorf("a refusal leaves %d failures in a row", g.Failures())
	}
}

// Another way ends the hold of the old one at once, and what of the old way is still
// to come changes nothing.
func TestAnotherWayEndsTheHold(t *testing.T) {
	for name, c := range map[string]struct {
		turn func(*Gate)
		want State
	}{
		"follow": {func(g *Gate) { g.Follow(noon) }, Free},
		"pause":  {func(g *Gate) { g.Pause(noon) }, Paused},
		"stray":  {func(g *Gate) { g.Stray(noon) }, Astray},
	} {
		g := New()
		g.Bound(4)
		g.Fail(policy(), noon, time.Hour, "x")
		round := g.Round()
		c.turn(&g)
		if g.State(noon) != c.want || !g.Until().Equal(noon) || g.Failures() != 0 || g.Current(round) {
			t.Errorf("%s: %v until %v, %d failures, the old round counts: %v", name, g.State(noon), g.Until(), g.Failures(), g.Current(round))
		}
		if c.want == Free {
			continue
		}
		if g.Hold(noon, time.Hour, "late"); g.Until().After(noon) {
			t.Errorf("%s: an answer about the old way holds it", name)
		}
	}
	g := New()
	g.Pause(noon)
	if g.Slots() != 0 {
		t.Errorf("a paused lane may have %d requests in flight", g.Slots())
	}
}

// A request is marked with the round it is sent in, and says something about the present
// until the lane has changed its mind.
func TestARequestCountsInItsRound(t *testing.T) {
	g, p := New(), policy()
	for name, change := range map[string]func(){
		"failure": func() { g.Fail(p, noon, 0, "x") },
		"foreign": func() { g.Foreign(p, noon, 0, "x") },
		"refusal": func() { g.Refuse(p, noon, "x") },
		"follow":  func() { g.Follow(noon) },
	} {
		round := g.Round()
		if !g.Current(round) {
			t.Errorf("before a %s: what was just sent counts no more", name)
		}
		if change(); g.Current(round) || !g.Current(g.Round()) {
			t.Errorf("after a %s: want what was sent before to count no more, and what is sent now to count", name)
		}
	}
}

// Failures that were those of a batch are forgotten, unless the breaker is open.
func TestAnExcuseForgetsFailures(t *testing.T) {
	p := policy()
	for failures, want := range map[int]int{0: 0, 1: 0, p.MaxAttempts - 1: 0, p.MaxAttempts: p.MaxAttempts} {
		g := New()
		for range failures {
			g.Fail(p, noon, 0, "x")
		}
		if g.Excuse(); g.Failures() != want || g.Broken() != (want > 0) {
			t.Errorf("%d failures excused: %d left, broken %v; want %d", failures, g.Failures(), g.Broken(), want)
		}
	}
}

// Calm, stuck and barren are what readiness and the shedding of a lane go by.
func TestWhatIsKnownOfALane(t *testing.T) {
	g := New()
	if !g.Calm(noon) || g.Stuck(noon) || g.Slots() != 1 {
		t.Errorf("a new lane is stuck, or may have %d requests in flight, want 1", g.Slots())
	}
	if g.Barren(); !g.Stuck(noon) || !g.Calm(noon) {
		t.Error("want a lane stuck whose latest answer put all off, and nothing against sending")
	}
	if g.Heard(); g.Stuck(noon) {
		t.Error("stuck after an answer about events")
	}
	g.Fail(policy(), noon, 0, "x")
	if !g.Stuck(noon) || g.Calm(noon) || !g.Stuck(g.Until()) {
		t.Error("want a lane stuck that failed, also once it may try again")
	}
	g.Stray(noon)
	if g.Stuck(noon) {
		t.Error("a lane without a way is stuck: its events become dead letters at once")
	}
}
