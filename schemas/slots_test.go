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
