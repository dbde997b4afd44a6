package kafka

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const written = "events.dlq"

func writer(t *testing.T, c *kfake.Cluster, opts ...kgo.Opt) *Writer {
	t.Helper()
	base, err := (&Settings{Brokers: c.ListenAddrs()}).Options(zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(t.Context(), written, 1<<30, append(append(base, kgo.ProducerLinger(0), kgo.MetadataMinAge(20*time.Millisecond)), opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// once produces a record, and returns what the brokers say of it.
func once(t *testing.T, w *Writer, r *kgo.Record) (*kgo.Record, error) {
	t.Helper()
	type answer struct {
		r   *kgo.Record
		err error
	}
	said := make(chan answer, 1)
	w.TryProduce(t.Context(), r, func(r *kgo.Record, err error) { said <- answer{r, err} })
	select {
	case a := <-said:
		return a.r, a.err
	case <-time.After(30 * time.Second):
		t.Fatal("the brokers say nothing")
		return nil, nil
	}
}

// insist produces a record until it is acknowledged, as those do who must not
// lose it. It returns the errors on the way.
func insist(t *testing.T, w *Writer, make func() *kgo.Record) (offset int64, errs []error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		r, err := once(t, w, make())
		if err == nil {
			return r.Offset, errs
		}
		errs = append(errs, err)
		if _, err := w.Renew(t.Context(), err); err != nil {
			errs = append(errs, err)
		}
	}
	t.Fatalf("not written within a minute: %v", errs[len(errs)-1])
	return 0, nil
}

func small(n int) func() *kgo.Record {
	return func() *kgo.Record {
		return &kgo.Record{Topic: written, Key: []byte("k"), Value: []byte(strconv.Itoa(n))}
	}
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// values reads a topic to its end.
func values(t *testing.T, c *kfake.Cluster, topic string) map[string]int {
	t.Helper()
	got := make(map[string]int)
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	left := int64(0)
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for left > 0 {
		fs := cl.PollFetches(ctx)
		if err := fs.Err(); err != nil {
			t.Fatal(err)
		}
		fs.EachRecord(func(r *kgo.Record) { got[string(r.Value)]++; left-- })
	}
	return got
}

// TestWriterOfATopicMadeAgain: the client has the old topic's id and refuses the
// new one for good. What it was given meanwhile is either refused or in the topic.
func TestWriterOfATopicMadeAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after int32
		away          time.Duration
	}{
		"at once":              {3, 3, 0},
		"with fewer partition": {12, 1, 0},
		"with more":            {1, 12, 0},
		"after a while":        {3, 3, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := broker(t)
			if err := c.CreateTopic(written, tc.before, nil); err != nil {
				t.Fatal(err)
			}
			w := writer(t, c)
			for i := range 20 {
				insist(t, w, small(i))
			}
			if err := c.DeleteTopic(written); err != nil {
				t.Fatal(err)
			}
			made := make(chan error, 1)
			time.AfterFunc(tc.away, func() { made <- c.CreateTopic(written, tc.after, nil) })
			if tc.away == 0 {
				if err := <-made; err != nil {
					t.Fatal(err)
				}
			}
			var errs []error
			for i := range 20 {
				_, e := insist(t, w, small(100+i))
				errs = append(errs, e...)
			}
			if tc.away > 0 {
				if err := <-made; err != nil {
					t.Fatal(err)
				}
			}
			if len(errs) == 0 {
				t.Error("the client refused nothing: this test proves nothing")
			}
			for _, err := range errs {
				if why := Reason(err, written, "--flag"); !strings.Contains(why, "does not exist") && !strings.Contains(why, "made again") {
					t.Errorf("it says %q", why)
				}
			}
			got := values(t, c, written)
			for i := range 20 {
				if got[strconv.Itoa(100+i)] == 0 {
					t.Errorf("record %d was acknowledged, and is not there", 100+i)
				}
			}
		})
	}
}

// TestARenewedWriterIsNoRepetition: had the client only forgotten the topic, it
// would begin with sequence number 0 again, which the brokers have seen.
func TestARenewedWriterIsNoRepetition(t *testing.T) {
	c := broker(t)
	if err := c.CreateTopic(written, 1, nil); err != nil {
		t.Fatal(err)
	}
	w := writer(t, c)
	for i := range int64(5) {
		w.mu.Lock()
		w.stuck = i > 0
		w.mu.Unlock()
		if renewed, err := w.Renew(t.Context(), errors.New("any")); err != nil || renewed != (i > 0) {
			t.Fatalf("renewed %v, %v", renewed, err)
		}
		if offset, _ := insist(t, w, small(int(i))); offset != i {
			t.Errorf("record %d is acknowledged at offset %d", i, offset)
		}
	}
	if got := values(t, c, written); len(got) != 5 {
		t.Errorf("%d records, want 5", len(got))
	}
}

func alter(t *testing.T, c *kfake.Cluster, key, value string) {
	t.Helper()
	cl := client(t, Settings{Brokers: c.ListenAddrs()})
	rs, err := kadm.NewClient(cl).AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: key, Value: &value}}, written)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
}

// TestWriterAndTheTopicsLimit: any limit that a topic can have is one to start
// with, and another one is noticed when a record is refused.
func TestWriterAndTheTopicsLimit(t *testing.T) {
	for _, limit := range []int{1, 330, 511, 512, 5000, 90_000_000, 200_000_000, 2147483647} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) {
			c := broker(t)
			if err := c.CreateTopic(written, 1, map[string]string{maxMessageBytes: strconv.Itoa(limit)}); err != nil {
				t.Fatal(err)
			}
			w := writer(t, c)
			if want := min(limit, 1<<30); w.Limit() != want {
				t.Errorf("limit %d, want %d", w.Limit(), want)
			}
			value := noise(20_000)
			large := func() *kgo.Record { return &kgo.Record{Topic: written, Value: bytes.Clone(value)} }
			_, err := once(t, w, large())
			if limit > 20_100 {
				if err != nil {
					t.Fatal(err)
				}
				alter(t, c, maxMessageBytes, "5000")
				_, err = once(t, w, large())
			}
			if !errors.Is(err, kerr.MessageTooLarge) {
				t.Fatalf("%v, want it to be too large", err)
			}
			if renewed, err := w.Renew(t.Context(), err); err != nil || renewed != (limit > 20_100) {
				t.Errorf("renewed %v, %v", renewed, err)
			}
			alter(t, c, maxMessageBytes, "30000")
			if renewed, err := w.Renew(t.Context(), err); !renewed || err != nil {
				t.Errorf("renewed %v, %v", renewed, err)
			}
			if _, err := once(t, w, large()); err != nil || w.Limit() != 30_000 {
				t.Errorf("%v with a limit of %d", err, w.Limit())
			}
		})
	}
}

// TestWriterThatMayNotAskForTheLimit leaves the limit to the brokers.
func TestWriterThatMayNotAskForTheLimit(t *testing.T) {
	c := broker(t)
	if err := c.CreateTopic(written, 1, map[string]string{maxMessageBytes: "3000000"}); err != nil {
		t.Fatal(err)
	}
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	w := writer(t, c)
	value := noise(2_000_000)
	if _, err := once(t, w, &kgo.Record{Topic: written, Value: value}); err != nil {
		t.Fatalf("%v, want the brokers to decide", err)
	}
	_, err := once(t, w, &kgo.Record{Topic: written, Value: noise(4_000_000)})
	if renewed, rerr := w.Renew(t.Context(), err); !errors.Is(err, kerr.MessageTooLarge) || renewed || rerr != nil || w.Limit() != 0 {
		t.Errorf("%v, renewed %v, %v, limit %d", err, renewed, rerr, w.Limit())
	}
	fault.Remove()
	if renewed, rerr := w.Renew(t.Context(), err); !renewed || rerr != nil || w.Limit() != 3_000_000 {
		t.Errorf("renewed %v, %v, limit %d", renewed, rerr, w.Limit())
	}
}

// TestWriterAndFaultsThatPass: each names what is wrong, and a record is written
// once it is over.
func TestWriterAndFaultsThatPass(t *testing.T) {
	for name, tc := range map[string]struct {
		fault kfake.Fault
		says  []string
	}{
		"the topic is not ours":   {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed}, []string{"not allowed", written, "WRITE"}},
		"no idempotent writes":    {kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.ClusterAuthorizationFailed, TopLevel: true}, []string{"not allowed", "IDEMPOTENT_WRITE"}},
		"none at produce":         {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.ClusterAuthorizationFailed}, []string{"IDEMPOTENT_WRITE"}},
		"too few replicas":        {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas}, []string{"min.insync.replicas", written}},
		"a broken disk":           {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.KafkaStorageError}, []string{"KAFKA_STORAGE_ERROR", "disk"}},
		"a policy":                {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.PolicyViolation}, []string{"POLICY_VIOLATION", written}},
		"a compacted topic":       {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidRecord}, []string{"INVALID_RECORD", "cleanup.policy", written}},
		"unknown compression":     {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.UnsupportedCompressionType}, []string{"compression"}},
		"a small segment":         {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RecordListTooLarge}, []string{"segment.bytes", written}},
		"a wrong time":            {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidTimestamp}, []string{"message.timestamp.before.max.ms", written}},
		"no topic":                {kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: written, Err: kerr.UnknownTopicOrPartition}, []string{"does not exist", "--flag"}},
		"a topic not to be seen":  {kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: written, Err: kerr.TopicAuthorizationFailed}, []string{"not allowed", "DESCRIBE"}},
		"an id nobody knows":      {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.UnknownTopicID}, []string{"made again"}},
		"an error with no remedy": {kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.UnknownServerError}, []string{"UNKNOWN_SERVER_ERROR"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := broker(t)
			if err := c.CreateTopic(written, 1, nil); err != nil {
				t.Fatal(err)
			}
			tc.fault.Count = -1
			handle := c.Fault(tc.fault)
			w := writer(t, c)
			_, err := once(t, w, small(1)())
			for _, want := range tc.says {
				if why := Reason(err, written, "--flag"); err == nil || !strings.Contains(why, want) {
					t.Errorf("%v is told as %q, want %q in it", err, why, want)
				}
			}
			_, _ = w.Renew(t.Context(), err)
			_, err = once(t, w, small(1)())
			if err == nil {
				t.Error("written, though the fault is not over")
			}
			_, _ = w.Renew(t.Context(), err)
			handle.Remove()
			insist(t, w, small(2))
			if got := values(t, c, written); got["2"] != 1 {
				t.Errorf("%v", got)
			}
		})
	}
}

// TestWriterWithoutCompression: a client that compresses would be refused forever.
func TestWriterWithoutCompression(t *testing.T) {
	c := broker(t)
	if err := c.CreateTopic(written, 1, nil); err != nil {
		t.Fatal(err)
	}
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.UnsupportedCompressionType, Count: -1, When: func(r kmsg.Request) bool {
		var b kmsg.RecordBatch
		err := b.ReadFrom(r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records)
		return err == nil && b.Attributes&7 != 0
	}})
	w := writer(t, c)
	_, errs := insist(t, w, func() *kgo.Record {
		return &kgo.Record{Topic: written, Value: bytes.Repeat([]byte("all alike "), 500)}
	})
	if len(errs) != 1 || !errors.Is(errs[0], kerr.UnsupportedCompressionType) {
		t.Errorf("%v, want one refusal", errs)
	}
}

// TestWhyNothingIsAcknowledged: while the client tries again, the topic tells why.
func TestWhyNothingIsAcknowledged(t *testing.T) {
	t.Parallel()
	c, err := kfake.NewCluster(kfake.NumBrokers(3))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	w := writer(t, c)
	says := func(when, want string) {
		t.Helper()
		why := w.Why(t.Context())
		// The client remembers for a moment what it was told last.
		for range 100 {
			if strings.Contains(why, want) && (why == "") == (want == "") {
				return
			}
			time.Sleep(20 * time.Millisecond)
			why = w.Why(t.Context())
		}
		t.Errorf("%s it says %q, want %q", when, why, want)
	}
	says("without a topic", "does not exist")
	if err := c.CreateTopic(written, 1, map[string]string{"min.insync.replicas": "2"}); err != nil {
		t.Fatal(err)
	}
	says("all is well, and", "")
	alter(t, c, "min.insync.replicas", "4")
	says("with too few replicas", "min.insync.replicas of topic "+written+" is 4")
	c.Close()
	says("without brokers", "do not answer")
}

// TestARetiredClientKeepsItsPromises: what it has when it is replaced is written
// or refused, and never forgotten.
func TestARetiredClientKeepsItsPromises(t *testing.T) {
	c := broker(t)
	if err := c.CreateTopic(written, 1, nil); err != nil {
		t.Fatal(err)
	}
	w := writer(t, c, kgo.ProducerLinger(50*time.Millisecond))
	answers := make(chan error, 300)
	for i := range 300 {
		w.TryProduce(t.Context(), small(i)(), func(_ *kgo.Record, err error) { answers <- err })
		if i%100 == 50 {
			w.mu.Lock()
			w.stuck = true
			w.mu.Unlock()
			if renewed, err := w.Renew(t.Context(), errors.New("any")); !renewed || err != nil {
				t.Fatalf("renewed %v, %v", renewed, err)
			}
		}
	}
	for i := range 300 {
		select {
		case err := <-answers:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of 300 answers", i)
		}
	}
	if got := values(t, c, written); len(got) != 300 {
		t.Errorf("%d records, want 300", len(got))
	}
	w.Close()
	if _, err := once(t, w, small(1)()); !errors.Is(err, kgo.ErrClientClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestRecordBytesIsEnough(t *testing.T) {
	c := broker(t)
	for _, n := range []int{0, 1, 100, 16_000, 70_000} {
		r := &kgo.Record{Topic: written, Key: noise(n), Value: noise(n)}
		for i := range 30 {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: fmt.Sprint("header", i), Value: noise(i * 10)})
		}
		need := RecordBytes(r)
		if err := c.CreateTopic(written, 1, map[string]string{maxMessageBytes: strconv.Itoa(need)}); err != nil {
			t.Fatal(err)
		}
		if _, err := once(t, writer(t, c), r); err != nil {
			t.Errorf("%d bytes said to be enough: %v", need, err)
		}
		if err := c.DeleteTopic(written); err != nil {
			t.Fatal(err)
		}
	}
}
