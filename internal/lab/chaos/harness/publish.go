package harness

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// publishing is the stream of events that goes on while things break.
type publishing struct {
	samples   *journal.Writer
	publisher *sample.Publisher
	acked     atomic.Int64
	before    int64 // acknowledged by earlier calls
}

func (w *world) newPublishing(path string) (*publishing, error) {
	samples, err := journal.Create(path)
	if err != nil {
		return nil, err
	}
	registry, err := registry.New(registry.Options{URL: w.servers.registry})
	if err != nil {
		return nil, err
	}
	p := &publishing{samples: samples}
	p.publisher, err = sample.NewPublisher(w.client, registry, sample.PublisherOptions{
		Topic:    w.source,
		Progress: func(c sample.Counts) { p.acked.Store(p.before + int64(c.Records)) },
	})
	return p, err
}

// generators of a run: one that breaks events in every way that needs a schema
// to be registered, which has to be done while the registry is there, and the
// one of the run itself.
func generators(o Options) (first, rest *sample.Generator, err error) {
	first, err = sample.NewGenerator(o.Seed, sample.GeneratorOptions{
		Profiles: o.Profiles, Broken: 1, Prefix: "first-",
		BrokenIn: []string{string(sample.NotTrackLayer), string(sample.UnexpectedType), "value_not_finite"},
	})
	if err != nil {
		return nil, nil, err
	}
	rest, err = sample.NewGenerator(o.Seed, sample.GeneratorOptions{
		Profiles: o.Profiles, Broken: 0.02, Denied: 0.02, DeniedFiltered: true, Repeated: 0.005, V1: 0.3,
	})
	return first, rest, err
}

// run publishes at the rate until until ends, and returns when the brokers have
// acknowledged all of it. ctx ends it at once.
func (p *publishing) run(ctx, until context.Context, o Options) error {
	first, rest, err := generators(o)
	if err != nil {
		return err
	}
	if _, err := p.publisher.Publish(ctx, p.noted(first.Take(20))); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	p.before = p.acked.Load()
	if _, err := p.publisher.Publish(ctx, p.noted(paced(until, rest, o.Rate))); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	return p.samples.Close()
}

// noted writes each sample down before it is published.
func (p *publishing) noted(samples iter.Seq2[sample.Sample, error]) iter.Seq2[sample.Sample, error] {
	return func(yield func(sample.Sample, error) bool) {
		for s, err := range samples {
			if err == nil {
				err = p.samples.Write(journal.Sample{
					Key: key(&s), Profile: s.ProfileID(), EventID: s.EventID(), Expect: s.Expect.String(), Code: s.Code,
				})
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// key is the key that the sample's record gets.
func key(s *sample.Sample) string {
	if s.Key != "" {
		return s.Key
	}
	return s.EventID()
}

// paced deals samples at so many a second. What a pause of the brokers holds up
// is not made good for: it would be a burst that no fault asked for.
func paced(until context.Context, g *sample.Generator, rate int) iter.Seq2[sample.Sample, error] {
	const tick = 20 * time.Millisecond
	return func(yield func(sample.Sample, error) bool) {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		owed := 0.0
		for {
			select {
			case <-until.Done():
				return
			case <-ticker.C:
			}
			for owed += float64(rate) * tick.Seconds(); owed >= 1; owed-- {
				if !yield(g.Next(), nil) {
					return
				}
			}
		}
	}
}
