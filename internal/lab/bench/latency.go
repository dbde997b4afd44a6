package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
)

// latency publishes events at the rate, each with the time in its id, and asks
// Amazon when it had them.
func (b *bench) latency(ctx context.Context) (*Latency, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	c, err := b.program("latest")(b.group(), addr)
	if err != nil {
		return nil, err
	}
	stop := func(err error) error { return errors.Join(err, c.stop(stopGrace)) }
	err = c.poll(ctx, 50*time.Millisecond, func() (bool, error) {
		_, err := get(ctx, "http://"+addr+"/readyz")
		return err == nil, nil
	})
	if err == nil {
		err = b.reset(ctx, 0)
	}
	if err != nil {
		return nil, stop(err)
	}
	n := int(float64(b.o.Rate) * b.o.LatencyFor.Seconds())
	p, err := sample.NewPublisher(b.o.Client, b.o.Registry, sample.PublisherOptions{Topic: b.o.Topic})
	if err == nil {
		_, err = p.Publish(ctx, b.timed(ctx, n))
	}
	if err != nil {
		return nil, stop(err)
	}
	var seen Seen
	began := time.Now()
	err = c.poll(ctx, 50*time.Millisecond, func() (bool, error) {
		if err := getJSON(ctx, b.base+seenPath, &seen); err != nil {
			return false, err
		}
		if time.Since(began) > b.o.waits.still {
			return false, fmt.Errorf("%d of %s are delivered %s after the last was published", seen.Events, count.Of(n, "event"), b.o.waits.still)
		}
		return seen.Latency.Events >= n, nil
	})
	return &seen.Latency, stop(err)
}

// timed is n events at the rate, each with the time at which it was due in its
// id: one that is published late counts from when it should have been.
func (b *bench) timed(ctx context.Context, n int) func(func(sample.Sample, error) bool) {
	return func(yield func(sample.Sample, error) bool) {
		g, err := sample.NewGenerator(2, sample.GeneratorOptions{Profiles: b.o.Profiles, Full: true})
		if err != nil {
			yield(sample.Sample{}, err)
			return
		}
		began, i := time.Now(), 0
		for s, err := range g.Take(n) {
			due := began.Add(time.Duration(i) * time.Second / time.Duration(b.o.Rate))
			i++
			if wait := time.Until(due); wait > 0 {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return
				}
			}
			b.o.Progress("measuring latency", uint64(i), uint64(n))
			if s.Event != nil {
				s.Event.EventID = fmt.Sprintf("%s%d-%d", timedPrefix, due.UnixMicro(), i)
			}
			if !yield(s, err) {
				return
			}
		}
	}
}
