package consumer

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// second is another topic that the same group reads.
const second = "orders.eu"

// withSecond makes the second topic.
func (b *bench) withSecond(partitions int32) {
	b.t.Helper()
	if err := b.cluster.CreateTopic(second, partitions, nil); err != nil {
		b.t.Fatal(err)
	}
}

// both has a member read both topics.
func both(o *Options) { o.Topics = []string{topic, second} }

// publishTo publishes to any topic.
func (b *bench) publishTo(topic string, partition int32, values ...string) {
	b.t.Helper()
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)})
	}
	if err := b.client.ProduceSync(b.t.Context(), records...).FirstErr(); err != nil {
		b.t.Fatal(err)
	}
}

// committedOf is committed of any topic.
func (b *bench) committedOf(topic string, partition int32) int64 {
	b.t.Helper()
	offsets, err := b.admin.FetchOffsets(b.t.Context(), group)
	if err != nil {
		return -1
	}
	if o, ok := offsets.Lookup(topic, partition); ok {
		return o.At
	}
	return -1
}

// named is n events whose ids begin with a prefix.
func named(prefix string, from, to int) (values []string) {
	for i := from; i < to; i++ {
		values = append(values, fmt.Sprintf("p1|%s%d", prefix, i))
	}
	return values
}

func settleOne(m *member, v verdict.Verdict) { m.Settle([]verdict.Verdict{v}) }

func wantSent(t *testing.T, prefix string, from, to, want int, sinks ...*fakeSink) {
	t.Helper()
	for i := from; i < to; i++ {
		n, id := 0, fmt.Sprintf("%s%d", prefix, i)
		for _, s := range sinks {
			n += s.count(id)
		}
		if n != want {
			t.Errorf("%s was sent %d times, want %d", id, n, want)
		}
	}
}

// TestTwoTopics: partitions of the same number and records of the same offsets do not
// meet, neither in a ledger, nor in a commit, nor after a restart.
func TestTwoTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		b.withSecond(2)
		for p := range int32(2) {
			b.publishTo(topic, p, named(fmt.Sprintf("a%d-", p), 0, 20)...)
			b.publishTo(second, p, named(fmt.Sprintf("b%d-", p), 0, 20)...)
		}
		s := newFakeSink(false)
		m := b.start(s, both)
		// One of the first topic has no verdict; those of the second have all.
		for _, v := range s.take(80) {
			if v.EventID != "a0-3" {
				settleOne(m, v)
			}
		}
		time.Sleep(5 * time.Second)
		if got := [2]int64{b.committedOf(topic, 0), b.committedOf(second, 0)}; got != [2]int64{3, 20} {
			t.Errorf("committed %v, want 3 and 20", got)
		}
		if err := m.stop(); err != nil {
			t.Fatal(err)
		}
		again := newFakeSink(true)
		b.start(again, both)
		time.Sleep(20 * time.Second)
		wantSent(t, "a0-", 3, 4, 1, again)
		wantSent(t, "a0-", 4, 20, 0, again)
		wantSent(t, "b0-", 0, 20, 0, again)
		if got := b.committedOf(topic, 0); got != 20 {
			t.Errorf("committed %d after the restart, want 20\n%s", got, b.log)
		}
	})
}

// TestMetadataOfTheOtherTopic: what a commit says of one topic's offsets says nothing of
// those of another, though one group reads both.
func TestMetadataOfTheOtherTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.withSecond(1)
		b.publishTo(topic, 0, named("a", 0, 20)...)
		b.publishTo(second, 0, named("b", 0, 20)...)
		s := newFakeSink(false)
		m := b.start(s, nil)
		for _, v := range s.take(20) {
			if v.EventID != "a3" {
				settleOne(m, v)
			}
		}
		time.Sleep(5 * time.Second)
		o, _ := b.offset(0)
		m.sink.acceptFromNowOn()
		if err := m.stop(); err != nil {
			t.Fatal(err)
		}
		if said, err := ledger.ParseBeyond(o.Metadata, o.At); err != nil || !said.Has(19, 0) {
			t.Fatalf("the commit says %+v, %v; want the records behind the gap", said, err)
		}
		var copied kadm.Offsets
		copied.Add(kadm.Offset{Topic: second, At: o.At, LeaderEpoch: -1, Metadata: o.Metadata})
		if err := b.admin.CommitAllOffsets(t.Context(), group, copied); err != nil {
			t.Fatal(err)
		}
		again := newFakeSink(true)
		b.start(again, both)
		time.Sleep(20 * time.Second)
		wantSent(t, "b", 3, 20, 1, again)
	})
}

// TestOneOfTwoTopicsIsMadeAgain: the other goes on, and what it had in flight counts.
func TestOneOfTwoTopicsIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.withSecond(1)
		b.publishTo(topic, 0, named("a", 0, 10)...)
		b.publishTo(second, 0, named("b", 0, 10)...)
		s := newFakeSink(false)
		b.slow(time.Millisecond) // fetches of a topic that is gone are answered at once, in no time
		m := b.start(s, both)
		vs := s.take(20)
		for _, v := range vs {
			if v.EventID != "a9" && v.EventID != "b9" {
				settleOne(m, v)
			}
		}
		time.Sleep(5 * time.Second)
		b.remakeTopic(1, time.Second)
		b.publishTo(topic, 0, named("c", 0, 5)...)
		b.publishTo(second, 0, named("b", 10, 20)...)
		time.Sleep(time.Minute)
		for _, v := range vs {
			if v.EventID == "b9" && !v.Handle.Owner.Live() {
				t.Error("the assignment of the topic that stayed has ended")
			}
			if v.EventID == "a9" || v.EventID == "b9" {
				settleOne(m, v)
			}
		}
		s.acceptFromNowOn()
		time.Sleep(30 * time.Second)
		wantSent(t, "a", 0, 10, 1, s)
		wantSent(t, "b", 0, 20, 1, s)
		wantSent(t, "c", 0, 5, 1, s)
		if got := [2]int64{b.committedOf(topic, 0), b.committedOf(second, 0)}; got != [2]int64{5, 20} {
			t.Errorf("committed %v, want 5 and 20\n%s", got, b.log)
		}
		if sum := m.Tally().Summary(); sum.InFlight() != 0 || m.opts.Conditions.Failing() {
			t.Errorf("%d in flight, conditions %+v", sum.InFlight(), m.opts.Conditions.States())
		}
	})
}

// TestOneOfTwoTopicsHasTransactions: what one topic's producer takes back is not sent,
// and the markers of its transactions are committed past.
func TestOneOfTwoTopicsHasTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.withSecond(1)
		cl, err := kgo.NewClient(append(b.dial, kgo.SeedBrokers(b.addrs...), kgo.TransactionalID("tx"), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		write := func(value string, end kgo.TransactionEndTry) {
			if err := cl.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: second, Value: []byte(value)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if err := cl.EndTransaction(t.Context(), end); err != nil {
				t.Fatal(err)
			}
		}
		write("p1|b0", kgo.TryCommit)
		write("p1|back0", kgo.TryAbort)
		write("p1|b1", kgo.TryCommit)
		b.publishTo(topic, 0, named("a", 0, 6)...)
		s := newFakeSink(true)
		b.start(s, both)
		time.Sleep(20 * time.Second)
		wantSent(t, "a", 0, 6, 1, s)
		wantSent(t, "b", 0, 2, 1, s)
		wantSent(t, "back", 0, 1, 0, s)
		if got := [2]int64{b.committedOf(topic, 0), b.committedOf(second, 0)}; got != [2]int64{6, 6} {
			t.Errorf("committed %v, want 6 and 6\n%s", got, b.log)
		}
	})
}

// TestParkedRecordsOfTwoTopics: those of the same partition number and offset are told
// apart when they are read again.
func TestParkedRecordsOfTwoTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.withSecond(1)
		s := newFakeSink(true)
		s.stuck = "p1"
		m := b.start(s, func(o *Options) {
			both(o)
			o.MaxInFlightEvents, o.MaxParkedEvents = 20, 1000
		})
		b.publishTo(topic, 0, named("a", 0, 60)...)
		b.publishTo(second, 0, named("b", 0, 60)...)
		time.Sleep(5 * time.Second)
		if m.parking.Count() < 60 {
			t.Fatalf("%d are parked, want most", m.parking.Count())
		}
		s.heal(100)
		time.Sleep(time.Minute)
		wantSent(t, "a", 0, 60, 1, s)
		wantSent(t, "b", 0, 60, 1, s)
		if got := [2]int64{b.committedOf(topic, 0), b.committedOf(second, 0)}; got != [2]int64{60, 60} {
			t.Errorf("committed %v, want 60 and 60\n%s", got, b.log)
		}
	})
}

// TestAPartitionOfOneTopicIsNotTold: the group refuses to say where a partition of one
// topic stands. That is told with the topic, the other topic goes on, and it does, too,
// when the group says it.
func TestAPartitionOfOneTopicIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.withSecond(1)
		b.publishTo(topic, 0, named("a", 0, 10)...)
		b.publishTo(second, 0, named("b", 0, 10)...)
		fault := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Topic: second, Err: kerr.TopicAuthorizationFailed, Count: -1})
		s := newFakeSink(true)
		m := b.start(s, both)
		time.Sleep(time.Minute)
		wantSent(t, "a", 0, 10, 1, s)
		wantSent(t, "b", 0, 10, 0, s)
		if why := reasonOf(m, "position"); !strings.Contains(why, assignment.Of(second, 0).String()) {
			t.Errorf("readiness says %q, want the partition with its topic", why)
		}
		fault.Remove()
		time.Sleep(time.Minute)
		wantSent(t, "b", 0, 10, 1, s)
		if m.opts.Conditions.Failing() {
			t.Errorf("readiness fails: %+v", m.opts.Conditions.States())
		}
	})
}
