package pipeline

import (
	"cmp"
	"slices"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/sink"
)

// laneView is a lane of /status.
type laneView struct {
	sink.LaneStatus
	Do string `json:"do,omitempty"`
}

// lanesPage is what /status shows of the lanes: counts of all, and a list of those with
// events, held ones and those with most events first.
func lanesPage(all []sink.LaneStatus) *health.Lanes {
	page := &health.Lanes{States: make(map[string]int), Listed: []any{}}
	for _, s := range []sink.LaneState{sink.LaneIdle, sink.LaneBatching, sink.LaneSending, sink.LaneHeld} {
		page.States[string(s)] = 0
	}
	for i := range all {
		page.States[string(all[i].State)]++
	}
	all = slices.DeleteFunc(all, func(s sink.LaneStatus) bool { return s.State == sink.LaneIdle })
	slices.SortStableFunc(all, func(a, b sink.LaneStatus) int {
		return cmp.Or(-cmpBool(a.State == sink.LaneHeld, b.State == sink.LaneHeld), cmp.Compare(b.Records, a.Records))
	})
	if page.More = len(all) - health.MaxListed; page.More > 0 {
		all = all[:health.MaxListed]
	}
	page.More = max(page.More, 0)
	for _, s := range all {
		view := laneView{LaneStatus: s}
		if s.State == sink.LaneHeld {
			view.Do = health.Remedy("lane "+s.Profile, s.Reason)
		}
		page.Listed = append(page.Listed, view)
	}
	return page
}

func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
