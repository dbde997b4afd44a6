package sink

import (
	"context"
	"crypto/sha1"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	receipts "github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

const dlq = "events.dlq"

// broker starts a Kafka in the process and a client of it.
func broker(t *testing.T) (*kfake.Cluster, *kgo.Client) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(c.ListenAddrs()...), kgo.UnknownTopicRetries(0), kgo.ProducerBatchMaxBytes(8<<20), kgo.ProducerLinger(0),
		kgo.MetadataMinAge(10*time.Millisecond),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return c, cl
}

// written reads n letters back from the topic.
func written(t *testing.T, c *kfake.Cluster, n int) []deadletter.Letter {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(dlq), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var letters []deadletter.Letter
	for len(letters) < n {
		fs := cl.PollFetches(ctx)
		if err := fs.Err(); err != nil {
			t.Fatalf("%d of %d letters: %v", len(letters), n, err)
		}
		fs.EachRecord(func(r *kgo.Record) {
			l, err := deadletter.Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			letters = append(letters, l)
		})
	}
	return letters
}

// eventually waits for what happens in other goroutines in real time; it fails
// only if it never happens.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestDeadLettersOnKafka(t *testing.T) {
	quick := func(cl *kgo.Client) func(*Options) {
		return func(o *Options) {
			o.DeadLetters = DeadLetterOptions{Producer: cl, Topic: dlq}
			o.BackoffMin, o.BackoffMax = 10*time.Millisecond, 50*time.Millisecond
		}
	}
	t.Run("a tombstone and a full record", func(t *testing.T) {
		c, cl := broker(t)
		if err := c.CreateTopic(dlq, 1, nil); err != nil {
			t.Fatal(err)
		}
		r := newRig(t, always(ok), quick(cl))
		at := time.UnixMilli(1776939330123)
		r.refuse("a", &kgo.Record{Topic: "events", Partition: 1, Offset: 2, Key: nil, Value: nil, Timestamp: at})
		r.refuse("b", &kgo.Record{Topic: "events", Partition: 1, Offset: 3, Key: []byte{}, Value: []byte{0, 1}, Timestamp: at})
		letters := written(t, c, 2)
		a, b := letters[0], letters[1]
		if a.Value != nil || a.Key != nil || !a.Timestamp.Equal(at) || a.Offset != 2 {
			t.Errorf("tombstone: %+v", a)
		}
		if string(b.Value) != "\x00\x01" || b.Reason != invalid || b.Stage != "TRANSFORMATION" {
			t.Errorf("full: %+v", b)
		}
		eventually(t, "verdicts", func() bool { return r.count(verdict.Validation) == 2 })
	})
	t.Run("the topic is missing, then made", func(t *testing.T) {
		c, cl := broker(t)
		r := newRig(t, always(ok), quick(cl))
		r.refuse("a", r.record("a"))
		eventually(t, "the condition", func() bool {
			f := r.failing()
			return len(f) == 1 && strings.Contains(f[0], "it does not exist")
		})
		if err := c.CreateTopic(dlq, 1, nil); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the verdict", func() bool { return r.count(verdict.Validation) == 1 && len(r.failing()) == 0 })
	})
	t.Run("not authorised, then authorised", func(t *testing.T) {
		c, cl := broker(t)
		if err := c.CreateTopic(dlq, 1, nil); err != nil {
			t.Fatal(err)
		}
		fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: dlq, Err: kerr.TopicAuthorizationFailed, Count: -1})
		r := newRig(t, always(ok), quick(cl))
		r.refuse("a", r.record("a"))
		eventually(t, "the condition", func() bool {
			f := r.failing()
			return len(f) == 1 && strings.Contains(f[0], "not allowed")
		})
		fault.Remove()
		eventually(t, "the verdict", func() bool { return r.count(verdict.Validation) == 1 && len(r.failing()) == 0 })
	})
	t.Run("a record larger than the topic takes", func(t *testing.T) {
		c, cl := broker(t)
		if err := c.CreateTopic(dlq, 1, map[string]string{"max.message.bytes": "200000"}); err != nil {
			t.Fatal(err)
		}
		r := newRig(t, always(ok), quick(cl))
		big := make([]byte, 5<<20)
		for i := range big {
			big[i] = byte(i * i >> 3) // so that it does not compress to nothing
		}
		for _, id := range numbered("small", 20) {
			r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: 1}, r.record(id), "p", id, invalid)
		}
		rec := r.record("big")
		rec.Value = big
		r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: 2}, rec, "p", "big", invalid)
		r.feed.Flush()
		eventually(t, "verdicts", func() bool { return r.count(verdict.Validation) == 21 })
		for _, l := range written(t, c, 21) {
			if want := map[bool]int{true: len(big)}[l.EventID == "big"]; l.ValueOmitted != want {
				t.Errorf("%s: %d bytes omitted, want %d", l.EventID, l.ValueOmitted, want)
			}
		}
	})
}

// writerTo is what the pipeline writes with.
func writerTo(t *testing.T, c *kfake.Cluster, topic string) *kafka.Writer {
	t.Helper()
	w, err := kafka.NewWriter(t.Context(), topic, 1<<30, kgo.SeedBrokers(c.ListenAddrs()...), kgo.ProducerLinger(0), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// The topics of letters and receipts are deleted and made again, or grow, under a
// running sink, which goes on by itself. Nothing is settled that is not in them.
func TestTopicsThatChangeUnderTheSink(t *testing.T) {
	topics := []string{dlq, "events.receipts"}
	start := func(t *testing.T, configs map[string]string) (*kfake.Cluster, *rig) {
		c, _ := broker(t)
		for _, topic := range topics {
			if err := c.CreateTopic(topic, 3, configs); err != nil {
				t.Fatal(err)
			}
		}
		r := newRig(t, always(ok), func(o *Options) {
			o.DeadLetters = DeadLetterOptions{Producer: writerTo(t, c, topics[0]), Topic: topics[0]}
			o.Receipts = ReceiptOptions{Producer: writerTo(t, c, topics[1]), Topic: topics[1], Prefix: receiptPrefix}
			o.BackoffMin, o.BackoffMax, o.Linger = 10*time.Millisecond, 50*time.Millisecond, -1
		})
		return c, r
	}
	// both refuses one event, and sends another.
	both := func(r *rig, n int) {
		r.refuse(fmt.Sprint("letter", n), r.record(fmt.Sprint("letter", n)))
		r.send("p", fmt.Sprint("event", n))
	}
	settled := func(r *rig, n int) func() bool {
		return func() bool {
			return r.count(verdict.Validation) == n && r.count(verdict.Accepted) == n && len(r.failing()) == 0
		}
	}
	for _, away := range []time.Duration{0, 2 * time.Second} {
		t.Run("made again after "+away.String(), func(t *testing.T) {
			c, r := start(t, nil)
			both(r, 1)
			eventually(t, "the first verdicts", settled(r, 1))
			for _, topic := range topics {
				if err := c.DeleteTopic(topic); err != nil {
					t.Fatal(err)
				}
			}
			if away > 0 {
				both(r, 2)
				eventually(t, "the conditions", func() bool {
					f := strings.Join(r.failing(), ";")
					return strings.Contains(f, dlq+": it does not exist") && strings.Contains(f, "events.receipts: it does not exist")
				})
				if n := r.count(verdict.Validation) + r.count(verdict.Accepted); n != 2 {
					t.Errorf("%d verdicts without topics, want the first 2", n)
				}
			}
			for _, topic := range topics {
				if err := c.CreateTopic(topic, 1, nil); err != nil {
					t.Fatal(err)
				}
			}
			if away == 0 {
				both(r, 2)
			}
			eventually(t, "the verdicts", settled(r, 2))
			if l := written(t, c, 1); l[0].EventID != "letter2" {
				t.Errorf("the topic has %q, want letter2", l[0].EventID)
			}
			if n := c.PartitionInfo(topics[1], 0).HighWatermark; n < 1 {
				t.Errorf("%d receipts in the topic", n)
			}
		})
	}
	t.Run("too small, then grown", func(t *testing.T) {
		c, r := start(t, map[string]string{"max.message.bytes": "60"})
		both(r, 1)
		eventually(t, "the conditions", func() bool {
			f := strings.Join(r.failing(), ";")
			return strings.Contains(f, "max.message.bytes of topic "+dlq+", which is 60") && strings.Contains(f, "max.message.bytes of topic events.receipts, which is 60")
		})
		cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		grown := "20000"
		if _, err := kadm.NewClient(cl).AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "max.message.bytes", Value: &grown}}, topics...); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the verdicts", settled(r, 1))
		if l := written(t, c, 1); l[0].ValueOmitted != 0 {
			t.Errorf("the letter is not whole: %d bytes left out", l[0].ValueOmitted)
		}
	})
}

func TestReceiptsOnKafka(t *testing.T) {
	const topic = "events.receipts"
	into := func(cl *kgo.Client) func(*Options) {
		return func(o *Options) {
			o.DeadLetters.Producer = cl
			o.Receipts = ReceiptOptions{Producer: cl, Topic: topic, Prefix: receiptPrefix}
			o.BackoffMin, o.BackoffMax = 10*time.Millisecond, 50*time.Millisecond
			o.Linger = -1
		}
	}
	// named reads receipts until they name n events, and returns their ids.
	named := func(t *testing.T, c *kfake.Cluster, n int) map[string]int {
		t.Helper()
		cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		reader := receipts.NewReader(receiptSource{})
		ids, total := make(map[string]int), 0
		for total < n {
			fs := cl.PollFetches(ctx)
			if err := fs.Err(); err != nil {
				t.Fatalf("%d of %d events: %v", total, n, err)
			}
			fs.EachRecord(func(r *kgo.Record) {
				rc, err := reader.Parse(ctx, r.Value)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range rc.Events {
					ids[e.EventID]++
					total++
				}
			})
		}
		return ids
	}
	check := func(t *testing.T, got map[string]int, want []string) {
		t.Helper()
		for _, id := range want {
			if got[id] != 1 {
				t.Errorf("%s is named %d times, want once", id, got[id])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d events are named, want %d", len(got), len(want))
		}
	}
	t.Run("the topic is missing, then made", func(t *testing.T) {
		c, cl := broker(t)
		r := newRig(t, always(ok), into(cl))
		r.send("p", "a", "b")
		eventually(t, "the condition", func() bool {
			f := r.failing()
			return len(f) == 1 && strings.Contains(f[0], "it does not exist: check its name (--receipts-topic), create it")
		})
		if r.count(verdict.Accepted) != 0 {
			t.Error("settled without a receipt")
		}
		if err := c.CreateTopic(topic, 3, nil); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the verdicts", func() bool { return r.count(verdict.Accepted) == 2 && len(r.failing()) == 0 })
		check(t, named(t, c, 2), []string{"a", "b"})
	})
	t.Run("the broker refuses, then takes", func(t *testing.T) {
		c, cl := broker(t)
		if err := c.CreateTopic(topic, 3, nil); err != nil {
			t.Fatal(err)
		}
		fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
		r := newRig(t, always(ok), into(cl))
		r.send("p", "a")
		eventually(t, "the condition", func() bool {
			f := r.failing()
			return len(f) == 1 && strings.Contains(f[0], "not allowed")
		})
		fault.Remove()
		eventually(t, "the verdict", func() bool { return r.count(verdict.Accepted) == 1 && len(r.failing()) == 0 })
		check(t, named(t, c, 1), []string{"a"})
	})
	t.Run("a topic that takes little", func(t *testing.T) {
		c, cl := broker(t)
		if err := c.CreateTopic(topic, 1, map[string]string{"max.message.bytes": "4000"}); err != nil {
			t.Fatal(err)
		}
		r := newRig(t, always(ok), into(cl))
		letters := strings.NewReplacer("0", "g", "1", "h", "2", "i", "3", "j", "4", "k", "5", "l", "6", "m", "7", "n", "8", "o", "9", "p")
		var all []string
		for _, profile := range []string{"p", "q", "s"} {
			// Ids that compress badly, or a receipt of any length would fit, and
			// are no hashes, which would be masked.
			for i := range 500 {
				all = append(all, profile+"-"+letters.Replace(fmt.Sprintf("%x", sha1.Sum([]byte(fmt.Sprint(profile, i))))))
			}
			r.send(profile, all[len(all)-500:]...)
		}
		eventually(t, "the verdicts", func() bool { return r.count(verdict.Accepted) == len(all) })
		check(t, named(t, c, len(all)), all)
		if r.counted("receipts_split_total") == 0 {
			t.Error("none was split: this test proves nothing")
		}
	})
}
