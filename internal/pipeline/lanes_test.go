package pipeline

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/sink"
)

// TestLanesPage: all lanes are counted, those with events are listed, held ones first
// with what to do, and no more than the page has room for.
func TestLanesPage(t *testing.T) {
	since := time.Date(2026, 4, 23, 10, 0, 0, 0, time.UTC)
	all := []sink.LaneStatus{
		{Profile: "1", State: sink.LaneIdle},
		{Profile: "2", State: sink.LaneHeld, Since: since, Reason: "auth 403: no", Records: 3},
		{Profile: "3", State: sink.LaneSending, Records: 5000},
	}
	for i := range 500 {
		all = append(all, sink.LaneStatus{Profile: fmt.Sprint(100 + i), State: sink.LaneBatching, Records: 1})
	}
	page := lanesPage(all)
	if page.States["idle"] != 1 || page.States["held"] != 1 || page.States["sending"] != 1 || page.States["batching"] != 500 {
		t.Errorf("%v", page.States)
	}
	if len(page.Listed) != health.MaxListed || page.More != 502-health.MaxListed {
		t.Errorf("%d are listed, and %d more", len(page.Listed), page.More)
	}
	for i, want := range [][]string{
		{`"profile":"2"`, `"state":"held"`, `"since":"2026-04-23T10:00:00Z"`, `"do":"The account behind`},
		{`"profile":"3"`, `"state":"sending"`},
	} {
		text, err := json.Marshal(page.Listed[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("lane %d lacks %s: %s", i, w, text)
			}
		}
	}
	if empty := lanesPage(nil); empty.More != 0 || empty.Listed == nil {
		t.Errorf("without lanes: %+v", empty)
	}
}
