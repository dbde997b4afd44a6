package sink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
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

// TestKeysOfUnclearAnswersRepeatNothingThatWasSent: an answer may name events by what
// they have, a click id or an event id that is hidden, and so may a request id, also
// where the request was compressed.
func TestKeysOfUnclearAnswersRepeatNothingThatWasSent(t *testing.T) {
	const click, profile = "ClickWithoutPrefix", "acme-shops"
	for name, zip := range map[string]bool{"plain": false, "compressed": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var wire inflating
				var box receiptBox
				r := newRig(t, func(call) reply {
					return reply{
						status: 200, body: fmt.Sprintf(`{"%s":{},"%s":{},"%s":{},"eventId":"x","batch":{}}`, click, strings.ToUpper(click), profile),
						header: map[string]string{"X-Amzn-Requestid": strings.ToLower(goldenMADID)},
					}
				}, func(o *Options) {
					box.into(o)
					if zip {
						zipping(&wire)(o)
					}
				})
				c := purchase()
				c.ProfileID, c.ClickID = profile, click
				r.feed.Add(verdict.Handle{Owner: r.owner, Seq: 1}, &kgo.Record{Topic: "events", Value: []byte("v")}, c)
				r.feed.Flush()
				r.after(10 * time.Second)
				if got := r.counted("answers_unclear_total", "keys", "batch,eventId,other"); got != 1 {
					t.Errorf("%v answers with the keys that are shown, want 1", got)
				}
				families, err := r.reg.Gather()
				if err != nil {
					t.Fatal(err)
				}
				shown := fmt.Sprint(families, r.log.String(), box.all())
				for _, private := range []string{click, strings.ToUpper(click), goldenMADID, strings.ToLower(goldenMADID)} {
					if strings.Contains(shown, private) {
						t.Errorf("%q is shown:\n%s", private, r.log)
					}
				}
				if len(box.all()) != 1 {
					t.Error("there is no receipt")
				}
				if zip && wire.zipped.Load() == 0 {
					t.Error("nothing was compressed")
				}
			})
		})
	}
}
