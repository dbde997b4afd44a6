package gate

import (
	"testing"
	"time"
)

// A storm is neither begun nor ended by what happens to requests, routes and pauses, and lets
// nothing through but the request that is tried.
func TestNothingElseEndsAStorm(t *testing.T) {
	for name, happen := range map[string]func(*Gate){
		"nothing": func(*Gate) {}, "well": func(g *Gate) { g.Well() }, "excuse": func(g *Gate) { g.Excuse() },
		"follow":  func(g *Gate) { g.Follow(noon) },
		"stray":   func(g *Gate) { g.Stray(noon); g.Follow(noon) },
		"pause":   func(g *Gate) { g.Pause(noon); g.Follow(noon) },
		"failure": func(g *Gate) { g.Fail(policy(), noon, 0, "x"); g.Well() },
		"grown":   func(g *Gate) { g.Flying(1); g.Grow(); g.Grow() },
	} {
		g := New()
		g.Bound(8)
		round := g.Round()
		g.Storm("letters")
		if g.Current(round) {
			t.Errorf("%s: what was in flight before the storm counts", name)
		}
		happen(&g)
		later := noon.Add(time.Hour)
		if why, held := g.Held(later); !held || why != "letters" || g.Slots() != 0 || g.Calm(later) || !g.Stuck(later) {
			t.Errorf("%s: held %v for %q with %d slots", name, held, why, g.Slots())
		}
		g.Try()
		if _, held := g.Held(later); held || g.Slots() != 1 || !g.Trying() || !g.Stuck(later) {
			t.Errorf("%s: no request can be tried", name)
		}
		if !g.Tried() || g.Tried() || g.Slots() != 0 {
			t.Errorf("%s: more than one request can be tried", name)
		}
		g.End()
		if _, held := g.Held(later); held || g.Slots() == 0 || g.Tried() {
			t.Errorf("%s: held after the storm", name)
		}
	}
}

// A trial is no way around a hold, a pause or a missing route.
func TestATrialWaitsLikeAnyRequest(t *testing.T) {
	g := New()
	g.Storm("letters")
	g.Try()
	if g.Hold(noon, time.Minute, "asked for"); g.Slots() != 1 {
		t.Error("the trial is lost")
	}
	if why, held := g.Held(noon); !held || why != "asked for" {
		t.Errorf("tried against a hold: %q", why)
	}
	for name, stop := range map[string]func(){"pause": func() { g.Pause(noon) }, "stray": func() { g.Stray(noon) }} {
		if stop(); g.Slots() != 0 {
			t.Errorf("%s: tried all the same", name)
		}
	}
	calm := New()
	if calm.Try(); calm.Trying() || calm.Tried() {
		t.Error("a lane without a storm is tried")
	}
}
