package consumer

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/flow"
)

// TestBatchesThatUnpackToTooMuch: whoever may write to the topic can make a batch of
// kilobytes that unpacks to hundreds of megabytes. It is passed over with one dead
// letter, whatever packs it, and its partition goes on, as after a restart.
func TestBatchesThatUnpackToTooMuch(t *testing.T) {
	for name, codec := range map[string]kgo.CompressionCodec{
		"gzip": kgo.GzipCompression(), "zstd": kgo.ZstdCompression(), "lz4": kgo.Lz4Compression(), "snappy": kgo.SnappyCompression(),
	} {
		t.Run(name, func(t *testing.T) {
			// As the broker of a topic with large messages: snappy packs zeros to a twentieth.
			large := kfake.BrokerConfigs(map[string]string{"message.max.bytes": "8388608"})
			if name == "zstd" { // its decoders are closed by a finalizer, outside of any bubble
				newBenchWith(t, 1, large).passesBombs(codec)
				return
			}
			synctest.Test(t, func(t *testing.T) { newVirtualBench(t, 1, 1, large).passesBombs(codec) })
		})
	}
}

func (b *bench) passesBombs(codec kgo.CompressionCodec) {
	bomb := func(n int) {
		cl, err := kgo.NewClient(append(b.dial, kgo.SeedBrokers(b.addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
			kgo.ProducerBatchCompression(codec), kgo.ProducerBatchMaxBytes(96<<20))...)
		if err != nil {
			b.t.Fatal(err)
		}
		defer cl.Close()
		records := []*kgo.Record{{Topic: topic, Key: []byte("a"), Value: make([]byte, n)}, {Topic: topic, Key: []byte("b"), Value: []byte("p1|in the bomb")}}
		if err := cl.ProduceSync(b.t.Context(), records...).FirstErr(); err != nil {
			b.t.Fatal(err)
		}
	}
	b.publish(0, "p1|before")
	bomb(flow.MaxBatch + 1)
	b.publish(0, "p1|between")
	bomb(flow.MaxBatch + 8<<20)
	bomb(flow.MaxBatch + 8<<20)
	b.publish(0, "p1|after")
	s := newFakeSink(true)
	m := b.start(s, nil)
	b.eventually("what is behind the bombs", func() bool { return s.count("after") == 1 })
	b.eventually("all is committed", func() bool { return b.committed(0) == 9 })
	for _, id := range []string{"before", "between"} {
		if n := s.count(id); n != 1 {
			b.t.Errorf("%s was delivered %d times", id, n)
		}
	}
	if n := strings.Count(b.log.String(), "unpacks to far more than"); n != 3 {
		b.t.Errorf("%d bombs are said:\n%s", n, b.log.String())
	}
	if conditionFails(m, "fetch") {
		b.t.Error("the partition can be read")
	}
	if d := m.sumDifference(); d != 0 {
		b.t.Errorf("the sum differs by %d", d)
	}
	if err := m.stop(); err != nil {
		b.t.Fatal(err)
	}
	again := newFakeSink(true)
	b.publish(0, "p1|later")
	b.start(again, nil)
	b.eventually("what comes after a restart", func() bool { return again.count("later") == 1 })
	if n := again.count("after"); n != 0 {
		b.t.Errorf("what was committed came again %d times: %s", n, fmt.Sprint(again))
	}
}

// TestExactJobsGetNoStandIn: a copy of the stand-in would take the letter's place.
func TestExactJobsGetNoStandIn(t *testing.T) {
	err := fmt.Errorf("fetch: %w", &kgo.ErrDecompressTooLarge{Topic: topic, Offset: 3, NextOffset: 5})
	for name, tc := range map[string]struct {
		job  *Job
		want bool
	}{
		"no job": {nil, true}, "a replay": {new(Job), true}, "letters": {&Job{Exact: true}, false},
	} {
		c := &Consumer{opts: Options{Job: tc.job}}
		if got := c.tooLarge(err) != nil; got != tc.want {
			t.Errorf("%s: passed over: %v, want %v", name, got, tc.want)
		}
	}
}
