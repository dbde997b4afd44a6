package schemas

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// TestDrippedSchemasHoldUpNoOther: a registry that drips some schemas, until their
// time is over, still has the others loaded at once.
func TestDrippedSchemasHoldUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		latest, _ := Latest.Schema()
		src := &sourceFunc{byID: func(ctx context.Context, id uint32) (avro.Schema, error) {
			if id < 100 {
				<-ctx.Done() // it drips
				return avro.Schema{}, errAway
			}
			return avro.Schema{Text: latest}, nil
		}}
		dec := NewDecoder(src, InBackground())
		defer dec.Close()
		var ev event.Event
		load := func(id uint32) *LoadingError {
			loading, ok := errors.AsType[*LoadingError](dec.Decode(t.Context(), avro.AppendHeader(nil, id), &ev))
			if !ok {
				t.Fatalf("id %d is not loading", id)
			}
			return loading
		}
		var dripped []*LoadingError
		for id := range uint32(maxLoads - 1) {
			dripped = append(dripped, load(id))
		}
		time.Sleep(time.Second)
		for id := range uint32(50) {
			began := time.Now()
			if err := load(100 + id).Wait(t.Context()); err != nil || time.Since(began) > time.Second {
				t.Errorf("%v after %s", err, time.Since(began))
			}
		}
		for i, l := range dripped {
			if err := l.Wait(t.Context()); !errors.Is(err, registry.ErrAway) {
				t.Error(fmt.Errorf("%d: %w", i, err))
			}
		}
	})
}

// TestRechecksHoldUpNoOther: dozens of schemas that cannot read their records, and that a
// registry drips when they are asked for again, still have the others loaded at once.
func TestRechecksHoldUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		latest, _ := Latest.Schema()
		asked := make(map[uint32]bool) // one is asked at a time here
		src := &sourceFunc{byID: func(ctx context.Context, id uint32) (avro.Schema, error) {
			if asked[id] {
				<-ctx.Done() // it drips
				return avro.Schema{}, errAway
			}
			asked[id] = true
			return avro.Schema{Text: latest}, nil
		}}
		dec := NewDecoder(src, InBackground())
		defer dec.Close()
		var ev event.Event
		load := func(id uint32) {
			began := time.Now()
			loading, ok := errors.AsType[*LoadingError](dec.Decode(t.Context(), avro.AppendHeader(nil, id), &ev))
			if !ok {
				t.Fatalf("id %d is not loading", id)
			}
			if err := loading.Wait(t.Context()); err != nil || time.Since(began) > 0 {
				t.Fatalf("id %d: %v after %s", id, err, time.Since(began))
			}
		}
		fail := func(id uint32) {
			if _, ok := errors.AsType[*DecodeError](dec.Decode(t.Context(), avro.AppendHeader(nil, id), &ev)); !ok {
				t.Fatalf("id %d reads an empty record", id)
			}
			synctest.Wait()
		}
		for id := range uint32(maxLoads) {
			load(id)
		}
		for id := range uint32(maxLoads) {
			fail(id)
		}
		load(100)
		before := src.asked.Load()
		time.Sleep(loadTimeout)
		synctest.Wait()
		fail(maxLoads - 1) // it was not asked for again then, and need not wait now
		if n := src.asked.Load() - before; n != 1 {
			t.Errorf("asked %d times once there is room, want once", n)
		}
	})
}
