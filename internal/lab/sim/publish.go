package sim

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// publish publishes a topic's events over the world's length, in bursts and pauses.
func (w *world) publish(topic int) {
	client, err := registry.New(registry.Options{URL: "http://" + honestRegistry, Dial: w.net.VirtualNetwork.DialContext})
	if err != nil {
		w.wrong("publishing: %v", err)
		return
	}
	defer client.Close()
	publisher, err := sample.NewPublisher(w.client, client, sample.PublisherOptions{Topic: w.plan.topics[topic]})
	if err != nil {
		w.wrong("publishing: %v", err)
		return
	}
	generator, err := sample.NewGenerator(w.seed+uint64(topic)<<48, sample.GeneratorOptions{
		Profiles: len(w.profiles), Broken: 0.04, Denied: 0.04, DeniedFiltered: true, Repeated: 0.01, V1: 0.3,
		Start: time.Now().Add(-2 * time.Hour), Span: time.Hour,
	})
	if err != nil {
		w.wrong("publishing: %v", err)
		return
	}
	counts, err := publisher.Publish(context.Background(), w.noted(generator, topic))
	if err != nil {
		w.wrong("publishing: %v", err)
	}
	w.mu.Lock()
	w.acked += counts.Records
	w.mu.Unlock()
}

// noted deals the samples at their times and writes each down before it is published.
func (w *world) noted(g *sample.Generator, topic int) iter.Seq2[sample.Sample, error] {
	rng := rand.New(rand.NewPCG(w.seed, 2+uint64(topic)<<8))
	events := w.plan.events / len(w.plan.topics)
	pause := w.plan.length / time.Duration(events)
	return func(yield func(sample.Sample, error) bool) {
		burst := 0
		for range events {
			if burst--; burst < 0 {
				burst = rng.IntN(20)
				time.Sleep(time.Duration(rng.Int64N(int64(2*pause)*int64(burst+1) + 1)))
			}
			s := g.Next()
			key := s.Key
			if key == "" {
				key = s.EventID()
			}
			w.mu.Lock()
			w.samples[key] = journal.Sample{Key: key, Profile: s.ProfileID(), EventID: s.EventID(), Expect: s.Expect.String(), Code: s.Code}
			w.mu.Unlock()
			if !yield(s, nil) {
				return
			}
		}
	}
}

// mark writes a record to every partition of the source, which becomes a dead letter:
// see the package's comment. It takes no time but what finding the leaders takes.
func (w *world) mark() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var records []*kgo.Record
	w.mu.Lock()
	w.each(func(p part, _, _ int64) {
		key := fmt.Sprintf("mark-%d", len(w.samples))
		w.samples[key] = journal.Sample{Key: key, Expect: "decode", Code: "no_magic"}
		records = append(records, &kgo.Record{Topic: p.topic, Partition: p.partition, Key: []byte(key), Value: []byte("elected")})
	})
	w.mu.Unlock()
	// A new client each time knows the new leaders and partitions.
	for len(records) > 0 {
		client, err := kgo.NewClient(kgo.SeedBrokers(w.addresses[:]...), kgo.Dialer(w.net.VirtualNetwork.DialContext),
			kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite(), kgo.RecordRetries(0), kgo.ProducerLinger(0))
		if err != nil {
			w.wrong("marking an election: %v", err)
			return
		}
		results := client.ProduceSync(ctx, records...)
		client.Close()
		records = records[:0]
		for _, r := range results {
			if r.Err != nil {
				records = append(records, r.Record)
			}
		}
		if ctx.Err() != nil {
			w.wrong("marking an election: %v", results.FirstErr())
			return
		}
		if len(records) > 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
}
