package harness

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// hostile breaks things on two tracks: what happens to the members and servers,
// and meanwhile what goes wrong at Amazon. Each goes on until both have met all
// that they can do.
func (w *world) hostile(ctx context.Context, deals []episode, wrong []trouble) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h := newHostility(w.o.For, 2)
	troubled := make(chan error, 1)
	go func() {
		err := w.trouble(ctx, h, &h.met[0], wrong)
		if err != nil {
			cancel()
		}
		troubled <- err
	}()
	err := w.episodes(ctx, h, &h.met[1], deals)
	if err != nil {
		cancel()
	}
	return errors.Join(err, <-troubled)
}

// episodes does one thing after the other to members and servers.
func (w *world) episodes(ctx context.Context, h *hostility, met *atomic.Bool, deals []episode) error {
	rng := source(w.o.Seed, trackMembers)
	cards := newDeck(rng, deals)
	for !h.over() {
		if !pause(ctx, between(rng, 300*time.Millisecond, 1500*time.Millisecond)) {
			return context.Cause(ctx)
		}
		if err := cards.deal().do(ctx, w, rng); err != nil {
			return err
		}
		met.Store(cards.round())
	}
	return ctx.Err()
}

// trouble has Amazon go wrong in ever other ways, and always be well again.
func (w *world) trouble(ctx context.Context, h *hostility, met *atomic.Bool, wrong []trouble) error {
	rng := source(w.o.Seed, trackAmazon)
	cards := newDeck(rng, wrong)
	refusals := newDeck(rng, []sandbox.Refusal{sandbox.RefuseBatch, sandbox.RefuseItem})
	statuses := newDeck(rng, []int{200, 201, 202, 204, 207})
	for !h.over() {
		if !pause(ctx, between(rng, 300*time.Millisecond, 1500*time.Millisecond)) {
			return context.Cause(ctx)
		}
		t := cards.deal()
		manner := sandbox.Behaviour{Refusal: refusals.deal(), SuccessStatus: statuses.deal(), Echo: rng.IntN(2) == 0}
		id := w.story.begin(journal.Fault{Kind: t.kind, InFlight: w.inFlight(), Does: t.does()})
		if err := w.amazon.behave(ctx, t.faults, manner); err != nil {
			return err
		}
		pause(ctx, between(rng, time.Second, 3*time.Second))
		w.amazon.struck(ctx, t)
		if err := w.amazon.behave(ctx, nil, manner); err != nil {
			return err
		}
		w.story.end(id, nil)
		met.Store(cards.round())
	}
	return nil
}
