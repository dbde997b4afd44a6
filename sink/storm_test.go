package sink

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/guard"
)

// stormRig is a sink with a guard that is tended each second, by a reader that finds out
// about a record what its test wants.
type stormRig struct {
	*parkingRig
	feed   *Feed // of the reader
	rec    *kgo.Record
	reason verdict.Reason

	mu      sync.Mutex
	profile string         // what the reader finds of it
	why     verdict.Reason // why it refuses records; without a class it does not
	err     error          // why it cannot read
}

func newStormRig(t *testing.T, answer func(call) reply, change ...func(*Options)) *stormRig {
	t.Helper()
	r := &stormRig{}
	r.parkingRig = newParkingRig(t, answer, append([]func(*Options){func(o *Options) {
		o.Guard, o.BatchEvents, o.WindowEvents, o.Linger = guard.Default(), 100, 30_000, -1
		o.Configured = nil
	}}, change...)...)
	r.feed = r.sink.NewFeed()
	ctx, stop := context.WithCancel(t.Context())
	var tending sync.WaitGroup
	tending.Go(func() {
		for {
			select {
			case <-time.After(time.Second):
				r.sink.Tend(ctx, r)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { stop(); tending.Wait() })
	return r
}

func (r *stormRig) Read(_ context.Context, rec *kgo.Record, again bool) (verdict.Reading, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !again {
		r.t.Error("read as if for the first time")
	}
	r.rec, r.reason = rec, r.why
	return verdict.Reading{Profile: r.profile, Sends: r.why.Class == 0}, r.err
}

func (r *stormRig) Take(h verdict.Handle, past *verdict.Past) {
	id := strings.TrimPrefix(string(r.rec.Value), "value-")
	if r.reason.Class != 0 {
		r.feed.Refuse(h, r.rec, r.profile, id, r.reason)
		return
	}
	c := purchase()
	c.ProfileID, c.EventID = r.profile, id
	var before *Past
	if past != nil {
		before = past.Of.(*Past)
	}
	r.feed.AddAgain(h, r.rec, c, before)
}

func (r *stormRig) Flush() { r.feed.Flush() }

// finds sets what the reader finds of records from now on.
func (r *stormRig) finds(profile string, why verdict.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.profile, r.why, r.err = profile, why, nil
}

// refuse hands in records that are refused before they come to a lane.
func (r *stormRig) refuse(profile string, why verdict.Reason, ids ...string) {
	for _, id := range ids {
		r.seq++
		h := verdict.Handle{Owner: r.owner, Seq: r.seq}
		r.hand(h, id)
		r.rig.feed.Refuse(h, r.record(id), profile, id, why)
	}
	r.rig.feed.Flush()
	r.after(100 * time.Millisecond)
}

// well sends that many events that are accepted, in batches, over more than five minutes.
func (r *stormRig) well(profile string, n int) {
	for i := range 12 {
		r.sendAll(profile, numbered(fmt.Sprintf("%s-well%d-", profile, i), n/12)...)
		r.after(30 * time.Second)
	}
	synctest.Wait()
	if got := r.count(verdict.Accepted); got < n/12*12 {
		r.t.Fatalf("%d of %d were accepted", got, n)
	}
}

// storm sends events that Amazon refuses one by one.
func (r *stormRig) storm(profile string, n int) {
	for i := 0; i < n; i += 100 {
		r.sendAll(profile, numbered(fmt.Sprintf("x%s%s%d-", profile, time.Now().Format("150405"), i), min(100, n-i))...)
		r.after(time.Second)
	}
}

// refusing refuses the events whose id begins with x.
func refusing(c call) reply {
	var bad, good []string
	for i, id := range c.ids {
		if good = append(good, fmt.Sprintf(`{"index":%d}`, i)); strings.HasPrefix(id, "x") {
			bad = append(bad, fmt.Sprintf(`{"index":%d,"code":"INVALID_USER_INFO","message":"the hash is none"}`, i))
			good = good[:len(good)-1]
		}
	}
	return reply{status: 207, body: `{"success":[` + strings.Join(good, ",") + `],"error":[` + strings.Join(bad, ",") + `]}`}
}

// mixed sends events of which that many in ten are refused.
func (r *stormRig) mixed(profile string, n, tenths int) {
	for i := range n / 10 {
		var ids []string
		for k := range 10 {
			ids = append(ids, fmt.Sprintf("%s%s-%s-%d-%d", map[bool]string{true: "x"}[k < tenths], profile, time.Now().Format("150405"), i, k))
		}
		r.sendAll(profile, ids...)
	}
	r.after(time.Second)
}

func (r *stormRig) stopped(profile string) bool {
	_, held := r.sink.guard.Held(profile)
	return held
}

// letters returns how many there are.
func (r *stormRig) letters() int { return len(r.box.all()) }

func resumed(r *stormRig, profile string) {
	r.t.Helper()
	if !r.sink.Resume(&profile) {
		r.t.Errorf("%s was not held", profile)
	}
	r.after(5 * time.Second)
}

// TestAStormHoldsItsProfile: the letters that would be written are not, the profile's other
// events wait, those of others do not, and pages say why.
func TestAStormHoldsItsProfile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing)
		r.well("1", 1200)
		r.well("2", 1200)
		r.storm("1", 1000)
		wrote := r.letters()
		if !r.stopped("1") || r.stopped("2") || wrote == 0 || wrote > 600 {
			t.Fatalf("held %v and %v with %d letters", r.stopped("1"), r.stopped("2"), wrote)
		}
		before := r.count(verdict.Accepted)
		r.send("1", numbered("good", 50)...)
		r.send("2", numbered("other", 50)...)
		r.after(10 * time.Second)
		if got := r.count(verdict.Accepted) - before; got != 50 || r.letters() != wrote {
			t.Errorf("%d were accepted and %d letters written while it is held", got, r.letters()-wrote)
		}
		l := r.lane("1")
		if l.State != LaneHeld || !strings.Contains(l.Reason, "guard") || l.Records != 1000-wrote+50 {
			t.Errorf("the lane is %+v", l)
		}
		fails := r.failing()
		if len(fails) != 1 || !strings.HasPrefix(fails[0], "dead-letter guard 1: ") || !strings.Contains(fails[0], "rejected 207 INVALID_USER_INFO: the hash is none") {
			t.Errorf("conditions say %q", fails)
		}
		if r.gauge("guard_holds") != 1 {
			t.Error("no metric says so")
		}
	})
}

// TestNoStorm: what is no jump holds nobody, and becomes letters.
func TestNoStorm(t *testing.T) {
	for name, send := range map[string]func(r *stormRig){
		"less than half": func(r *stormRig) { r.well("1", 1200); r.mixed("1", 3000, 5) },
		"few events":     func(r *stormRig) { r.well("1", 1200); r.after(6 * time.Minute); r.storm("1", 400) },
		"few, over and over": func(r *stormRig) {
			for range 10 {
				r.well("1", 1200)
				r.after(6 * time.Minute)
				r.storm("1", 400)
				r.after(6 * time.Minute)
			}
		},
		"a lane always bad": func(r *stormRig) { r.mixed("1", 6000, 7) },
		"a lane often bad": func(r *stormRig) {
			for range 20 {
				r.mixed("1", 200, 2)
				r.after(time.Minute)
			}
			r.storm("1", 2000)
		},
		"nothing but bad": func(r *stormRig) { r.storm("1", 3000) },
		"a slow rise": func(r *stormRig) {
			r.well("1", 1200)
			for tenths := range 10 {
				for range 10 {
					r.mixed("1", 600, tenths)
					r.after(time.Minute)
				}
			}
		},
		"the guard is off": func(r *stormRig) {
			r.well("1", 1200)
			r.storm("1", 3000)
			r.refuse("", *verdict.CodeNotAvro.Because("no"), numbered("y", 3000)...)
		},
		"a small part of a busy lane": func(r *stormRig) {
			for range 12 {
				r.mixed("1", 3000, 0)
				r.after(30 * time.Second)
			}
			r.storm("1", 1000)
		},
		"exhausted attempts": func(r *stormRig) {
			r.well("1", 1200)
			r.refuse("1", *verdict.CodeExhausted.Because("no"), numbered("y", 3000)...)
		},
		"expired": func(r *stormRig) {
			r.well("1", 1200)
			r.refuse("1", *verdict.CodeOccurredAtExpired.Because("no"), numbered("y", 3000)...)
		},
		"deleted by retention": func(r *stormRig) {
			r.well("1", 1200)
			r.refuse("1", *verdict.CodeNotRetained.Because("no"), numbered("y", 3000)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newStormRig(t, refusing, func(o *Options) {
					if name == "the guard is off" {
						o.Guard = guard.Settings{}
					}
				})
				send(r)
				r.after(time.Minute)
				if r.sink.guard.Holding() || len(r.failing()) > 0 || r.lane("1").Records > 0 {
					t.Errorf("held: %v, %q", r.stopped("1"), r.failing())
				}
			})
		})
	}
}

// TestAStormOfOneDoesNotHoldAnother, also when both have one.
func TestStormsOfTwoProfiles(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing)
		for _, p := range []string{"1", "2", "3"} {
			r.well(p, 1200)
		}
		r.storm("1", 1000)
		r.storm("2", 1000)
		r.send("3", "x-one", "fine")
		r.after(10 * time.Second)
		if !r.stopped("1") || !r.stopped("2") || r.stopped("3") {
			t.Errorf("held %v %v %v", r.stopped("1"), r.stopped("2"), r.stopped("3"))
		}
		resumed(r, "1")
		if r.stopped("1") || !r.stopped("2") || r.lane("1").Records > 0 || r.lane("2").Records == 0 {
			t.Errorf("after 1 was resumed: held %v %v", r.stopped("1"), r.stopped("2"))
		}
	})
}

// TestResume: what waited becomes letters, and what comes, until all was well for a while.
func TestResume(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing)
		r.well("1", 1200)
		r.storm("1", 1000)
		resumed(r, "1")
		if r.letters() != 1000 || r.lane("1").Records != 0 || len(r.failing()) > 0 {
			t.Errorf("%d letters, %q", r.letters(), r.failing())
		}
		r.storm("1", 2000)
		if r.stopped("1") || r.letters() != 3000 {
			t.Errorf("held again after it was resumed, with %d letters", r.letters())
		}
		nobody := "nobody"
		if r.sink.Resume(nil) || r.sink.Resume(&nobody) {
			t.Error("something was resumed that was not held")
		}
		for range 6 {
			r.well("1", 6000)
		}
		r.storm("1", 1000)
		if !r.stopped("1") {
			t.Error("not held when it happens again after it was well")
		}
	})
}

// TestATrialThatPasses: one event is tried, it is one that was refused, and when it is
// accepted everything goes on without a letter.
func TestATrialThatPasses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing)
		r.well("1", 1200)
		r.storm("1", 1000)
		wrote, sent := r.letters(), len(r.amazon.all())
		r.send("1", numbered("good", 500)...)
		r.amazon.become(always(ok))
		r.after(3 * time.Minute)
		calls := r.amazon.all()[sent:]
		if len(calls[0].ids) != 1 || calls[0].ids[0][0] != 'x' {
			t.Errorf("tried with %d events, the first %s", len(calls[0].ids), calls[0].ids[0])
		}
		if r.stopped("1") || r.letters() != wrote || r.lane("1").Records != 0 || len(r.failing()) > 0 {
			t.Errorf("held %v, %d more letters, %d records", r.stopped("1"), r.letters()-wrote, r.lane("1").Records)
		}
	})
}

// TestATrialInAnotherLane: that a profile's events of another data set pass says nothing of those
// that were refused.
func TestATrialInAnotherLane(t *testing.T) {
	bubble(t, func(t *testing.T) {
		router := &oneRoute{}
		var ways []*exchange.Route
		r := newStormRig(t, refusing, func(o *Options) {
			routes, err := exchange.NewRoutes(exchange.RouteOptions{Contract: o.Contract, BaseURL: o.BaseURL, Tokens: o.Tokens, Principal: amazon.Principal{ClientID: o.ClientID}})
			if err != nil {
				t.Fatal(err)
			}
			way, _ := routes.Route("1", "US")
			other := *way
			other.DataSetID = "another"
			ways = []*exchange.Route{way, &other}
			router.set(ways[0], nil)
			o.Router = router
		})
		r.well("1", 1200)
		r.storm("1", 1000)
		wrote := r.letters()
		router.set(ways[1], nil)
		r.send("1", numbered("other", 50)...)
		if n := len(r.sink.Lanes()); n != 2 {
			t.Fatalf("%d lanes", n)
		}
		r.after(time.Hour)
		if !r.stopped("1") || r.letters() != wrote {
			t.Errorf("held %v with %d more letters", r.stopped("1"), r.letters()-wrote)
		}
		r.amazon.become(always(ok))
		r.after(15 * time.Minute)
		if r.stopped("1") || r.letters() != wrote || r.lane("1").Records > 0 {
			t.Errorf("held %v with %d more letters when all is well", r.stopped("1"), r.letters()-wrote)
		}
	})
}

// TestKeptLettersAreTriedBeforeOthers: what passes in a lane ends no hold while letters of
// records are kept that were refused before they came to one.
func TestKeptLettersAreTriedBeforeOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing)
		why := *verdict.CodeValueMissing.Because("no value")
		r.finds("1", *verdict.CodeCurrencyMissing.Because("no currency"))
		r.well("1", 1200)
		r.refuse("1", why, numbered("y", 1000)...)
		wrote := r.letters()
		r.after(time.Minute) // the first is of another reason now
		r.sink.Shed(10_000)
		r.send("1", numbered("good", 50)...)
		r.after(time.Hour)
		if !r.stopped("1") || r.letters() != wrote {
			t.Errorf("held %v with %d more letters", r.stopped("1"), r.letters()-wrote)
		}
	})
}

// TestATrialThatFails: one event at a time is tried, less and less often, and none becomes a
// letter.
func TestATrialThatFails(t *testing.T) {
	for name, answer := range map[string]func(call) reply{
		"refused":          refusing,
		"refused as whole": always(reply{status: 422}),
		"not found":        always(reply{status: 404}),
		"forbidden":        always(reply{status: 403}),
		"away":             always(reply{status: 503}),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newStormRig(t, refusing)
				r.well("1", 1200)
				r.storm("1", 1000)
				r.send("1", numbered("good", 500)...)
				r.amazon.become(answer)
				wrote, sent := r.letters(), len(r.amazon.all())
				r.after(time.Hour)
				calls := r.amazon.all()[sent:]
				if len(calls) < 6 || len(calls) > 12 {
					t.Errorf("tried %d times within an hour", len(calls))
				}
				for _, c := range calls {
					if len(c.ids) != 1 {
						t.Errorf("tried with %d events", len(c.ids))
					}
				}
				if !r.stopped("1") || r.letters() != wrote || r.lane("1").Records != 1500-wrote {
					t.Errorf("held %v, %d letters, %d records", r.stopped("1"), r.letters(), r.lane("1").Records)
				}
			})
		})
	}
}

// TestAStormThatComesBack: an event that passes does not begin the tries anew.
func TestAStormThatComesBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing)
		r.well("1", 1200)
		r.storm("1", 1000)
		r.after(3 * time.Minute)
		r.amazon.become(always(ok))
		r.after(5 * time.Minute)
		if r.stopped("1") {
			t.Fatal("still held")
		}
		r.amazon.become(refusing)
		r.storm("1", 1000)
		sent := len(r.amazon.all())
		r.after(3 * time.Minute)
		if !r.stopped("1") || len(r.amazon.all()) != sent {
			t.Errorf("held %v, tried %d times", r.stopped("1"), len(r.amazon.all())-sent)
		}
	})
}

// TestRevokedWhileHeld: what was held belongs to the next owner, no verdict is given, and
// the hold ends some time after.
func TestRevokedWhileHeld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing)
		r.well("1", 1200)
		r.storm("1", 1000)
		r.refuse("1", *verdict.CodeValueMissing.Because("no value"), numbered("y", 100)...)
		verdicts := len(r.classes())
		r.owner.end()
		r.sink.Sweep()
		r.after(time.Minute)
		if l := r.lane("1"); l.Records != 0 || r.gauge("guard_kept_letters") != 0 {
			t.Errorf("%d records remain", l.Records)
		}
		r.owner = &owner{}
		r.send("1", "x-bad")
		r.after(time.Second)
		if got := len(r.classes()); got != verdicts || !r.stopped("1") {
			t.Errorf("%d verdicts, held %v: want the hold to last a while", got-verdicts, r.stopped("1"))
		}
		r.owner.end()
		r.sink.Sweep()
		r.after(20 * time.Minute)
		if r.stopped("1") || len(r.failing()) > 0 {
			t.Errorf("held for want of events: %q", r.failing())
		}
	})
}

// TestAStormBeforeTheLanes: events that are refused when they are read are kept, tried by
// reading them again, and passed on or dead-lettered when it is over.
func TestAStormBeforeTheLanes(t *testing.T) {
	why := *verdict.CodeValueMissing.Because("no value")
	for name, end := range map[string]struct {
		how      func(r *stormRig)
		letters  int // of those that were held
		accepted int
	}{
		"resumed":        {func(r *stormRig) { resumed(r, "1") }, 500, 0},
		"mended":         {func(r *stormRig) { r.finds("1", verdict.Reason{}); r.after(10 * time.Minute) }, 0, 500},
		"all is resumed": {func(r *stormRig) { r.sink.Resume(nil); r.after(5 * time.Second) }, 500, 0},
		"unreadable first": {func(r *stormRig) {
			r.mu.Lock()
			r.err = context.DeadlineExceeded
			r.mu.Unlock()
			r.after(time.Minute)
			resumed(r, "1")
			if r.count(verdict.Validation) != r.letters() {
				r.t.Error("letters without a verdict")
			}
			r.finds("1", why)
			r.after(10 * time.Second)
		}, 500, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newStormRig(t, refusing)
				r.finds("1", why)
				r.well("1", 1200)
				r.refuse("1", why, numbered("y", 1000)...)
				wrote := r.letters()
				held := 1000 - wrote
				if !r.stopped("1") || wrote > 600 || r.gauge("guard_kept_letters") != float64(held) {
					t.Fatalf("held %v with %d letters and %v kept", r.stopped("1"), wrote, r.gauge("guard_kept_letters"))
				}
				r.send("1", numbered("good", 10)...)
				r.after(10 * time.Minute)
				if r.letters() != wrote || r.lane("1").Records != 10 || !r.stopped("1") {
					t.Fatalf("%d letters, %d records, held %v", r.letters()-wrote, r.lane("1").Records, r.stopped("1"))
				}
				before := r.count(verdict.Accepted)
				end.how(r)
				letters, accepted := 0, 10
				if end.letters > 0 {
					letters = held
				} else {
					accepted += held
				}
				if r.stopped("1") || r.letters() != wrote+letters || r.count(verdict.Accepted) != before+accepted {
					t.Errorf("held %v, %d letters, %d accepted; want %d and %d", r.stopped("1"), r.letters()-wrote, r.count(verdict.Accepted)-before, letters, accepted)
				}
			})
		})
	}
}

// TestAStormOfTheStream: what has no profile is held, and each profile from its first event
// on that is refused for the same reason; others go on.
func TestAStormOfTheStream(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing)
		why := *verdict.CodeNotAvro.Because("no Avro")
		r.finds("", why)
		r.well("1", 1200)
		r.well("2", 1200)
		r.refuse("", why, numbered("y", 1000)...)
		wrote := r.letters()
		r.refuse("1", why, "one")
		r.send("1", "fine1")
		r.send("2", "x-two", "fine2")
		r.after(10 * time.Second)
		if r.letters() != wrote+1 || wrote > 600 || !r.stopped("1") || r.stopped("2") {
			t.Fatalf("%d letters, held %v %v", r.letters(), r.stopped("1"), r.stopped("2"))
		}
		if f := r.failing(); len(f) != 1 || !strings.HasPrefix(f[0], "dead-letter guard: ") || !strings.Contains(f[0], "decode not_avro") {
			t.Errorf("%q", f)
		}
		// The source is mended, and its records are profile 3's.
		r.finds("3", verdict.Reason{})
		r.after(time.Hour)
		if r.sink.guard.Holding() || len(r.failing()) > 0 || r.letters() != wrote+1 || r.gauge("guard_kept_letters") != 0 {
			t.Errorf("held %v, %d letters", r.failing(), r.letters()-wrote)
		}
	})
}

// TestManyStrangersInAStorm: any number of profiles that nobody knows is bounded like all
// that waits, and given back for others.
func TestManyStrangersInAStorm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing, func(o *Options) { o.Configured = func(p string) bool { return p == "1" } })
		r.well("1", 1200)
		why := *verdict.CodeValueMissing.Because("no value")
		r.finds("1000", why)
		r.refuse("", why, numbered("z", 1000)...)
		for i := range 1000 {
			r.refuse(fmt.Sprint(1000+i), why, fmt.Sprint("y", i))
		}
		kept := r.gauge("guard_kept_letters")
		given := recordsIn(r.sink.Shed(10_000))
		if wrote := r.letters(); wrote > 600 || kept != float64(2000-wrote) || given < int(kept)-16 {
			t.Errorf("%d letters, %v kept, %d given back", wrote, kept, given)
		}
		r.send("1", numbered("good", 100)...)
		r.after(time.Second)
		if r.lane("1").Records > 0 {
			t.Error("the profile that everybody knows waits")
		}
	})
}

// TestHeldEventsArePutOff for others, come back one at a time to be tried, and all in the end.
func TestHeldEventsArePutOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newStormRig(t, refusing, func(o *Options) { o.WindowEvents = 400 })
		r.well("1", 1200)
		r.well("2", 12)
		r.storm("1", 1000)
		r.send("2", "fine")
		r.after(10 * time.Second)
		held := r.lane("1").Records
		r.shed()
		if l := r.lane("1"); l.Records > 100 || l.Records == held || r.sink.Wants("1") != 0 {
			t.Errorf("%d of %d records remain, %d wanted", l.Records, held, r.sink.Wants("1"))
		}
		resumed(r, "1")
		for r.sink.Wants("1") > 0 && len(r.parked) > 0 {
			r.comeBack("1")
			r.after(5 * time.Second)
		}
		if r.letters() != 1000 {
			t.Errorf("%d letters", r.letters())
		}
	})
}

// TestAHeldProfileWithoutARoute: a reload that loses a profile is a storm as well, and
// another one mends it.
func TestAHeldProfileWithoutARoute(t *testing.T) {
	bubble(t, func(t *testing.T) {
		way := &exchange.Route{}
		router := &oneRoute{}
		r := newStormRig(t, refusing, func(o *Options) {
			routes, err := exchange.NewRoutes(exchange.RouteOptions{Contract: o.Contract, BaseURL: o.BaseURL, Tokens: o.Tokens, Principal: amazon.Principal{ClientID: o.ClientID}})
			if err != nil {
				t.Fatal(err)
			}
			way, _ = routes.Route("1", "US")
			router.set(way, nil)
			o.Router = router
		})
		r.well("1", 1200)
		lost := verdict.CodeProfileUnknown.Because("no account has it")
		r.amazon.become(always(reply{status: 503}))
		r.send("1", numbered("waits", 100)...)
		r.after(time.Second)
		router.set(nil, lost)
		r.sink.Reroute()
		r.refuse("1", *lost, numbered("y", 1000)...)
		wrote := r.letters()
		r.send("1", numbered("z", 100)...)
		r.after(time.Second)
		if !r.stopped("1") || r.letters() != wrote || wrote > 700 {
			t.Fatalf("held %v, %d letters", r.stopped("1"), r.letters())
		}
		r.amazon.become(always(ok))
		router.set(way, nil)
		r.sink.Reroute()
		r.finds("1", verdict.Reason{})
		r.after(10 * time.Minute)
		if r.stopped("1") || r.letters() != wrote {
			t.Errorf("held %v, %d letters", r.stopped("1"), r.letters()-wrote)
		}
	})
}

// oneRoute is a router with one route, or none.
type oneRoute struct {
	mu  sync.Mutex
	to  *exchange.Route
	why *verdict.Reason
}

func (o *oneRoute) set(to *exchange.Route, why *verdict.Reason) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to, o.why = to, why
}

func (o *oneRoute) Route(string, string) (*exchange.Route, *verdict.Reason) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.to, o.why
}

func (o *oneRoute) Renew(string, *exchange.Route) (*exchange.Route, *verdict.Reason) {
	return o.Route("", "")
}

// gauge returns a gauge, all its series added up.
func (r *stormRig) gauge(name string) (sum float64) {
	families, err := r.reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == "amazon_capi_"+name })
	if i < 0 {
		return 0
	}
	for _, m := range families[i].GetMetric() {
		sum += m.GetGauge().GetValue()
	}
	return sum
}
