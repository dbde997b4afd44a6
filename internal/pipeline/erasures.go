package pipeline

import (
	"context"
	"sync"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/erasure"
)

// erased returns what asks the list of erased events; nil if there is no list.
func (p *Pipeline) erased(c Config) func(string) (bool, error) {
	if c.ErasureTopic == "" {
		return nil
	}
	p.erasures = erasure.NewFollower(erasure.Options{Kafka: c.Kafka, Topic: c.ErasureTopic, Log: p.log, Conditions: p.conditions})
	return p.erasures.List().Erased
}

// followErasures reads the list, and keeps up with it until stop is called. ok is false if
// ctx ended before it was read: nothing is sent before.
func (p *Pipeline) followErasures(ctx context.Context) (stop func(), ok bool) {
	if p.erasures == nil {
		return func() {}, true
	}
	if p.erasures.Load(ctx) != nil {
		p.erasures.Close()
		return nil, false
	}
	// Not by ctx: what drains after it has ended is asked for, too.
	following, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		defer crash.Report()
		p.erasures.Follow(following)
	})
	return func() {
		cancel()
		wg.Wait()
	}, true
}
