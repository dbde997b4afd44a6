package parking

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// readable is for partitions none of which is in trouble.
func readable(*assignment.Assignment) bool { return false }

// TestParkingKeepsOrder: a profile's events are read again in the order in which
// they were taken, and what comes later waits behind them.
func TestParkingKeepsOrder(t *testing.T) {
	p := New(100, nil)
	a := assignment.New("orders", 0, flow.NewInboxes(1), func() {})
	spots := func(seqs ...uint64) (s []assignment.Spot) {
		for _, q := range seqs {
			s = append(s, assignment.Spot{Owner: a, Seq: q, At: ledger.Mark{Offset: int64(q)}})
		}
		return s
	}
	wants := func(string) int { return 3 }
	p.put("p", spots(1, 2, 3, 4, 5))
	first := p.take(wants, time.Now(), 100, readable)
	if !p.Holds("p") {
		t.Error("what comes while its spots are read again is not parked")
	}
	p.put("p", spots(6))
	p.done(first[0], spots(2, 3)) // that could not be read
	var got []uint64
	for range 3 {
		for _, e := range p.take(wants, time.Now(), 100, readable) {
			for _, s := range e.spots {
				got = append(got, s.Seq)
			}
			p.done(e, nil)
		}
	}
	if fmt.Sprint(got) != "[2 3 4 5 6]" {
		t.Errorf("read again in the order %v", got)
	}
	if p.take(wants, time.Now(), 100, readable); p.Holds("p") || p.Count() != 0 {
		t.Error("the lot was not closed")
	}
	p.put("p", spots(7, 8))
	a.End()
	if p.take(wants, time.Now(), 100, readable); p.Holds("p") || p.Free() != 100 {
		t.Error("the spots of an assignment that has ended stayed")
	}
}

// A lane gives back its youngest, and later older ones: they come again in the order
// in which they were taken all the same, partition by partition.
func TestWhatIsGivenBackLaterComesAgainFirst(t *testing.T) {
	p := New(100, nil)
	a, b := assignment.New("orders", 0, flow.NewInboxes(1), func() {}), assignment.New("orders", 1, flow.NewInboxes(1), func() {})
	at := func(owner *assignment.Assignment, seqs ...uint64) (s []assignment.Spot) {
		for _, q := range seqs {
			s = append(s, assignment.Spot{Owner: owner, Seq: q, At: ledger.Mark{Offset: int64(q)}})
		}
		return s
	}
	p.putBack("p", append(at(a, 5, 6), at(b, 3, 4)...))
	p.put("p", at(a, 9))
	p.putBack("p", at(a, 7, 8)) // that a pump had in hand
	p.put("p", at(a, 10))
	p.putBack("p", append(at(b, 1, 2), at(a, 3, 4)...))
	got := map[*assignment.Assignment][]uint64{}
	for range 100 {
		for _, e := range p.take(func(string) int { return 2 }, time.Now(), 100, readable) {
			for _, s := range e.spots {
				got[s.Owner] = append(got[s.Owner], s.Seq)
			}
			p.done(e, nil)
		}
	}
	if fmt.Sprint(got[a], got[b]) != "[3 4 5 6 7 8 9 10] [1 2 3 4]" {
		t.Errorf("read again in the order %v and %v", got[a], got[b])
	}
}

// Lanes ask what is awaited while they are asked what they want.
func TestWhoIsAskedMayAsk(t *testing.T) {
	p := New(100, nil)
	a := assignment.New("orders", 0, flow.NewInboxes(1), func() {})
	p.put("p", []assignment.Spot{{Owner: a, Seq: 1}})
	errands := p.take(func(profile string) int {
		if !p.Awaits(profile) {
			t.Error("what is parked is not awaited")
		}
		return 1
	}, time.Now(), 1, readable)
	if len(errands) != 1 || !p.Awaits("p") {
		t.Error("what is being read again is not awaited")
	}
	p.done(errands[0], errands[0].spots)
	a.End()
	if p.Awaits("p") {
		t.Error("what belongs to nobody is awaited")
	}
}

// What many profiles have parked at the same time is read in one pass: each is given
// a part of what may be read at once, and what one does not want the others get.
func TestEachProfileIsReadInPart(t *testing.T) {
	p := New(1000, nil)
	a := assignment.New("orders", 0, flow.NewInboxes(1), func() {})
	seq := uint64(0)
	for _, profile := range []string{"p", "q", "r", "s"} {
		var spots []assignment.Spot
		for range 100 {
			seq++
			spots = append(spots, assignment.Spot{Owner: a, Seq: seq, At: ledger.Mark{Offset: int64(seq)}})
		}
		p.put(profile, spots)
	}
	wants := map[string]int{"p": 100, "q": 4, "r": 90}
	got := map[string]int{}
	for _, e := range p.take(func(profile string) int { return wants[profile] }, time.Now(), 64, readable) {
		got[e.profile] = len(e.spots)
		p.done(e, nil)
	}
	if want := map[string]int{"p": 30, "q": 4, "r": 30}; !maps.Equal(got, want) {
		t.Errorf("%v are read, want %v", got, want)
	}
	got = map[string]int{}
	for _, e := range p.take(func(string) int { return 50 }, time.Now(), 2, readable) {
		got[e.profile] = len(e.spots)
	}
	if len(got) != 2 {
		t.Errorf("%v are read: two records of any two profiles were wanted", got)
	}
}
