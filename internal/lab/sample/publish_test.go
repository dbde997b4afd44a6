package sample

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const topic = "events"

// bench is a cluster with a client and a registry for one test.
type bench struct {
	cluster  *sandbox.Cluster
	client   *kgo.Client
	registry *registry.Client
}

func newBench(t *testing.T, opts ...kgo.Opt) *bench {
	t.Helper()
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{Topics: []string{topic}, Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.Brokers()...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	registry, err := registry.New(registry.Options{URL: c.RegistryURL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	return &bench{c, client, registry}
}

func (b *bench) publisher(t *testing.T, o PublisherOptions) *Publisher {
	t.Helper()
	o.Topic = topic
	p, err := NewPublisher(b.client, b.registry, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// consume reads n records of the topic.
func (b *bench) consume(t *testing.T, n int) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.cluster.Brokers()...), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var out []*kgo.Record
	for len(out) < n {
		f := cl.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatalf("after %d of %d records: %v", len(out), n, err)
		}
		out = append(out, f.Records()...)
	}
	return out
}

func sequence(samples ...Sample) iter.Seq2[Sample, error] {
	return func(yield func(Sample, error) bool) {
		for _, s := range samples {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// TestPublish: what is published reads, by the registry, as what was meant.
func TestPublish(t *testing.T) {
	b := newBench(t)
	var names []string
	for _, br := range Breakages() {
		names = append(names, br.Name)
	}
	samples := take(t, 11, GeneratorOptions{Broken: 0.3, BrokenIn: names, V1: 0.5}, 2500)
	var progress []int
	counts, err := b.publisher(t, PublisherOptions{Progress: func(c Counts) { progress = append(progress, c.Records) }}).
		Publish(t.Context(), sequence(samples...))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, s := range samples {
		want[s.Expect.String()]++
	}
	if diff := cmp.Diff(want, counts.Expect); diff != "" || counts.Records != len(samples) {
		t.Errorf("%d records; expected classes (-want +got):\n%s", counts.Records, diff)
	}
	if !slices.Equal(progress, []int{1000, 2000, 2500}) {
		t.Errorf("progress %v", progress)
	}

	byKey := map[string]*Sample{}
	for i := range samples {
		byKey[string(samples[i].key())] = &samples[i]
	}
	decoder := schemas.NewDecoder(b.registry)
	bytes := int64(0)
	for _, rec := range b.consume(t, len(samples)) {
		bytes += int64(len(rec.Key) + len(rec.Value))
		s := byKey[string(rec.Key)]
		if s == nil {
			t.Fatalf("a record with key %.40q, which no sample has", rec.Key)
		}
		var ev schemas.Event
		err := decoder.Decode(t.Context(), rec.Value, &ev)
		var bad *schemas.DecodeError
		switch {
		case s.Expect == verdict.Decode:
			if !errors.As(err, &bad) || bad.Code.String() != s.Code {
				t.Errorf("%s: %v, want %s", rec.Key, err, s.Code)
			}
		case err != nil:
			t.Errorf("%s: %v", rec.Key, err)
		case s.Damage == Intact && string(schemas.EventJSON(&ev)) != string(schemas.EventJSON(s.Event)):
			t.Errorf("%s arrived as another event", rec.Key)
		}
	}
	if bytes != counts.Bytes {
		t.Errorf("%d bytes counted, %d arrived", counts.Bytes, bytes)
	}
}

// TestOnlyWhatIsNeededIsRegistered: good events leave nothing else behind in a
// registry.
func TestOnlyWhatIsNeededIsRegistered(t *testing.T) {
	b := newBench(t)
	good := take(t, 1, GeneratorOptions{}, 3)
	if _, err := b.publisher(t, PublisherOptions{}).Publish(t.Context(), sequence(good...)); err != nil {
		t.Fatal(err)
	}
	r := b.cluster.Registry()
	if !r.SubjectExists("events-value") || r.SubjectExists("events-sample-loose") || r.SubjectExists("events-sample-foreign") {
		t.Error("want the subject of the topic, and no other")
	}
}

func TestKeysAndTimestamps(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	event := func(id string, at time.Time) *schemas.Event {
		ev := &schemas.Event{EventID: id, EventName: "Lead"}
		if !at.IsZero() {
			ev.OccurredAt = at.UnixMilli()
		}
		return ev
	}
	old := now.Add(-1000 * time.Hour)
	samples := []Sample{
		{Event: event("past", old)},
		{Event: event("ahead", now.Add(time.Hour))},
		{Event: event("never", time.Time{})},
		{Event: event("x", old), Key: "own-key", Timestamp: now.Add(-time.Minute)},
		{Event: event("", old)},
		{Damage: Tombstone, Key: "gone"},
	}
	for mode, want := range map[Timestamps]map[string]time.Time{
		Now:       {"past": now, "ahead": now, "never": now, "own-key": now.Add(-time.Minute), "": now, "gone": now},
		EventTime: {"past": old, "ahead": now, "never": now, "own-key": now.Add(-time.Minute), "": old, "gone": now},
	} {
		b := newBench(t)
		if _, err := b.publisher(t, PublisherOptions{Timestamps: mode, Now: func() time.Time { return now }}).Publish(t.Context(), sequence(samples...)); err != nil {
			t.Fatal(err)
		}
		got := map[string]time.Time{}
		for _, rec := range b.consume(t, len(samples)) {
			if string(rec.Key) == "" && rec.Key != nil {
				t.Error("an empty key, want none")
			}
			if string(rec.Key) == "gone" && rec.Value != nil {
				t.Error("a tombstone with a value")
			}
			got[string(rec.Key)] = rec.Timestamp.UTC()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mode, diff)
		}
	}
}

func TestPublishErrors(t *testing.T) {
	good := take(t, 1, GeneratorOptions{}, 5)
	t.Run("a sample that cannot be written", func(t *testing.T) {
		b := newBench(t)
		bad := Sample{Event: &schemas.Event{EventID: "x", User: schemas.UserData{HashedEmail: "abc"}}, Schema: schemas.V1}
		counts, err := b.publisher(t, PublisherOptions{}).Publish(t.Context(), sequence(append(good[:3:3], bad, good[4])...))
		if err == nil || !strings.HasPrefix(err.Error(), "sample 4: ") || !strings.Contains(err.Error(), "hashed_email") {
			t.Errorf("%v, want the number of the sample and the field", err)
		}
		if counts.Records > 3 {
			t.Errorf("%d records, want none after the bad one", counts.Records)
		}
	})
	t.Run("the file ends in an error", func(t *testing.T) {
		b := newBench(t)
		_, err := b.publisher(t, PublisherOptions{}).Publish(t.Context(), Read(strings.NewReader("nonsense"), "f.jsonl"))
		if err == nil || !strings.Contains(err.Error(), "f.jsonl:1: ") {
			t.Errorf("%v, want the file and the line", err)
		}
	})
	t.Run("a topic that is not there", func(t *testing.T) {
		b := newBench(t, kgo.UnknownTopicRetries(1))
		p, err := NewPublisher(b.client, b.registry, PublisherOptions{Topic: "elsewhere"})
		if err != nil {
			t.Fatal(err)
		}
		counts, err := p.Publish(t.Context(), sequence(good...))
		if err == nil || !strings.HasPrefix(err.Error(), "sample ") || !strings.Contains(err.Error(), "topic elsewhere: it does not exist: check its name (--topic), create it") || counts.Records != 0 {
			t.Errorf("%d records, %v; want none and an error", counts.Records, err)
		}
	})
	t.Run("a topic that is made again", func(t *testing.T) {
		b := newBench(t, kgo.MetadataMinAge(50*time.Millisecond))
		cl, err := kgo.NewClient(kgo.SeedBrokers(b.cluster.Brokers()...))
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		admin := kadm.NewClient(cl)
		counts, err := b.publisher(t, PublisherOptions{}).Publish(t.Context(), func(yield func(Sample, error) bool) {
			for n, s := range good {
				if n == 2 {
					if err := b.client.Flush(t.Context()); err != nil {
						t.Error(err)
					}
					_, err := admin.DeleteTopics(t.Context(), topic)
					if err == nil {
						_, err = admin.CreateTopic(t.Context(), 1, 1, nil, topic)
					}
					if err != nil {
						t.Error(err)
					}
				}
				if !yield(s, nil) {
					return
				}
			}
		})
		if err == nil || !strings.Contains(err.Error(), "topic "+topic+": it was deleted and made again") || counts.Records != 2 {
			t.Errorf("%d records, %v; want 2 and that the topic is another one", counts.Records, err)
		}
	})
	t.Run("no registry", func(t *testing.T) {
		b := newBench(t)
		p := b.publisher(t, PublisherOptions{})
		b.cluster.Close()
		if _, err := p.Publish(t.Context(), sequence(good...)); !errors.Is(err, registry.ErrAway) {
			t.Errorf("%v, want that the registry is away", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		b := newBench(t)
		ctx, cancel := context.WithCancel(t.Context())
		g, err := NewGenerator(1, GeneratorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		counts, err := b.publisher(t, PublisherOptions{Progress: func(Counts) { cancel() }}).Publish(ctx, g.Take(1<<40))
		if !errors.Is(err, context.Canceled) || counts.Records < progressEvery {
			t.Errorf("%d records, %v; want at least %d and context canceled", counts.Records, err, progressEvery)
		}
	})
	for want, o := range map[string]PublisherOptions{"no name": {}, `"kafka" are unknown`: {Topic: "t", Timestamps: "kafka"}} {
		if _, err := NewPublisher(nil, nil, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in the error", err, want)
		}
	}
}
