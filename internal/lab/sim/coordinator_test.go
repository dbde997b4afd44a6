package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestCoordinatorOverdue: a member is put out when it has not been heard for longer than
// any of its requests may take, and all are when their joins are waited for too long.
func TestCoordinatorOverdue(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	info := func(state string, epoch int32) *kfake.GroupInfo {
		return &kfake.GroupInfo{State: state, Epoch: epoch, Members: []kfake.GroupMember{{MemberID: "a"}, {MemberID: "b"}}}
	}
	type look struct {
		after time.Duration
		group *kfake.GroupInfo
		b     time.Duration // when b was last heard; a always is
		want  []string
	}
	for name, looks := range map[string][]look{
		"no group":                  {{after: time.Hour, group: nil}},
		"well":                      {{after: time.Hour, group: info("Stable", 1), b: time.Hour}},
		"just before b must be out": {{after: unheardFor, group: info("Stable", 1)}},
		"b is dead":                 {{after: unheardFor + 1, group: info("Stable", 1), want: []string{"b"}}},
		"a rebalance as long as one may be": {
			{after: time.Hour, group: info("PreparingRebalance", 1), b: time.Hour},
			{after: time.Hour + rebalancesWithin, group: info("PreparingRebalance", 1), b: time.Hour + rebalancesWithin},
		},
		"a rebalance that does not end": {
			{after: time.Hour, group: info("PreparingRebalance", 1), b: time.Hour},
			{after: time.Hour + rebalancesWithin + 1, group: info("PreparingRebalance", 1), b: time.Hour + rebalancesWithin, want: []string{"a", "b"}},
		},
		"two rebalances": {
			{after: time.Hour, group: info("PreparingRebalance", 1), b: time.Hour},
			{after: time.Hour + rebalancesWithin + 1, group: info("PreparingRebalance", 2), b: time.Hour + rebalancesWithin},
		},
		"two rebalances of one generation": {
			{after: time.Hour, group: info("PreparingRebalance", 1), b: time.Hour},
			{after: time.Hour + 1, group: info("Empty", 1), b: time.Hour},
			{after: time.Hour + rebalancesWithin + 1, group: info("PreparingRebalance", 1), b: time.Hour + rebalancesWithin},
		},
	} {
		c := &coordinator{heard: make(map[string]time.Time)}
		for i, l := range looks {
			now := start.Add(l.after)
			c.heard["a"], c.heard["b"] = now, start.Add(l.b)
			if got := c.overdue(l.group, now); !slices.Equal(got, l.want) {
				t.Errorf("%s, look %d: %q are overdue, want %q", name, i+1, got, l.want)
			}
		}
	}
}
