package consumer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// refuseLonger has the broker refuse commits with more metadata than that.
func (b *bench) refuseLonger(than *int) (refused *int) {
	refused = new(int)
	b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		req := r.(*kmsg.OffsetCommitRequest)
		long := make(map[int32]bool)
		for _, p := range req.Topics[0].Partitions {
			if len(*p.Metadata) > *than {
				long[p.Partition] = true
			}
		}
		if len(long) == 0 {
			return nil, nil, false
		}
		*refused++
		return refusal(req, func(p int32) *kerr.Error {
			if long[p] {
				return kerr.OffsetMetadataTooLarge
			}
			return nil
		}), nil, true
	})
	return refused
}

// TestManyPartitionsFindTheLimitOnce: what one request is refused for says the same of
// all its partitions. The metadata becomes as short as it has to, and no shorter.
func TestManyPartitionsFindTheLimitOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 12)
		most := 130 // one witness fits, and not all
		b.refuseLonger(&most)
		s := newFakeSink(false)
		m := b.start(s, func(o *Options) { o.CommitInterval = time.Second })
		for i := range 8 {
			for p := range int32(12) {
				b.publish(p, events("p1", i, i+1)...)
			}
			m.Settle(s.take(12))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		for p := range int32(12) {
			o, _ := b.offset(p)
			if o.At != 8 || len(said(t, o).Witnesses) == 0 {
				t.Errorf("partition %d: committed %d with metadata %q, want 8 with a witness", p, o.At, o.Metadata)
			}
		}
		if conditionFails(m, "commits") {
			t.Error("commits are said to fail")
		}
	})
}

// TestTheLastCommitFindsTheLimit: a stop has one commit, and no later one to make up
// for it.
func TestTheLastCommitFindsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		most := 0
		b.refuseLonger(&most)
		s := newFakeSink(true)
		m := b.start(s, func(o *Options) { o.CommitInterval = time.Hour })
		b.publish(0, events("p1", 0, 5)...)
		time.Sleep(5 * time.Second)
		if err := m.stop(); err != nil {
			t.Fatal(err)
		}
		if got := b.committed(0); got != 5 {
			t.Errorf("committed %d, want 5", got)
		}
	})
}

// TestALimitThatIsRaised: commits carry all of their metadata again, without a restart.
func TestALimitThatIsRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		most := 60
		refused := b.refuseLonger(&most)
		s := newFakeSink(true)
		b.start(s, func(o *Options) { o.CommitInterval = time.Second })
		long := func() bool {
			o, _ := b.offset(0)
			return len(o.Metadata) > 60
		}
		for i := range 10 {
			b.publish(0, events("p1", i, i+1)...)
			time.Sleep(2 * time.Second)
		}
		if long() || *refused == 0 {
			t.Fatalf("metadata %t longer than taken, refused %d times", long(), *refused)
		}
		before := *refused
		for i := range 60 {
			b.publish(0, events("p1", 10+i, 11+i)...)
			time.Sleep(time.Minute)
		}
		if n := *refused - before; n > 8 {
			t.Errorf("tried %d times within an hour", n)
		}
		most = ledger.MetadataLimit
		for i := range 100 {
			b.publish(0, events("p1", 100+i, 101+i)...)
			time.Sleep(time.Minute)
		}
		if !long() {
			t.Error("metadata is still left out though brokers take it")
		}
	})
}
