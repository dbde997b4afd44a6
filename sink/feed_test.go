package sink

import (
	"testing"
	"time"
)

// A feed lives for as long as the process, an assignment until it is revoked.
func TestAFeedKeepsNoAssignment(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		r.send("p", "a")
		if r.feed.from != nil {
			t.Error("the feed still knows whose its last record was")
		}
		r.after(2 * time.Second)
	})
}
