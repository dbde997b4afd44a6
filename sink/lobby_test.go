package sink

import (
	"fmt"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/lobby"
)

// inFlight is how many requests Amazon has at present.
func (a *fakeAmazon) inFlight() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.flying {
		n += f
	}
	return n
}

// Profiles that somebody made up share a few requests, and neither a profile that
// Amazon has accepted nor one that an account names waits for them.
func TestStrangersShareAFewRequests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if c.profile == "known" || c.profile == "named" {
				return reply{status: 200, delay: 100 * time.Millisecond}
			}
			return reply{status: 403, delay: 20 * time.Second}
		}, func(o *Options) {
			o.Linger = -1
			o.Configured = func(profile string) bool { return profile == "named" }
		})
		r.send("known", "k0")
		r.after(time.Second)
		for i := range 3000 {
			r.send(fmt.Sprint("junk", i), fmt.Sprint("j", i))
		}
		r.after(time.Second)
		if n := r.amazon.inFlight(); n != lobby.AtOnce {
			t.Errorf("%d requests of strangers at once, want %d", n, lobby.AtOnce)
		}
		r.send("known", "k1")
		r.send("named", "n1")
		r.after(time.Second)
		for _, id := range []string{"k1", "n1"} {
			if r.verdict(id).Class != verdict.Accepted {
				t.Errorf("%s waits behind strangers", id)
			}
		}
		r.amazon.become(always(ok))
		r.after(time.Hour)
		if n := r.count(verdict.Accepted); n != 3003 {
			t.Errorf("%d accepted once all may, want 3,003", n)
		}
	})
}

// Lanes that wait for their turn end with the sink, and give a turn back that they
// have no use for.
func TestTheLobbyIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 503, delay: 5 * time.Second}), func(o *Options) { o.Linger = -1 })
		for i := range 100 {
			r.send(fmt.Sprint("junk", i), fmt.Sprint("j", i))
		}
		r.after(time.Second)
		r.owner.end() // nobody wants them sent any more
		r.sink.Sweep()
		r.after(10 * time.Minute)
		if n := r.sink.lobby.Seated(); n != 0 {
			t.Errorf("%d turns are taken, and nothing is left to send", n)
		}
		r.owner = &owner{}
		for i := range 100 {
			r.send(fmt.Sprint("junk", i), fmt.Sprint("i", i))
		}
		r.after(time.Second) // and then the sink is closed while most of them wait
	})
}
