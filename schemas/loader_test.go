package schemas

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// TestLoadingInTheBackground: Decode waits for nothing, and Wait tells what came of
// it.
func TestLoadingInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		latest, _ := Latest.Schema()
		src := &sourceFunc{byID: func(ctx context.Context, id uint32) (avro.Schema, error) {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return avro.Schema{}, errAway
			}
			switch id {
			case 1:
				return avro.Schema{Text: latest}, nil
			case 2:
				return avro.Schema{}, errAway
			case 3:
				return avro.Schema{Text: "{"}, nil
			}
			<-ctx.Done() // references without end
			return avro.Schema{}, errAway
		}}
		dec := NewDecoder(src, InBackground())
		began := time.Now()
		var waits []*LoadingError
		var ev event.Event
		ask := func(ids ...uint32) {
			for _, id := range ids {
				loading, ok := errors.AsType[*LoadingError](dec.Decode(t.Context(), avro.AppendHeader(nil, id), &ev))
				if !ok {
					t.Fatalf("id %d is not loading", id)
				}
				waits = append(waits, loading)
			}
		}
		ask(1, 2, 3)
		if again, ok := errors.AsType[*LoadingError](dec.Decode(t.Context(), avro.AppendHeader(nil, 1), &ev)); !ok || again.lookup != waits[0].lookup {
			t.Error("the same schema is loaded twice")
		}
		if d := time.Since(began); d > 0 {
			t.Errorf("Decode took %s", d)
		}
		if err := waits[0].Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if err := dec.Decode(t.Context(), mustEncode(t, 1, Latest, avrotest.FullEvent()), &ev); err != nil {
			t.Error(err)
		}
		if err := waits[1].Wait(t.Context()); !errors.Is(err, registry.ErrAway) {
			t.Errorf("the registry is away: %v", err)
		}
		if err := waits[2].Wait(t.Context()); err != nil {
			t.Errorf("a bad schema: %v", err)
		}
		wantCode(t, dec.Decode(t.Context(), avro.AppendHeader(nil, 3), &ev), verdict.CodeBadSchema, "")
		began = time.Now()
		ask(4, 5) // they never come
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := waits[3].Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the waiting was given up: %v", err)
		}
		if err := waits[3].Wait(t.Context()); !errors.Is(err, registry.ErrAway) || time.Since(began) > 2*loadTimeout+10*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		dec.Close() // and number 5 with it
	})
}
