package consumer

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// transaction writes values in a transaction of a producer, and ends it.
func (b *bench) transaction(commit kgo.TransactionEndTry, values ...string) {
	b.t.Helper()
	cl, err := kgo.NewClient(append(b.dial, kgo.SeedBrokers(b.addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID("shop"))...)
	if err != nil {
		b.t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.BeginTransaction(); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range values {
		if err := cl.ProduceSync(b.t.Context(), &kgo.Record{Topic: topic, Value: []byte(v)}).FirstErr(); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := cl.EndTransaction(b.t.Context(), commit); err != nil {
		b.t.Fatal(err)
	}
}

// TestTransactionsLeaveNoLag: after a marker, of a transaction that was committed or
// aborted, nothing is left to read, and the group's commit and our metric say so.
func TestTransactionsLeaveNoLag(t *testing.T) {
	b := newBench(t, 1)
	end := func() int64 {
		ends, err := b.admin.ListEndOffsets(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		o, _ := ends.Lookup(topic, 0)
		return o.Offset
	}
	s := newFakeSink(true)
	m := b.start(s, nil)
	lag := func() int64 {
		for _, a := range m.owned() {
			l, ok := a.Lag(time.Now())
			if ok {
				return l.Records
			}
		}
		return -1
	}
	none := func(what string) {
		t.Helper()
		b.eventually(what+": all is committed", func() bool { return b.committed(0) == end() })
		m.askEnds(t.Context(), b.admin, &reach{since: make(map[assignment.TopicPartition]time.Time), topicOK: make(map[string]bool)})
		if n := lag(); n != 0 {
			t.Errorf("%s: lag %d, want 0", what, n)
		}
		if got := m.backlog(); got != (assignment.Backlog{}) {
			t.Errorf("%s: backlog %+v, want none", what, got)
		}
	}
	b.transaction(kgo.TryCommit, "p|a", "p|b")
	none("committed")
	b.transaction(kgo.TryAbort, "p|taken back", "p|that, too")
	none("aborted")
	b.publish(0, "p|c")
	b.transaction(kgo.TryAbort, "p|taken back")
	b.transaction(kgo.TryCommit, "p|d")
	none("mixed")
	m.checkSum(t.Context())
	for id, want := range map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "taken back": 0, "that, too": 0} {
		if n := s.count(id); n != want {
			t.Errorf("%s was delivered %d times, want %d", id, n, want)
		}
	}
	if sum := m.Tally().Summary(); sum.Taken != 4 || sum.InFlight() != 0 {
		t.Errorf("%+v: markers are no events", sum)
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	// The next member finds nothing, and stays at the end.
	m = b.start(newFakeSink(true), nil)
	b.transaction(kgo.TryAbort, "p|taken back")
	none("the next member")
}

// backlog is that of the member's only partition; -1 of all while it is not known.
func (m *member) backlog() assignment.Backlog {
	for _, a := range m.owned() {
		if b, ok := a.Backlog(); ok {
			return b
		}
	}
	return assignment.Backlog{Unread: -1, Taken: -1, Parked: -1}
}

// TestMarkersAreNoBacklog: while an event is held, the markers behind it and what was
// delivered there count in the lag and not in the backlog.
func TestMarkersAreNoBacklog(t *testing.T) {
	b := newBench(t, 1)
	s := newFakeSink(true)
	s.stuck = "held"
	m := b.start(s, nil)
	b.publish(0, "held|x")
	b.transaction(kgo.TryCommit, "p|a", "p|b")
	b.transaction(kgo.TryAbort, "p|taken back")
	b.eventually("all is delivered that can be", func() bool { return s.count("b") == 1 && m.backlog() == assignment.Backlog{Taken: 1} })
	m.askEnds(t.Context(), b.admin, &reach{since: make(map[assignment.TopicPartition]time.Time), topicOK: make(map[string]bool)})
	b.eventually("the markers are read", func() bool { return m.backlog() == assignment.Backlog{Taken: 1} })
	for _, a := range m.owned() {
		if l, _ := a.Lag(time.Now()); l.Records != 6 {
			t.Errorf("lag %d, want 6", l.Records)
		}
	}
}

// TestOpenTransactionsAreNoLag: what may yet be aborted cannot be read, and is not
// behind.
func TestOpenTransactionsAreNoLag(t *testing.T) {
	b := newBench(t, 1)
	m := b.start(newFakeSink(true), nil)
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID("shop"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	b.publish(0, "p|before")
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("p|open")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	b.publish(0, "p|behind it")
	b.eventually("what is before it is committed", func() bool { return b.committed(0) == 1 })
	m.askEnds(t.Context(), b.admin, &reach{since: make(map[assignment.TopicPartition]time.Time), topicOK: make(map[string]bool)})
	for _, a := range m.owned() {
		if l, ok := a.Lag(time.Now()); !ok || l.Records != 0 {
			t.Errorf("lag %d, want 0 of what can be read", l.Records)
		}
	}
	if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	b.eventually("all is committed", func() bool { return b.committed(0) == 4 })
}

// TestJobsPassMarkers: a job that leaves what it is not about for later does not
// leave markers, which nobody would ever settle.
func TestJobsPassMarkers(t *testing.T) {
	b := newBench(t, 1)
	b.transaction(kgo.TryCommit, "p|a", "p|b") // 0, 1 and the marker
	b.transaction(kgo.TryAbort, "p|taken back")
	b.publish(0, "p|c") // 5
	b.transaction(kgo.TryCommit, "p|d")
	s := newFakeSink(true)
	b.start(s, func(o *Options) { o.Job = &Job{Selection: chosen([]int64{0, 1, 5, 6}), LeaveOthers: true} }).ends(b)
	for _, id := range []string{"a", "b", "c", "d"} {
		if s.count(id) != 1 {
			t.Errorf("%s was delivered %d times", id, s.count(id))
		}
	}
	if at := b.committed(0); at < 7 {
		t.Errorf("committed at %d, want beyond all that was chosen", at)
	}
}

// TestMarkersAreWitnesses: a marker that ends what was taken is the same record when
// it is read again, and the next owner sends nothing again.
func TestMarkersAreWitnesses(t *testing.T) {
	for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		b := newBench(t, 1)
		s := newFakeSink(true)
		m := b.start(s, nil)
		b.publish(0, "p|a", "p|b")
		b.eventually("the first are committed", func() bool { return b.committed(0) == 2 })
		b.transaction(end, "p|c")
		b.eventually("the marker is committed", func() bool { return b.committed(0) == 4 })
		if err := m.stop(); err != nil {
			t.Fatal(err)
		}
		s = newFakeSink(true)
		m = b.start(s, nil)
		b.publish(0, "p|next")
		b.eventually("the next is sent", func() bool { return s.count("next") == 1 })
		for _, id := range []string{"a", "b", "c"} {
			if n := s.count(id); n != 0 {
				t.Errorf("%s was sent %d times by the next owner", id, n)
			}
		}
		if text := b.log.String(); strings.Contains(text, string(ledger.ReasonOtherRecords)) {
			t.Errorf("the log is said to have changed: %s", text)
		}
		if err := m.stop(); err != nil {
			t.Fatal(err)
		}
	}
}
