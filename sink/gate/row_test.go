package gate

import (
	"testing"
	"time"
)

// A row that is taken up again counts of the time in between its pause alone.
func TestRefusalsOfLongAgoCountNoTime(t *testing.T) {
	start := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	g := New()
	now := start.Add(time.Hour)
	g.Recall(Row{since: start, last: start.Add(30 * time.Second), pause: 8 * time.Second, probes: 4}, now)
	if got := now.Sub(g.row.since); got != 38*time.Second {
		t.Errorf("%s count as refused, want 38s", got)
	}
	if got := g.State(now); got != Probing {
		t.Errorf("it is %s, want probing", got)
	}
}

// A row that was taken up goes on from then: the time before it is counted once.
func TestARowThatIsTakenUpGoesOnFromThere(t *testing.T) {
	g, p := New(), policy()
	g.Recall(Row{since: noon, last: noon.Add(30 * time.Second), pause: 8 * time.Second, probes: 4}, noon.Add(time.Hour))
	now := noon.Add(time.Hour + 5*time.Second)
	if !g.Refuse(p, now, "forbidden") {
		t.Fatal("given up")
	}
	if got := now.Sub(g.Row().since); got != 43*time.Second {
		t.Errorf("%s count as refused, want 43s", got)
	}
	if g.Row().Probes() != 5 {
		t.Errorf("%d probes, want 5", g.Row().Probes())
	}
}

// Of the time between two refusals counts what a probe may take after its pause. A
// process that was stopped for an hour has learned nothing about the profile.
func TestATimeInWhichNobodyAskedDoesNotCount(t *testing.T) {
	p := policy()
	for _, late := range []time.Duration{0, time.Second, 2 * p.Timeout, 2*p.Timeout + 1, time.Hour} {
		g := New()
		g.Refuse(p, noon, "forbidden")
		pause := g.Until().Sub(noon)
		now := g.Until().Add(late)
		if !g.Refuse(p, now, "forbidden") {
			t.Errorf("%v late: given up", late)
		}
		if got, want := now.Sub(g.Row().since), pause+min(late, 2*p.Timeout); got != want {
			t.Errorf("%v late: %v count as refused, want %v", late, got, want)
		}
	}
}

// A sentence stands as long as refusals follow each other within the hold; after that
// the profile has another hold.
func TestASentenceEndsWhenNobodyIsRefused(t *testing.T) {
	p := policy()
	for after, wait := range map[time.Duration]bool{time.Second: false, p.AuthHold: false, p.AuthHold + 1: true, time.Hour: true} {
		g := New()
		now := noon
		for g.Refuse(p, now, "forbidden") {
			now = g.Until()
		}
		if got := g.Refuse(p, now.Add(after), "forbidden"); got != wait || g.Sentenced() == wait {
			t.Errorf("%v later: waits %v, sentenced %v; want %v", after, got, g.Sentenced(), wait)
		}
	}
}
