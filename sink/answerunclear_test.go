package sink

import (
	"fmt"
	"strings"
	"testing"
)

func TestUnclearAnswersAreCountedAndLoggedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if c.n <= 5 {
				return reply{status: 200, body: `{"requestId":"x"}`}
			}
			return reply{status: 202, body: fmt.Sprintf(`{"key%s":1}`, strings.Repeat("x", c.n))}
		}, func(o *Options) { o.Linger = -1; o.BatchEvents = 1 })
		for i := range 40 {
			r.send("p", fmt.Sprint("e", i))
			r.after(0)
		}
		if got := r.counted("answers_unclear_total", "keys", "requestId"); got != 5 {
			t.Errorf("%v answers with requestId, want 5", got)
		}
		if got := r.counted("answers_unclear_total", "keys", "other"); got != 40-5-(20-1) {
			t.Errorf("%v others", got)
		}
		if n := strings.Count(r.log.String(), "neither"); n != 20+1 {
			t.Errorf("%d log lines of 40 answers, want one for each kind:\n%s", n, r.log)
		}
	})
}
