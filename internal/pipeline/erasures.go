package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/sink"
)

// erased returns the query of the list of erased events; nil if there is no list.
func (p *Pipeline) erased(c Config) func(string) (bool, error) {
	if c.ErasureTopic == "" {
		return nil
	}
	p.erasures = erasure.NewFollower(erasure.Options{Kafka: c.Kafka, Topic: c.ErasureTopic, Log: p.log, Conditions: p.conditions})
	return p.erasures.List().Erased
}

// erasedMeanwhile is what the lanes ask; nil if there is no list.
func (p *Pipeline) erasedMeanwhile() sink.Erasures {
	if p.erasures == nil {
		return nil
	}
	return p.erasures.List()
}

// erasuresFirst is how long the list of erased events may take before everything else
// starts without it. The partitions are held until it is read, but other conditions
// have to be told meanwhile, such as that the brokers are away.
const erasuresFirst = 3 * time.Second

// followErasures reads the list, and keeps it current until stop is called.
func (p *Pipeline) followErasures(ctx context.Context) (stop func()) {
	if p.erasures == nil {
		return func() {}
	}
	first, cancel := context.WithTimeout(ctx, erasuresFirst)
	defer cancel()
	loaded := p.erasures.Load(first) == nil
	// Not by ctx: events are looked up during the drain, after ctx has ended.
	following, end := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		defer crash.Report()
		if !loaded && p.erasures.Load(following) != nil {
			p.erasures.Close()
			return
		}
		p.erasures.Follow(following)
	})
	return func() {
		end()
		wg.Wait()
	}
}
