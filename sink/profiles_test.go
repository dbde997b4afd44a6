package sink

import (
	"testing"
	"time"
)

// TestAConditionEndsUnderTheNameThatItHas: a profile that becomes known while its
// lane's condition fails is shown under another name from then on; the condition must
// not stay behind under the old one, for nobody would ever end it.
func TestAConditionEndsUnderTheNameThatItHas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 503}), func(o *Options) { o.Linger = -1 })
		r.send("p", "a")
		r.after(time.Minute)
		if got := r.failing(); len(got) != 1 {
			t.Fatalf("failing: %q, want the lane", got)
		}
		r.sink.profiles.Accept("p") // by a request in another region
		r.owner.end()
		r.sink.Sweep()
		r.after(conditionLinger)
		if got := r.failing(); len(got) != 0 {
			t.Errorf("failing: %q of a lane without events", got)
		}
	})
}
