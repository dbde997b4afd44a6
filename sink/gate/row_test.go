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
