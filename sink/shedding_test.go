package sink

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestNothingIsLostBetweenLanesAndLots: lanes that fail, put events off or are slow give
// back what the window asks for, again and again and never more, and are brought it back;
// and when Amazon is well again, each event has been accepted.
func TestNothingIsLostBetweenLanesAndLots(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				profiles := []string{"stuck", "putoff", "slow", "well"}
				var answering sync.Mutex // requests are answered side by side
				answers := rand.New(rand.NewPCG(seed, 2))
				var healed atomic.Bool
				p := newParkingRig(t, func(c call) reply {
					answering.Lock()
					defer answering.Unlock()
					switch {
					case healed.Load() || c.profile == "well":
						return ok
					case c.profile == "stuck":
						return reply{status: 503}
					case c.profile == "slow":
						return reply{delay: time.Duration(answers.IntN(20)) * time.Second, status: 200, body: "{}"}
					}
					return reply{status: 207, body: putOff(c, answers)}
				}, func(o *Options) {
					o.BatchEvents, o.WindowEvents = 1+rnd.IntN(6), 8+rnd.IntN(60)
				})
				sent := 0
				for range 12 {
					profile := profiles[rnd.IntN(len(profiles))]
					n := rnd.IntN(20)
					var ids []string
					for range n {
						sent++
						ids = append(ids, fmt.Sprintf("%s%04d", profile, sent))
					}
					p.sendAll(profile, ids...)
					p.after(time.Duration(rnd.IntN(5000)) * time.Millisecond)
					most := 1 + rnd.IntN(12)
					given := p.sink.Shed(most)
					if got := recordsIn(given); got > most {
						t.Errorf("%d records were given back, want at most %d", got, most)
					}
					p.lot.Lock()
					p.parked = append(p.parked, given...)
					p.lot.Unlock()
					if rnd.IntN(4) == 0 {
						p.comeBack(profiles[rnd.IntN(len(profiles))])
					}
				}
				healed.Store(true)
				for range 4 {
					p.after(5 * time.Minute)
					for _, profile := range profiles {
						p.comeBack(profile)
					}
				}
				p.after(10 * time.Minute)
				if got := p.count(verdict.Accepted); got != sent {
					t.Errorf("%d of %d events were accepted; the lanes have %+v", got, sent, p.sink.Lanes())
				}
			})
		})
	}
}

// putOff is an answer that takes some events and has the others sent again.
func putOff(c call, rnd *rand.Rand) string {
	var taken, again []string
	for i := range c.ids {
		if rnd.IntN(2) == 0 {
			again = append(again, fmt.Sprintf(`{"index":%d,"code":"INTERNAL_ERROR"}`, i))
		} else {
			taken = append(taken, fmt.Sprintf(`{"index":%d}`, i))
		}
	}
	return fmt.Sprintf(`{"success":[%s],"error":[%s]}`, strings.Join(taken, ","), strings.Join(again, ","))
}

// TestSurplusGoesToTheHungry: a lane that holds more than it can use gives its youngest
// back while another could use the room, and keeps what it sends next.
func TestSurplusGoesToTheHungry(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if strings.HasPrefix(c.profile, "slow") {
				return reply{status: 200, body: "{}", delay: 20 * time.Second}
			}
			return ok
		}, twos)
		slow := []string{"slow1", "slow2"}
		for _, profile := range slow {
			r.send(profile, numbered(profile, 2)...)
		}
		r.after(2 * time.Minute) // which shows that Amazon takes them
		for _, profile := range slow {
			r.send(profile, numbered(profile+"x", 40)...)
		}
		r.send("well", "w")
		r.after(2 * time.Second)
		for _, most := range []int{0, 6, 1000} {
			before := r.lane("slow1").Records + r.lane("slow2").Records
			got := r.sink.Shed(most)
			n := recordsIn(got)
			if n > most || most > 0 && n == 0 {
				t.Errorf("%d records were given back of %d, want some and at most %d", n, before, most)
			}
			if after := r.lane("slow1").Records + r.lane("slow2").Records; after != before-n {
				t.Errorf("the lanes have %d records, want %d", after, before-n)
			}
			for _, b := range got {
				if b.Past != nil {
					t.Errorf("%s gave back what it had sent", b.Profile)
				}
			}
		}
		if l := r.lane("slow1"); l.Records < 4 {
			t.Errorf("a healthy lane has %d records left, want what its next requests carry", l.Records)
		}
	})
}

// TestStuckLanesShareWhatTheyAreGiven: however many of them ask at once, they are not
// given more than their share of the window together.
func TestStuckLanesShareWhatTheyAreGiven(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const window = 240
		r := newRig(t, func(call) reply { return reply{status: 503} }, twos, func(o *Options) {
			o.WindowEvents, o.Configured = window, func(string) bool { return false }
		})
		var profiles []string
		for i := range 12 {
			profiles = append(profiles, fmt.Sprintf("p%d", i))
			r.send(profiles[i], "e"+profiles[i])
		}
		r.after(time.Minute)
		held, given := 0, 0
		for _, p := range profiles {
			held += r.lane(p).Records
		}
		for i := range 100 {
			given += r.sink.Wants(fmt.Sprintf("stranger%d", i))
		}
		if share := window / stuckShare; given == 0 || held+given > share {
			t.Errorf("%d lanes with %d records and 100 profiles without one are given %d more, want some, and %d at most together", len(profiles), held, given, share)
		}
	})
}

// TestWhatIsSentAgainIsCounted by why and whose it is.
func TestWhatIsSentAgainIsCounted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(reply{status: 503}, reply{status: 207, body: `{"success":[{"index":1}],"error":[{"index":0,"code":"INTERNAL_ERROR"}]}`}, ok), twos)
		r.send("p", "a", "b")
		r.after(time.Hour)
		if again := r.counted("retries_total", "reason", "503", "profile", "p"); again != 2 {
			t.Errorf("%v counted after a 503, want 2", again)
		}
		if again := r.counted("retries_total", "reason", reasonItems, "profile", "p"); again != 1 {
			t.Errorf("%v counted of those put off, want 1", again)
		}
		if n := r.count(verdict.Accepted); n != 2 {
			t.Errorf("%d accepted, want both", n)
		}
	})
}

// TestMetricsSayWhatTheyCount: names, help and labels are in their places.
func TestMetricsSayWhatTheyCount(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, stuck, twos)
		r.send("stuck", "s")
		r.send("well", "w")
		r.after(2 * time.Second)
		families, err := r.reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			help := f.GetHelp()
			if !strings.HasPrefix(f.GetName(), "amazon_capi_") || !strings.HasSuffix(help, ".") || !strings.Contains(help, " ") || help[0] < 'A' || help[0] > 'Z' {
				t.Errorf("%s: %q, want a sentence", f.GetName(), help)
			}
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					if strings.ContainsAny(l.GetName(), " .") || l.GetName() == "" {
						t.Errorf("%s: a label %q", f.GetName(), l.GetName())
					}
				}
			}
		}
	})
}
