package sink

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/gate"
	"github.com/tracklayer/amazon-capi/sink/lobby"
)

// silent is an Amazon that never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// TestStrangersCost: what a lane of a made-up profile takes in memory is what it is
// counted for, and it has no goroutine.
func TestStrangersCost(t *testing.T) {
	var charged atomic.Int64
	s, err := New(Options{
		Contract: guide, BaseURL: "https://amazon.test", ClientID: "c", Tokens: &fixedTokens{},
		HTTPClient:  &http.Client{Transport: silent{}},
		DeadLetters: DeadLetterOptions{Producer: &letterbox{}, Topic: "dlq"},
		Settle:      func([]verdict.Verdict) {}, Charge: func(n int64) { charged.Add(n) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.familiar = 0
	const lanes = 10_000
	before, routines := heapInUse(), runtime.NumGoroutine()
	feed, rec, c, from := s.NewFeed(), &kgo.Record{Value: make([]byte, 300)}, purchase(), &owner{}
	for i := range lanes {
		c.ProfileID, c.EventID = fmt.Sprint(7_000_000_000+i), fmt.Sprint("order-", i)
		feed.Add(verdict.Handle{Owner: from, Seq: uint64(i)}, rec, c)
		if i%100 == 99 {
			feed.Flush()
		}
	}
	feed = nil
	took := (heapInUse() - before) / lanes
	if n := runtime.NumGoroutine() - routines; n > 3*lobby.AtOnce {
		t.Errorf("%d goroutines of %d lanes", n, lanes)
	}
	held := s.survey(time.Now())
	counted := charged.Load() / lanes
	t.Logf("a lane takes %d bytes and counts as %d", took, counted)
	if counted != strangerCost || held.held != lanes {
		t.Errorf("%d bytes are counted for each of %d events' lanes", counted, held.held)
	}
	if took > counted+batch.RecordOverhead+300 {
		t.Errorf("a lane takes %d bytes, and counts as %d and its record", took, counted)
	}
	from.end()
	s.Sweep()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.Close(ctx)
	runtime.KeepAlive(s)
}

// TestStrangersAreGivenUp: a lane of a made-up profile that has nothing left is not
// counted, and but for a few not kept, however it came to have nothing.
func TestStrangersAreGivenUp(t *testing.T) {
	const lanes = 5000
	for name, c := range map[string]struct {
		answer reply
		change func(*rig)
	}{
		"accepted":   {ok, func(r *rig) { r.after(time.Hour) }},
		"refused":    {reply{status: 422}, func(r *rig) { r.after(time.Hour) }},
		"not served": {reply{status: 403}, func(r *rig) { r.after(5 * time.Hour) }},
		"swept": {reply{status: 503}, func(r *rig) {
			r.after(time.Second)
			r.owner.end()
			r.sink.Sweep()
			r.after(10 * time.Minute)
		}},
		"parked": {reply{status: 503}, func(r *rig) {
			r.send("named", "n") // somebody who could use the room
			r.after(time.Second)
			r.sink.opts.WindowEvents, r.sink.opts.WindowBytes = 4, 400
			for range 10 {
				r.sink.Shed(lanes)
				r.after(time.Minute)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var charged atomic.Int64
				r := newRig(t, func(call call) reply {
					if call.profile == "named" {
						return ok
					}
					return c.answer
				}, func(o *Options) {
					o.Linger = -1
					o.Charge = func(n int64) { charged.Add(n) }
					o.Configured = func(profile string) bool { return profile == "named" }
				})
				for i := range lanes {
					r.add(fmt.Sprint(7_000_000_000+i), fmt.Sprint("j", i))
				}
				r.feed.Flush()
				if got := charged.Load(); got <= 0 || got > lanes*strangerCost {
					t.Errorf("%d bytes are counted for %d lanes", got, lanes)
				}
				c.change(r)
				if got := charged.Load(); got > 8*strangerCost {
					t.Errorf("%d bytes are counted of lanes that have nothing left", got)
				}
				strange := 0
				r.sink.each(func(l *lane) {
					if l.trust.strange {
						strange++
					}
				})
				if most := forgetSpent + maxSpent; strange > most {
					t.Errorf("%d lanes are kept, want %d at most", strange, most)
				}
			})
		})
	}
}

// TestARowOfRefusalsOutlivesItsLane: a made-up profile whose lane was given up, with
// its event put off, is refused for the length of the hold all the same and then ends
// as a dead letter; the hold counts no time in which nobody asked.
func TestARowOfRefusalsOutlivesItsLane(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if c.profile == "named" {
				return ok
			}
			return reply{status: 403}
		}, func(o *Options) {
			o.Linger, o.AuthHold = -1, 2*time.Minute
			o.Configured = func(profile string) bool { return profile == "named" }
			o.Parked = func(string) bool { return true }
		})
		r.send("named", "n")
		r.send("7", "e")
		r.after(time.Second)
		began := time.Now()
		for round := 0; len(r.box.all()) == 0; round++ {
			if round > 100 {
				t.Fatal("it never ends")
			}
			r.sink.opts.WindowEvents, r.sink.opts.WindowBytes = 3, 3
			given := r.sink.Shed(10)
			r.sink.opts.WindowEvents, r.sink.opts.WindowBytes = 30_000, 64<<20
			if len(given) != 1 || given[0].Past == nil {
				t.Fatalf("round %d: given %v", round, given)
			}
			r.sink.spent.Store(forgetSpent)
			r.sink.mu.Lock()
			delete(r.sink.lanes, "7")
			r.sink.mu.Unlock()
			r.after(max(time.Until(given[0].Past.NotBefore()), 0))
			c := purchase()
			c.ProfileID, c.EventID = "7", "e"
			r.feed.AddAgain(given[0].Tokens[0], r.record("e"), c, given[0].Past)
			r.feed.Flush()
			r.after(time.Second)
		}
		if took := time.Since(began); took < 2*time.Minute || took > 6*time.Minute {
			t.Errorf("it ended after %s", took)
		}
		if got := r.box.all()[0].Attempts; got < 4 {
			t.Errorf("the letter counts %d attempts", got)
		}
	})
}

// TestARowIsTakenUpOnlyByALaneThatKnowsNothing: one that was answered since, or that is
// in trouble, has news of its own.
func TestARowIsTakenUpOnlyByALaneThatKnowsNothing(t *testing.T) {
	start := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	policy := gate.Policy{MaxAttempts: 5, AuthHold: time.Minute, Backoff: backoff.New(time.Second, time.Second, nil)}
	before := gate.New()
	before.Refuse(&policy, start, "")
	p := &Past{refused: before.Row(), said: "refused"}
	now := start.Add(time.Hour)
	strange := trust{strange: true}
	l := &lane{trust: strange}
	if l.recall(p, now); !l.gate.Refused() || l.gate.State(now) != gate.Probing || l.condition.said != p.said {
		t.Errorf("%s, said %q: want it to go on with the row", l.gate.State(now), l.condition.said)
	}
	failed := gate.New()
	failed.Fail(&policy, start, 0, "")
	for what, l := range map[string]*lane{"known": {}, "answered": {trust: strange, flights: flights{heard: start}}, "in trouble": {trust: strange, gate: failed}} {
		if l.recall(p, now); l.gate.Refused() {
			t.Errorf("a lane that is %s took the row up", what)
		}
	}
}

// Lanes of invented profiles that are refused share a few log lines a minute, and the line
// of a profile that an account names is not lost among them.
func TestStrangersShareAFewLogLines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 403}), func(o *Options) {
			o.Linger = -1
			o.Configured = func(profile string) bool { return profile == "named" }
		})
		for i := range 200 {
			r.send(fmt.Sprint("junk", i), fmt.Sprint("j", i))
		}
		r.send("named", "n")
		r.after(10 * time.Minute)
		named, others := 0, 0
		for line := range strings.Lines(r.log.String()) {
			if !strings.Contains(line, `"condition":"lane`) {
				continue
			}
			if strings.Contains(line, `"lane named"`) {
				named++
			} else {
				others++
			}
		}
		if named == 0 || others == 0 || others > 110 {
			t.Errorf("%d lines of the named profile, and %d of the others in eleven minutes, want at least one and at most 110", named, others)
		}
		if !strings.Contains(r.log.String(), `"left_out":`) {
			t.Error("nothing says how many lines were left out")
		}
	})
}
