package sink

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// narrow is a window in which a stuck lane keeps two events.
func narrow(o *Options) { o.BatchEvents, o.Linger, o.WindowEvents = 4, -1, 8 }

// parkingRig is a rig that parks what is shed.
type parkingRig struct {
	*rig
	ids map[uint64]string

	lot    sync.Mutex
	parked []Backlog
}

func newParkingRig(t *testing.T, answer func(call) reply, change ...func(*Options)) *parkingRig {
	p := &parkingRig{ids: map[uint64]string{}}
	p.rig = newRig(t, answer, append([]func(*Options){narrow, func(o *Options) {
		o.Parked = func(profile string) bool {
			p.lot.Lock()
			defer p.lot.Unlock()
			for _, b := range p.parked {
				if b.Profile == profile {
					return true
				}
			}
			return false
		}
	}}, change...)...)
	return p
}

func (p *parkingRig) sendAll(profile string, ids ...string) {
	for _, id := range ids {
		p.add(profile, id)
		p.ids[p.seq] = id
	}
	p.feed.Flush()
}

func (p *parkingRig) shed() (n int) {
	given := p.sink.Shed(1000)
	p.lot.Lock()
	defer p.lot.Unlock()
	p.parked = append(p.parked, given...)
	return recordsIn(given)
}

// comeBack hands the parked events of a profile on again.
func (p *parkingRig) comeBack(profile string) {
	p.lot.Lock()
	was := p.parked
	p.lot.Unlock()
	var left []Backlog
	for _, b := range was {
		if b.Profile != profile {
			left = append(left, b)
			continue
		}
		for _, tok := range b.Tokens {
			c := purchase()
			c.ProfileID, c.EventID, c.MADID = profile, p.ids[tok.Seq], ""
			rec := &kgo.Record{Topic: "events", Partition: 3, Offset: int64(tok.Seq), Value: []byte("value"), Timestamp: time.UnixMilli(1776939330000)}
			p.feed.AddAgain(tok, rec, c, b.Past)
		}
	}
	p.lot.Lock()
	p.parked = left
	p.lot.Unlock()
	p.feed.Flush()
}

// What was sent and is given back has the same bytes, and counts all its requests,
// when it is sent again.
func TestWhatIsGivenBackKeepsItsPast(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParkingRig(t, stuck)
		p.sendAll("stuck", "a", "b", "c", "d", "e", "f", "g", "h")
		p.sendAll("well", "w")
		p.after(2 * time.Second)
		if n := p.shed(); n != 6 {
			t.Fatalf("%d given back, want all but a quarter of the window of 8", n)
		}
		var past *Past
		for _, b := range p.parked {
			if b.Past != nil {
				past = b.Past
			}
		}
		if past == nil || past.Attempts == 0 {
			t.Fatal("nothing of what was sent is given back, so this tests nothing")
		}
		if l := p.lane("stuck"); l.Records != 2 {
			t.Errorf("the lane is %+v, want it with 2 records", l)
		}
		p.amazon.become(always(ok))
		p.comeBack("stuck")
		p.after(time.Minute)
		requests := map[string]int{}
		bytes := map[string]map[string]bool{}
		for _, c := range p.amazon.all() {
			for id, raw := range c.events {
				requests[id]++
				if bytes[id] == nil {
					bytes[id] = map[string]bool{}
				}
				bytes[id][raw] = true
			}
		}
		for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			if v := p.verdict(id); v.Class != verdict.Accepted || v.Attempts != requests[id] || len(bytes[id]) != 1 {
				t.Errorf("%s is %s after %d attempts: it was in %d requests, as %d different texts", id, v.Class, v.Attempts, requests[id], len(bytes[id]))
			}
		}
	})
}

// Giving events back does not give them more tries than others have.
func TestTriesGoOnWhereTheyWere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParkingRig(t, stuck, func(o *Options) { o.OnExhausted = DeadLetterExhausted; o.BackoffMax = time.Second; o.MaxAttempts = 4 })
		p.sendAll("stuck", "a", "b", "c", "d")
		p.sendAll("well", "w")
		for range 20 {
			p.after(500 * time.Millisecond)
			p.shed()
			p.comeBack("stuck")
		}
		p.after(time.Hour)
		for _, l := range p.box.all() {
			if l.Attempts != 4 || l.Reason.Code != "exhausted" {
				t.Errorf("%s is a letter after %d attempts: %s", l.EventID, l.Attempts, l.Reason.Code)
			}
		}
		if n := len(p.box.all()); n != 4 {
			t.Errorf("%d letters, want 4", n)
		}
	})
}

// A lane that has given all away is not idle: it stays in trouble, and its
// condition goes on failing.
func TestALaneThatGaveAllIsStillStuck(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParkingRig(t, stuck, func(o *Options) { o.WindowEvents = 1; o.MaxAttempts = 2 })
		p.sendAll("stuck", "a", "b")
		p.sendAll("well", "w")
		p.after(10 * time.Second)
		if n := p.shed(); n != 2 {
			t.Fatalf("%d given back, want both", n)
		}
		p.after(3 * laneIdle)
		p.sendAll("well", "v") // which looks for idle lanes
		p.after(time.Minute)
		if l := p.lane("stuck"); l.Breaker == BreakerClosed || l.Records != 0 || len(p.failing()) != 1 {
			t.Errorf("%+v, failing: %v: want it as it was", l, p.failing())
		}
		if got := p.sink.Wants("stuck"); got != 1 {
			t.Errorf("when it is its turn it wants %d, want one", got)
		}
		p.comeBack("stuck")
		p.amazon.become(always(ok))
		p.after(10 * time.Minute)
		if p.verdict("a").Class != verdict.Accepted || len(p.failing()) != 0 {
			t.Errorf("failing: %v", p.failing())
		}
	})
}

// Unless what it gave is gone for good.
func TestALaneWhoseEventsAreGoneIsIdle(t *testing.T) {
	for _, swept := range []bool{true, false} {
		t.Run(fmt.Sprint(swept), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newParkingRig(t, stuck, func(o *Options) { o.WindowEvents = 1; o.MaxAttempts = 2 })
				p.sendAll("stuck", "a", "b")
				p.sendAll("well", "w")
				p.after(10 * time.Second)
				p.shed()
				p.lot.Lock()
				p.parked = nil
				p.lot.Unlock()
				if swept {
					p.sink.Sweep()
					p.after(0)
				} else {
					p.after(2 * conditionLinger)
				}
				if f := p.failing(); len(f) != 0 {
					t.Errorf("failing: %v, with nothing left", f)
				}
			})
		})
	}
}

// The condition of events that were put off again and again stays while they are
// given back.
func TestTheConditionOfEventsThatAreGivenBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParkingRig(t, func(c call) reply {
			if slices.Contains(c.ids, "poison") {
				return reply{status: 207, body: `{"success":[{"index":1}],"error":[{"index":0,"code":"TOO_MANY_REQUESTS"}]}`}
			}
			return ok
		}, func(o *Options) { o.WindowEvents = 1 })
		p.sendAll("p", "poison", "e")
		for len(p.failing()) == 0 {
			p.after(time.Second)
		}
		p.sendAll("well", "w")
		p.after(time.Second)
		p.shed()
		if !slices.ContainsFunc(p.parked, func(b Backlog) bool { return b.Past != nil && b.Past.Stuck && b.Past.NotBefore().After(time.Now()) }) {
			t.Fatal("the one that is put off is not given back")
		}
		p.sendAll("p", "good")
		p.after(time.Second)
		if f := p.failing(); len(f) != 1 {
			t.Errorf("failing: %v, with the event still about", f)
		}
		p.amazon.become(always(ok))
		p.comeBack("p")
		p.after(time.Minute)
		if f := p.failing(); len(f) != 0 || p.verdict("poison").Class != verdict.Accepted {
			t.Errorf("failing: %v", f)
		}
	})
}

// A batch that is given back in part is cut between two events, whatever the sizes:
// an empty part would be given back over and over.
func TestNothingEmptyIsGivenBack(t *testing.T) {
	for window := int64(200); window < 6000; window += 37 {
		bubble(t, func(t *testing.T) {
			p := newParkingRig(t, stuck, func(o *Options) { o.WindowEvents, o.WindowBytes = 1000, window })
			p.sendAll("stuck", "a", "b", "c", "d", "e", "f", "g", "h")
			p.sendAll("well", "w")
			p.after(2 * time.Second)
			for range 9 {
				if len(p.sink.Shed(1000)) == 0 {
					break
				}
			}
			if given := p.sink.Shed(1000); len(given) > 0 {
				t.Fatalf("with a window of %d bytes it gave %d records the tenth time", window, recordsIn(given))
			}
			for _, l := range p.sink.lanes["stuck"] {
				for _, b := range l.inLine(true) {
					if len(b.Events) == 0 {
						t.Error("there is an empty batch")
					}
				}
			}
		})
	}
}
