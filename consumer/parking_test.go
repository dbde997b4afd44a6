package consumer

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/pump"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// mixed is n events each of the profile that is stuck and of one that is well,
// in turns.
func mixed(n int) (values []string) {
	for i := range n {
		values = append(values, fmt.Sprintf("stuck|s%d", i), fmt.Sprintf("well|w%d", i))
	}
	return values
}

// aStuckProfile starts a member of which one profile's lane takes events and
// gives no verdicts, in a window much smaller than what is published of it.
func aStuckProfile(b *bench, s *fakeSink, change func(*Options)) *member {
	s.stuck = "stuck"
	return b.start(s, func(o *Options) {
		o.MaxInFlightEvents, o.MaxParkedEvents = 100, 1_000_000
		if change != nil {
			change(o)
		}
	})
}

func (m *member) accepted(profile string) (n uint64) {
	for _, p := range m.Tally().Summary().Profiles {
		if p.Profile == profile {
			n += p.Settled[verdict.Accepted]
		}
	}
	return n
}

func (f *fakeSink) heal(wants int) {
	f.mu.Lock()
	f.stuck, f.wants = "", wants
	f.mu.Unlock()
	f.acceptFromNowOn()
}

func (b *bench) sumHolds(m *member) {
	b.t.Helper()
	b.eventually("the sum holds", func() bool { return m.sumDifference() == 0 })
}

func (b *bench) onceEach(s *fakeSink, values []string) {
	b.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		if _, id, _ := strings.Cut(v, "|"); s.seen[id] != 1 {
			b.t.Errorf("%s was handed on %d times", id, s.seen[id])
		}
	}
}

func TestAStuckProfileDoesNotHoldTheOthers(t *testing.T) {
	synctest.Test(t, testAStuckProfileDoesNotHoldTheOthers)
}

func testAStuckProfileDoesNotHoldTheOthers(t *testing.T) {
	const n = 3000
	b := newVirtualBench(t, 1, 2)
	b.publish(0, mixed(n)...)
	b.publish(1, events("well", n, 2*n)...)
	s := newFakeSink(true)
	m := aStuckProfile(b, s, nil)

	b.eventually("all of the other profile is accepted", func() bool { return m.accepted("well") == 2*n })
	b.sumHolds(m)
	sum := m.Tally().Summary()
	if sum.InFlight() != n {
		t.Errorf("%d in flight, want the %d that are stuck", sum.InFlight(), n)
	}
	if inWindow, _ := m.window.InFlight(); inWindow > 100 || inWindow+m.parking.Count() != n {
		t.Errorf("%d in memory and %d parked, of %d in all", inWindow, m.parking.Count(), n)
	}
	if got := b.committed(0); got > 0 {
		t.Errorf("committed %d, past events without a verdict", got)
	}

	s.heal(40)
	b.eventually("all is accepted", func() bool { return m.accepted("stuck") == n })
	b.eventually("all is committed", func() bool { return b.committed(0) == 2*n && b.committed(1) == n })
	b.onceEach(s, mixed(n))
	b.sumHolds(m)
	b.eventually("nothing is parked", func() bool { return m.parking.Count() == 0 && m.parking.Free() == 1_000_000 })
	if m.parking.Holds("stuck") {
		t.Error("the lot was not closed")
	}
	if got := m.Tally().Summary(); got.Taken != 3*n || got.Total.Consumed != 3*n {
		t.Errorf("%d taken and %d consumed, want each of %d once", got.Taken, got.Total.Consumed, 3*n)
	}
}

// Places are memory, too. When there are as many as there may be, taking waits
// as it would without them.
func TestParkingIsBounded(t *testing.T) { synctest.Test(t, testParkingIsBounded) }

func testParkingIsBounded(t *testing.T) {
	const n, most = 5000, 600
	b := newVirtualBench(t, 1, 1)
	b.publish(0, mixed(n)...)
	s := newFakeSink(true)
	m := aStuckProfile(b, s, func(o *Options) { o.MaxParkedEvents = most })
	b.eventually("the lot and the window are full", func() bool {
		inWindow, _ := m.window.InFlight()
		return m.parking.Free() == 0 && inWindow > 75 // it opens again at a quarter
	})
	if got := m.parking.Count(); got > most+pump.ChunkLen {
		t.Errorf("%d parked, want %d and a chunk at most", got, most)
	}
	s.heal(40)
	b.eventually("all is committed", func() bool { return b.committed(0) == 2*n })
	b.onceEach(s, mixed(n))
}

// TestNothingIsParkedWithoutALot: with --max-parked-events=0 the window is the bound.
// Events of a profile that is stuck fill it and hold the others up, which
// docs/operations.md says, and all goes on when the profile does.
func TestNothingIsParkedWithoutALot(t *testing.T) {
	const n = 3000
	b := newBench(t, 1)
	b.publish(0, mixed(n)...)
	s := newFakeSink(true)
	m := aStuckProfile(b, s, func(o *Options) { o.MaxParkedEvents = 0 })
	bounded := func() bool {
		if events, _ := m.window.InFlight(); events > 100+pump.ChunkLen || m.parking.Count() > 0 {
			t.Fatalf("%d events in flight and %d parked", events, m.parking.Count())
		}
		return true
	}
	b.eventually("the window is full", func() bool {
		inWindow, _ := m.window.InFlight()
		return bounded() && inWindow > 75
	})
	if m.accepted("well") == n {
		t.Error("the other profile was not held up")
	}
	s.heal(40)
	b.eventually("all is committed", func() bool { return bounded() && b.committed(0) == 2*n })
	b.onceEach(s, mixed(n))
}

// What is parked has no verdict: whoever reads the partition next sends it, and
// nothing else again.
func TestStoppingReturnsWhatIsParked(t *testing.T) {
	const n = 1000
	b := newBench(t, 1)
	b.publish(0, mixed(n)...)
	s := newFakeSink(true)
	m := aStuckProfile(b, s, func(o *Options) { o.Drain = 100 * time.Millisecond })
	b.eventually("all of the other profile is accepted", func() bool { return m.accepted("well") == n })
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if sum := m.Tally().Summary(); sum.Returned != n || sum.InFlight() != 0 {
		t.Errorf("%d returned and %d in flight, want all %d that were stuck back", sum.Returned, sum.InFlight(), n)
	}
	if events, bytes := m.window.InFlight(); events != 0 || bytes != 0 {
		t.Errorf("%d events and %d bytes stay in the window", events, bytes)
	}

	next := newFakeSink(true)
	m2 := b.start(next, nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 2*n })
	if got := m2.accepted("stuck"); got != n {
		t.Errorf("%d of the stuck profile delivered, want %d", got, n)
	}
	// The last ranges may not fit the metadata, but these are single events.
	if got := m2.accepted("well"); got > n {
		t.Errorf("%d of the other profile delivered again", got)
	}
}

// TestParkedRecordsThatKafkaDeleted: of these, too, it can be said what became.
func TestParkedRecordsThatKafkaDeleted(t *testing.T) {
	synctest.Test(t, testParkedRecordsThatKafkaDeleted)
}

func testParkedRecordsThatKafkaDeleted(t *testing.T) {
	const n = 500
	b := newVirtualBench(t, 1, 1)
	b.publish(0, mixed(n)...)
	s := newFakeSink(true)
	m := aStuckProfile(b, s, nil)
	b.eventually("all of the other profile is accepted", func() bool { return m.accepted("well") == n })
	deleted := make(kadm.Offsets)
	deleted.Add(kadm.Offset{Topic: topic, Partition: 0, At: n})
	if _, err := b.admin.DeleteRecords(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	inMemory, _ := m.window.InFlight()
	s.heal(40)
	b.eventually("all is committed", func() bool { return b.committed(0) == 2*n })
	b.sumHolds(m)
	// Every second one is of the profile; the first few were in memory.
	lost := m.Tally().Summary().Total.Settled[verdict.Decode]
	if want := uint64(n/2 - inMemory); lost < want || lost > n/2 {
		t.Errorf("%d were given up, want %d", lost, want)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.refused {
		if r != verdict.CodeNotRetained.String() {
			t.Errorf("refused for %s", r)
		}
	}
}

// TestReadingAgainFails: then it is said, and tried again.
func TestReadingAgainFails(t *testing.T) { synctest.Test(t, testReadingAgainFails) }

func testReadingAgainFails(t *testing.T) {
	const n = 500
	b := newVirtualBench(t, 1, 1)
	b.publish(0, mixed(n)...)
	s := newFakeSink(true)
	m := aStuckProfile(b, s, func(o *Options) { o.ReadOpts = append(b.dial[:1:1], kgo.SeedBrokers("127.0.0.1:1")) })
	b.eventually("all of the other profile is accepted", func() bool { return m.accepted("well") == n })
	s.heal(40)
	b.eventually("it is reported", func() bool { return conditionFails(m, "parking") })
	b.sumHolds(m)
	if got := b.committed(0); got >= 2*n {
		t.Errorf("%d committed, past what could not be read again", got)
	}
}

// polled counts the records that a client hands out.
type polled struct{ n atomic.Int64 }

func (p *polled) OnFetchRecordUnbuffered(_ *kgo.Record, polled bool) {
	if polled {
		p.n.Add(1)
	}
}

// What lies between a record that was parked long ago and one of just now is not
// read once more.
func TestWhatIsFarAheadIsFetched(t *testing.T) { synctest.Test(t, testWhatIsFarAheadIsFetched) }

func testWhatIsFarAheadIsFetched(t *testing.T) {
	const between = 3 * 20_000 // thrice what is rather read than left out
	b := newVirtualBench(t, 1, 1)
	b.publish(0, events("stuck", 0, 110)...) // more than the window
	b.publish(0, events("well", 0, between)...)
	b.publish(0, events("stuck", 110, 111)...)
	s, reread := newFakeSink(true), new(polled)
	m := aStuckProfile(b, s, func(o *Options) { o.ReadOpts = append(o.ReadOpts, kgo.WithHooks(reread)) })
	b.eventually("all of the other profile is accepted", func() bool { return m.accepted("well") == between })
	s.heal(1000)
	b.eventually("all is accepted", func() bool { return m.accepted("stuck") == 111 })
	if n := reread.n.Load(); n == 0 || n >= between {
		t.Errorf("%d records were read for 110 that were wanted", n)
	}
}
