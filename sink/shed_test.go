package sink

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// seqs are the places of what was shed, by profile.
func seqs(backlogs []Backlog) map[string][]uint64 {
	m := make(map[string][]uint64)
	for _, b := range backlogs {
		for _, t := range b.Tokens {
			m[b.Profile] = append(m[b.Profile], t.Seq)
		}
	}
	return m
}

func upTo(from, to uint64) (s []uint64) {
	for ; from < to; from++ {
		s = append(s, from)
	}
	return s
}

func twos(o *Options) { o.BatchEvents, o.Linger = 2, time.Second }

// stuck fails the profile of that name and nobody else.
func stuck(c call) reply {
	if c.profile == "stuck" {
		return reply{status: 503}
	}
	return ok
}

func TestAStuckLaneGivesItsYoungestBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, stuck, twos)
		r.send("stuck", numbered("s", 21)...) // places 1 to 21, of which the first 2 are sent
		r.send("well", "w")
		r.after(2 * time.Second)
		use := uint64(2 * r.sink.opts.BatchEvents)
		got := r.sink.Shed(100)
		// Whole batches: the last of 21 is in one of its own.
		want := map[string][]uint64{"stuck": upTo(use+1, 22)}
		if diff := cmp.Diff(want, seqs(got)); diff != "" {
			t.Fatalf("shed (-want +got):\n%s", diff)
		}
		if l := r.lane("stuck"); l.Records != int(use) {
			t.Errorf("the lane has %d records left, want %d", l.Records, use)
		}
		if again := r.sink.Shed(100); again != nil {
			t.Errorf("with nothing left to spare it gave %v", seqs(again))
		}
		if got := r.metric(r.sink.metrics.shed); got != 17 {
			t.Errorf("%v records shed by the metrics", got)
		}
		r.amazon.become(always(ok))
		r.after(10 * time.Minute)
		if n := r.count(verdict.Accepted); n != int(use)+1 {
			t.Errorf("%d accepted, want what it kept and the other lane's", n)
		}
		for _, c := range r.amazon.all() {
			for _, id := range c.ids {
				if c.profile == "stuck" && !slices.Contains(numbered("s", int(use)), id) {
					t.Errorf("%s was given back and sent", id)
				}
			}
		}
	})
}

func TestShedGivesNoMoreThanAsked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, stuck, twos)
		r.send("stuck", numbered("s", 20)...)
		r.send("well", "w")
		r.after(2 * time.Second)
		if diff := cmp.Diff(map[string][]uint64{"stuck": upTo(17, 21)}, seqs(r.sink.Shed(5))); diff != "" {
			t.Errorf("shed (-want +got):\n%s", diff)
		}
		if got := r.sink.Shed(1); len(got) > 0 {
			t.Errorf("asked for one, and there are batches of two: %v", seqs(got))
		}
	})
}

// When nobody could use the room there is no point in making some.
func TestNothingIsShedWhen(t *testing.T) {
	for name, c := range map[string]struct {
		profiles []string
		answer   func(call) reply
		events   int
	}{
		"Amazon is away for all":   {[]string{"stuck", "b", "c"}, always(reply{status: 503}), 20},
		"there is one profile":     {[]string{"stuck"}, stuck, 20},
		"all is well":              {[]string{"a", "b"}, always(ok), 20},
		"the stuck lane has a few": {[]string{"stuck", "b"}, stuck, 4},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, c.answer, twos)
				for _, p := range c.profiles {
					r.send(p, numbered(p, c.events)...)
				}
				r.after(2 * time.Second)
				if got := r.sink.Shed(100); len(got) > 0 {
					t.Errorf("%v", seqs(got))
				}
			})
		})
	}
}

// A lane that waits for the first access token is not stuck yet: what it gave up for
// that moment would have to be read again.
func TestALaneMayWaitForAToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok), twos, func(o *Options) { o.Tokens = lateToken{o.Tokens, 3 * time.Second} })
		r.send("stuck", numbered("stuck", 20)...)
		r.after(tokenSoon - time.Millisecond)
		r.sink.room.lonely = r.sink.opts.Now().Add(-scoutAfter) // somebody could use the room
		if got := r.sink.Shed(100); len(got) > 0 {
			t.Errorf("at once: %v", seqs(got))
		}
		r.after(2 * time.Millisecond)
		if got := r.sink.Shed(100); len(got) == 0 {
			t.Error("nothing was given back by a lane that has waited for long enough")
		}
	})
}

// lateToken gives its token only after a while.
type lateToken struct {
	login.Tokens
	late time.Duration
}

func (l lateToken) Token(ctx context.Context, refused login.AccessToken) (login.AccessToken, error) {
	select {
	case <-ctx.Done():
		return login.AccessToken{}, ctx.Err()
	case <-time.After(l.late):
		return l.Tokens.Token(ctx, refused)
	}
}

// What Amazon has been sent once keeps its history, and is not given away to be
// sent as if for the first time.
func TestWhatWasSentIsNotShed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := grown(t, func(o *Options) { o.BatchEvents, o.Linger = 4, time.Second })
		r.send("well", "w")
		r.after(time.Minute)
		r.amazon.become(func(c call) reply {
			if c.profile == "p" {
				return reply{status: 503, delay: time.Second}
			}
			return ok
		})
		before := len(r.amazon.all())
		r.send("p", numbered("s", 60)...)
		r.after(time.Minute)
		sent := make(map[string]bool)
		for _, c := range r.amazon.all()[before:] {
			for _, id := range c.ids {
				sent[id] = true
			}
		}
		if len(sent) <= 8 {
			t.Fatalf("only %d were sent, so this tests nothing", len(sent))
		}
		if len(r.sink.Shed(1000)) == 0 {
			t.Fatal("nothing was shed, so this tests nothing")
		}
		r.amazon.become(always(ok))
		r.after(time.Hour)
		for id := range sent {
			if r.verdict(id).Class != verdict.Accepted {
				t.Errorf("%s was sent, and then given back", id)
			}
		}
	})
}

func TestALaneWantsWhatItCanUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, stuck, twos)
		if got := r.sink.Wants("unknown"); got != 4 {
			t.Errorf("a lane that is not there wants %d, want two batches", got)
		}
		r.send("stuck", "s1")
		r.after(2 * time.Second)
		if got := r.sink.Wants("stuck"); got != 3 {
			t.Errorf("with 1 of 4 it wants %d, want 3", got)
		}
		r.send("stuck", "s2", "s3")
		if got := r.sink.Wants("stuck"); got != 0 {
			t.Errorf("with 3 of 4 it wants %d, want none", got)
		}
	})
}
