package schemas

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// sourceFunc counts what it is asked.
type sourceFunc struct {
	asked atomic.Int32
	byID  func(ctx context.Context, id uint32) (avro.Schema, error)
}

func (s *sourceFunc) SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	s.asked.Add(1)
	return s.byID(ctx, uint32(ref.Number()))
}

var errAway = &registry.AwayError{Op: "schema id 2", Detail: "connection refused"}

func TestASchemaIsAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		latest, _ := Latest.Schema()
		src := &sourceFunc{byID: func(context.Context, uint32) (avro.Schema, error) {
			time.Sleep(time.Second)
			return avro.Schema{Type: "AVRO", Text: latest}, nil
		}}
		reg := prometheus.NewRegistry()
		dec := NewDecoder(src, WithMetrics(reg))
		value := mustEncode(t, 4, V4, avrotest.FullEvent())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				var ev event.Event
				if err := dec.Decode(context.Background(), value, &ev); err != nil {
					t.Error(err)
				}
				if d := avrotest.Diff(avrotest.FullEvent(), &ev); d != "" {
					t.Error(d)
				}
			})
		}
		wg.Wait()
		time.Sleep(24 * time.Hour)
		var ev event.Event
		if err := dec.Decode(context.Background(), value, &ev); err != nil {
			t.Error(err)
		}
		if n := src.asked.Load(); n != 1 {
			t.Errorf("the registry was asked %d times, want once", n)
		}
		if got := metric(t, reg, "amazon_capi_schemas_cached", ""); got != 1 {
			t.Errorf("%v schemas cached, want 1", got)
		}
	})
}

// TestRegistryAwayIsNoVerdict: an hour of outage, and the record is read.
func TestRegistryAwayIsNoVerdict(t *testing.T) {
	away := true
	ours := ours(t)
	src := &sourceFunc{byID: func(ctx context.Context, id uint32) (avro.Schema, error) {
		if away {
			return avro.Schema{}, errAway
		}
		return ours.SchemaByID(ctx, id)
	}}
	dec := NewDecoder(src)
	value := mustEncode(t, 4, V4, avrotest.FullEvent())
	var ev event.Event
	for range 3 {
		err := dec.Decode(context.Background(), value, &ev)
		var bad *DecodeError
		if !errors.Is(err, registry.ErrAway) || errors.As(err, &bad) {
			t.Fatalf("error %v, want one that says the registry is away", err)
		}
	}
	if n := src.asked.Load(); n != 3 {
		t.Errorf("asked %d times, want with each of 3 tries: an outage is not remembered", n)
	}
	away = false
	if err := dec.Decode(context.Background(), value, &ev); err != nil {
		t.Fatalf("once it is back: %v", err)
	}
	away = true
	if err := dec.Decode(context.Background(), value, &ev); err != nil {
		t.Fatalf("a known schema needs no registry: %v", err)
	}
}

// TestUnknownIDsAreForgotten: an id may be registered late.
func TestUnknownIDsAreForgotten(t *testing.T) {
	now := time.Unix(0, 0)
	known := avrotest.Schemas{}
	src := &sourceFunc{byID: known.SchemaByID}
	dec := NewDecoder(src, WithClock(func() time.Time { return now }))
	value := mustEncode(t, 4, V4, avrotest.FullEvent())
	decode := func() error {
		var ev event.Event
		return dec.Decode(context.Background(), value, &ev)
	}
	for range 3 {
		wantCode(t, decode(), verdict.CodeUnknownSchema, "")
	}
	if n := src.asked.Load(); n != 1 {
		t.Errorf("asked %d times for an unknown id at once, want once", n)
	}
	known[4] = ours(t)[4]
	now = now.Add(failedFor - 1)
	wantCode(t, decode(), verdict.CodeUnknownSchema, "")
	now = now.Add(1)
	if err := decode(); err != nil {
		t.Errorf("registered meanwhile: %v", err)
	}
}

func TestGarbageIDsAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	dec := NewDecoder(avrotest.Schemas{}, WithClock(func() time.Time { return now }))
	var ev event.Event
	for id := range uint32(3 * maxFailed) {
		now = now.Add(time.Millisecond)
		wantCode(t, dec.Decode(context.Background(), avro.AppendHeader(nil, id), &ev), verdict.CodeUnknownSchema, "")
		if len(dec.failed) > maxFailed {
			t.Fatalf("%d unknown ids are remembered, want at most %d", len(dec.failed), maxFailed)
		}
	}
}

// TestImpossibleIDsAreNotAskedFor: a registry answers those like a wrong URL,
// and the record would be held forever.
func TestImpossibleIDsAreNotAskedFor(t *testing.T) {
	src := &sourceFunc{byID: func(context.Context, uint32) (avro.Schema, error) { return avro.Schema{}, errAway }}
	var ev event.Event
	err := NewDecoder(src).Decode(context.Background(), avro.AppendHeader(nil, 1<<31), &ev)
	wantCode(t, err, verdict.CodeUnknownSchema, "")
	if src.asked.Load() != 0 {
		t.Error("the registry was asked")
	}
}

func TestSchemasThatAreNotAvro(t *testing.T) {
	for _, typ := range []string{"JSON", "PROTOBUF", "GRAPHQL"} {
		var ev event.Event
		err := NewDecoder(avrotest.Schemas{2: {Type: typ, Text: "{}"}}).Decode(context.Background(), avro.AppendHeader(nil, 2), &ev)
		wantCode(t, err, verdict.CodeNotAvro, "")
	}
}

// TestWhoWaitsCanGo: those who wait for another's question leave when their
// own context ends.
func TestWhoWaitsCanGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		src := &sourceFunc{byID: func(context.Context, uint32) (avro.Schema, error) {
			<-release
			return avro.Schema{}, errAway
		}}
		dec := NewDecoder(src)
		go func() {
			var ev event.Event
			_ = dec.Decode(context.Background(), avro.AppendHeader(nil, 2), &ev)
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var ev event.Event
		err := dec.Decode(ctx, avro.AppendHeader(nil, 2), &ev)
		if !errors.Is(err, registry.ErrAway) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the registry away for the context's end", err)
		}
		close(release)
	})
}

// TestWhoAsksMayGo: one caller's end must not become the others' error.
func TestWhoAsksMayGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours := ours(t)
		src := &sourceFunc{byID: func(ctx context.Context, id uint32) (avro.Schema, error) {
			select {
			case <-ctx.Done():
				return avro.Schema{}, registry.GaveUp(framing.RefID(id), ctx.Err())
			case <-time.After(time.Minute):
				return ours.SchemaByID(ctx, id)
			}
		}}
		dec := NewDecoder(src)
		value := mustEncode(t, 4, V4, avrotest.FullEvent())
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			var ev event.Event
			if err := dec.Decode(ctx, value, &ev); !errors.Is(err, context.Canceled) {
				t.Errorf("who asked: %v", err)
			}
		}()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				var ev event.Event
				if err := dec.Decode(context.Background(), value, &ev); err != nil {
					t.Errorf("who waited: %v", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if n := src.asked.Load(); n != 2 {
			t.Errorf("asked %d times, want twice", n)
		}
	})
}

// TestManySchemasAtOnce is for the race detector.
func TestManySchemasAtOnce(t *testing.T) {
	latest, _ := Latest.Schema()
	src := &sourceFunc{byID: func(_ context.Context, id uint32) (avro.Schema, error) {
		switch id % 3 {
		case 0:
			return avro.Schema{Text: latest}, nil
		case 1:
			return avro.Schema{}, &DecodeError{Code: verdict.CodeUnknownSchema, Schema: framing.RefID(id), Message: "none"}
		}
		return avro.Schema{}, errAway
	}}
	dec := NewDecoder(src)
	payload, err := mustEncoder(t).Encode(V4, avrotest.FullEvent())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			var ev event.Event
			for i := range uint32(60) {
				id := 30 + (i+uint32(g))%30 // 0 is not a registry's
				err := dec.Decode(context.Background(), append(avro.AppendHeader(nil, id), payload...), &ev)
				var bad *DecodeError
				ok := [3]bool{err == nil, errors.As(err, &bad) && bad.Schema == framing.RefID(id), errors.Is(err, registry.ErrAway)}
				if !ok[id%3] {
					t.Error(fmt.Errorf("id %d: %w", id, err))
				}
			}
		})
	}
	wg.Wait()
}
