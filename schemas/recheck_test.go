package schemas

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// TestAWrongSchemaIsNotKept: a registry gives another version's schema for a while. Once
// it is right again, events are read by the right one without a restart, and while it is
// right, garbage that names the id causes no storm of questions.
func TestAWrongSchemaIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong, _ := Version(1).Schema()
		right, _ := Latest.Schema()
		var gives atomic.Pointer[string]
		var away atomic.Bool
		gives.Store(&wrong)
		src := &sourceFunc{byID: func(context.Context, uint32) (avro.Schema, error) {
			if away.Load() {
				return avro.Schema{}, errAway
			}
			return avro.Schema{Text: *gives.Load()}, nil
		}}
		dec := NewDecoder(src, InBackground())
		defer dec.Close()
		value := mustEncode(t, 1, Latest, avrotest.FullEvent())
		var ev event.Event
		read := func(value []byte) error {
			err := dec.Decode(t.Context(), value, &ev)
			if loading, ok := errors.AsType[*LoadingError](err); ok {
				if err := loading.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				err = dec.Decode(t.Context(), value, &ev)
			}
			synctest.Wait() // what it has begun in the background
			return err
		}
		if err := read(value); err == nil {
			t.Fatal("it is read by the wrong schema")
		}
		if err := read(value); err == nil {
			t.Fatal("the registry is still wrong")
		}
		time.Sleep(failedFor)
		away.Store(true)
		if err := read(value); err == nil {
			t.Fatal("the registry is away")
		}
		away.Store(false)
		gives.Store(&right)
		time.Sleep(failedFor)
		if err := read(value); err == nil {
			t.Fatal("by what was known when it came")
		}
		for range 3 {
			if err := read(value); err != nil {
				t.Fatalf("the registry is right again: %v", err)
			}
		}
		if diff := avrotest.Diff(avrotest.FullEvent(), &ev); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		before := src.asked.Load()
		for range 1000 {
			if err := read(value[:len(value)-3]); err == nil {
				t.Fatal("a part of an event is read")
			}
			time.Sleep(failedFor / 100)
		}
		if n := src.asked.Load() - before; n > 11 {
			t.Errorf("asked %d times in %s, want once in %s", n, 10*failedFor, failedFor)
		}
		if err := read(value); err != nil {
			t.Error(err)
		}
	})
}

// TestGarbageReplacesNoGoodSchema: while the registry gives other schemas under the same
// ids, a record that cannot be read has it asked, and good events must still be read.
func TestGarbageReplacesNoGoodSchema(t *testing.T) {
	right, _ := Latest.Schema()
	other, _ := Version(1).Schema()
	good, mislabelled := mustEncode(t, 1, Latest, avrotest.FullEvent()), mustEncode(t, 1, Version(1), &event.Event{EventID: "a", ProfileID: "1", EventName: "Lead", ActionSource: "WEBSITE", OccurredAt: 1})
	for name, c := range map[string]struct {
		before  [][]byte
		garbage []byte
	}{
		"garbage after a record":          {[][]byte{good}, good[:len(good)-3]},
		"another's record after a record": {[][]byte{good}, mislabelled},
		"garbage before any record":       {nil, good[:len(good)-3]},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var gives atomic.Pointer[string]
				gives.Store(&right)
				dec := NewDecoder(&sourceFunc{byID: func(context.Context, uint32) (avro.Schema, error) {
					return avro.Schema{Text: *gives.Load()}, nil
				}}, InBackground())
				defer dec.Close()
				var ev event.Event
				if _, ok := errors.AsType[*LoadingError](dec.Decode(t.Context(), good, &ev)); !ok {
					t.Fatal("it is known before it was asked for")
				}
				synctest.Wait()
				for _, value := range c.before {
					if err := dec.Decode(t.Context(), value, &ev); err != nil {
						t.Fatal(err)
					}
				}
				gives.Store(&other)
				for range 3 {
					if err := dec.Decode(t.Context(), c.garbage, &ev); err == nil {
						t.Fatal("garbage is read")
					}
					synctest.Wait()
					time.Sleep(failedFor)
				}
				if err := dec.Decode(t.Context(), good, &ev); err != nil {
					t.Errorf("a good event is not read: %v", err)
				}
			})
		})
	}
}
