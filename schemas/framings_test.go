package schemas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// named are schemas by any name; others are unknown, or the registry is away.
type named struct {
	known map[framing.Ref]string
	away  atomic.Bool
}

func (n *named) SchemaOf(_ context.Context, ref framing.Ref) (avro.Schema, error) {
	if n.away.Load() {
		return avro.Schema{}, errAway
	}
	text, ok := n.known[ref]
	if !ok {
		return avro.Schema{}, &avro.SchemaError{Unknown: true, Message: "there is none"}
	}
	return avro.Schema{Type: "AVRO", Text: text}, nil
}

func guidOf(v Version) framing.Ref {
	return framing.RefUUID(framing.GUID, [16]byte{0: 0xa0, 15: byte(v)})
}

// namesOf are what a version is called by all framings, but those of no registry.
func namesOf(v Version) []framing.Ref {
	return []framing.Ref{
		framing.RefID(uint32(v)), guidOf(v), framing.RefNumber(framing.ApicurioID, uint64(v)),
		framing.RefNumber(framing.ApicurioGlobalID, uint64(v)+100), framing.RefNumber(framing.ApicurioContentID, uint64(v)+200),
		framing.RefUUID(framing.GlueVersion, [16]byte{0: 0xb0, 15: byte(v)}),
	}
}

func allNames(t testing.TB) *named {
	n := &named{known: make(map[framing.Ref]string)}
	for _, v := range Versions() {
		text, err := v.Schema()
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range namesOf(v) {
			n.known[ref] = text
		}
	}
	return n
}

func framed(t testing.TB, ref framing.Ref, v Version, header, compress bool) *kgo.Record {
	t.Helper()
	payload, err := mustEncoder(t).Encode(v, avrotest.ForVersion(v, avrotest.FullEvent()))
	if err != nil {
		t.Fatal(err)
	}
	value, headers := framing.Write(ref, payload, header, compress)
	return &kgo.Record{Value: value, Headers: headers}
}

// TestEveryFramingInOneTopic: record by record, each version in each framing; while the
// registry is away for a minute, none is refused.
func TestEveryFramingInOneTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := allNames(t)
		source.away.Store(true)
		time.AfterFunc(time.Minute, func() { source.away.Store(false) })
		dec := NewDecoder(source)
		began := time.Now()
		for _, v := range Versions() {
			for _, ref := range namesOf(v) {
				for _, odd := range []bool{false, true} {
					var ev event.Event
					err := dec.DecodeRecord(t.Context(), framed(t, ref, v, odd, odd), &ev)
					for errors.Is(err, registry.ErrAway) {
						time.Sleep(time.Second)
						synctest.Wait()
						err = dec.DecodeRecord(t.Context(), framed(t, ref, v, odd, odd), &ev)
					}
					if err != nil {
						t.Errorf("version %d by %s: %v", v, ref, err)
					} else if d := avrotest.Diff(avrotest.ForVersion(v, avrotest.FullEvent()), &ev); d != "" {
						t.Errorf("version %d by %s:\n%s", v, ref, d)
					}
				}
			}
		}
		if waited := time.Since(began); waited < time.Minute {
			t.Errorf("the registry was away for %s", waited)
		}
		source.away.Store(true) // and nobody is asked again
		for _, ref := range namesOf(V3) {
			if err := dec.DecodeRecord(t.Context(), framed(t, ref, V3, true, true), new(event.Event)); err != nil {
				t.Errorf("%s, which is known: %v", ref, err)
			}
		}
	})
}

// TestTwoNamesForOneRecord: a record with a header and a prefix is read if both name
// the same schema, and is refused as such if they name two.
func TestTwoNamesForOneRecord(t *testing.T) {
	source := allNames(t)
	heartbeat := framing.RefUUID(framing.GUID, [16]byte{1})
	source.known[heartbeat] = `{"type":"record","name":"Heartbeat","fields":[{"name":"host","type":"string"}]}`
	dec := NewDecoder(source)
	both := func(header framing.Ref, prefix framing.Ref, v Version) *kgo.Record {
		rec := framed(t, prefix, v, false, false)
		_, rec.Headers = framing.Write(header, nil, true, false)
		return rec
	}
	unknown := framing.RefUUID(framing.GUID, [16]byte{9})
	for name, c := range map[string]struct {
		rec  *kgo.Record
		code verdict.Code
		says string
	}{
		"the same id":                     {both(framing.RefID(3), framing.RefID(3), V3), 0, ""},
		"the GUID of the id":              {both(guidOf(V3), framing.RefID(3), V3), 0, ""},
		"a content id, and a prefix":      {both(framing.RefNumber(framing.ApicurioContentID, 203), framing.RefID(3), V3), 0, ""},
		"a GUID, and Apicurio's prefix":   {both(guidOf(V2), framing.RefNumber(framing.ApicurioID, 2), V2), 0, ""},
		"a GUID, and Glue's prefix":       {both(guidOf(V2), namesOf(V2)[5], V2), 0, ""},
		"another id":                      {both(framing.RefID(1), framing.RefID(3), V3), verdict.CodeSchemaConflict, "schema id 3"},
		"another GUID":                    {both(guidOf(V1), framing.RefID(3), V3), verdict.CodeSchemaConflict, "schema id 3"},
		"another GUID, and Glue's prefix": {both(guidOf(V1), namesOf(V2)[5], V2), verdict.CodeSchemaConflict, "Glue schema version b00000..."},
		"a GUID that nobody knows":        {both(unknown, framing.RefID(3), V3), verdict.CodeUnknownSchema, "there is none"},
		"a GUID that is not TrackLayer's": {both(heartbeat, framing.RefID(3), V3), verdict.CodeNotTrackLayer, "event_id"},
		"a prefix that nobody knows":      {both(framing.RefID(3), framing.RefID(77), V3), verdict.CodeCorrupt, ""},
	} {
		var ev event.Event
		err := dec.DecodeRecord(t.Context(), c.rec, &ev)
		if c.code == 0 {
			if err != nil || ev.EventID != avrotest.FullEvent().EventID {
				t.Errorf("%s: %v, event %q", name, err, ev.EventID)
			}
			continue
		}
		bad, _ := errors.AsType[*DecodeError](err)
		if bad == nil || c.code != verdict.CodeCorrupt && bad.Code != c.code || !strings.Contains(bad.Error(), c.says) {
			t.Errorf("%s: %v, want %s with %q", name, err, c.code, c.says)
		}
		if c.code == verdict.CodeSchemaConflict && ev.EventID != avrotest.FullEvent().EventID {
			t.Errorf("%s: the event id %q is lost", name, ev.EventID)
		}
	}
}

// TestAPrefixIsAskedForBesideAHeader: whether the prefix names another schema cannot be
// known while the registry is away, so that the record waits.
func TestAPrefixIsAskedForBesideAHeader(t *testing.T) {
	source := allNames(t)
	dec := NewDecoder(source)
	var ev event.Event
	if err := dec.DecodeRecord(t.Context(), framed(t, guidOf(V3), V3, true, false), &ev); err != nil {
		t.Fatal(err)
	}
	rec := framed(t, framing.RefID(3), V3, false, false)
	_, rec.Headers = framing.Write(guidOf(V3), nil, true, false)
	source.away.Store(true)
	if err := dec.DecodeRecord(t.Context(), rec, &ev); !errors.Is(err, registry.ErrAway) {
		t.Errorf("away: %v", err)
	}
	source.away.Store(false)
	if err := dec.DecodeRecord(t.Context(), rec, &ev); err != nil {
		t.Errorf("back: %v", err)
	}
}

func TestBadFramingsHaveCodes(t *testing.T) {
	source := allNames(t)
	source.known[framing.RefUUID(framing.GlueVersion, [16]byte{2})] = `"string"`
	dec := NewDecoder(source)
	glue := framed(t, namesOf(V3)[5], V3, false, true)
	bomb, _ := framing.Write(namesOf(V3)[5], make([]byte, 50<<20), false, true)
	stranger, _ := framing.Write(framing.RefUUID(framing.GlueVersion, [16]byte{2}), []byte("\x02e"), false, false)
	confluent := func(b ...byte) []kgo.RecordHeader {
		return []kgo.RecordHeader{{Key: framing.HeaderConfluent, Value: b}}
	}
	for name, c := range map[string]struct {
		rec  kgo.Record
		code verdict.Code
	}{
		"tombstone":           {kgo.Record{Headers: confluent(0, 0, 0, 0, 1)}, verdict.CodeTombstone},
		"empty":               {kgo.Record{Value: []byte{}, Headers: confluent(0, 0, 0, 0, 1)}, verdict.CodeEmpty},
		"header of 3 bytes":   {kgo.Record{Value: []byte("x"), Headers: confluent(0, 0, 1)}, verdict.CodeBadHeader},
		"header of version 9": {kgo.Record{Value: []byte("x"), Headers: confluent(9, 0, 0, 0, 1)}, verdict.CodeBadHeader},
		"Glue, unknown":       {kgo.Record{Value: append([]byte{3, 0}, bytes.Repeat([]byte{7}, 30)...)}, verdict.CodeUnknownSchema},
		"Glue, no event":      {kgo.Record{Value: stranger}, verdict.CodeNotTrackLayer},
		"Glue, cut in zlib":   {kgo.Record{Value: glue.Value[:len(glue.Value)-20]}, verdict.CodeBadZlib},
		"Glue, a bomb":        {kgo.Record{Value: bomb}, verdict.CodeBadZlib},
		"Glue, compression 1": {kgo.Record{Value: append([]byte{3, 1}, glue.Value[2:]...)}, verdict.CodeNoMagic},
		"header, cut":         {kgo.Record{Value: []byte("\x02e"), Headers: confluent(0, 0, 0, 0, 1)}, verdict.CodeTruncated},
		"a large id":          {kgo.Record{Value: []byte{0, 0xff, 0xff, 0xff, 0xff, 1}}, verdict.CodeUnknownSchema},
		"Apicurio, too large": {kgo.Record{Value: []byte("x"), Headers: []kgo.RecordHeader{{Key: framing.HeaderApicurioGlobal, Value: bytes.Repeat([]byte{0xff}, 8)}}}, verdict.CodeUnknownSchema},
	} {
		var ev event.Event
		err := dec.DecodeRecord(t.Context(), &c.rec, &ev)
		bad, _ := errors.AsType[*DecodeError](err)
		if bad == nil || bad.Code != c.code || bad.Message == "" {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if name == "Glue, unknown" && !strings.Contains(bad.Message, "looked for: "+framing.All.Tried()) {
			t.Errorf("%s: %v, want what was looked for", name, err)
		}
	}
}

// TestFramingsThatAreNotLookedFor: whoever says where the name is gets it from there
// alone.
func TestFramingsThatAreNotLookedFor(t *testing.T) {
	rec := framed(t, framing.RefID(3), V3, false, false)
	_, rec.Headers = framing.Write(guidOf(V1), nil, true, false)
	var ev event.Event
	if err := NewDecoder(allNames(t), WithFramings(framing.ConfluentPrefix)).DecodeRecord(t.Context(), rec, &ev); err != nil {
		t.Errorf("the prefix alone: %v", err)
	}
	err := NewDecoder(allNames(t), WithFramings(framing.Glue)).DecodeRecord(t.Context(), rec, &ev)
	if bad, _ := errors.AsType[*DecodeError](err); bad == nil || bad.Code != verdict.CodeNoMagic {
		t.Errorf("Glue alone: %v", err)
	}
}

func TestAHeaderAllocatesNothing(t *testing.T) {
	dec := NewDecoder(allNames(t))
	for _, ref := range namesOf(V2)[:5] {
		rec := framed(t, ref, V2, true, false)
		var ev event.Event
		if n := testing.AllocsPerRun(100, func() {
			if err := dec.DecodeRecord(context.Background(), rec, &ev); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", ref, n)
		}
	}
}

func BenchmarkFramings(b *testing.B) {
	dec := NewDecoder(allNames(b))
	for _, v := range Versions() {
		for _, ref := range namesOf(v) {
			rec := framed(b, ref, v, true, false)
			if ref.Kind == framing.ID {
				rec = framed(b, ref, v, false, false)
			}
			var out event.Event
			b.Run(fmt.Sprintf("v%d/%s", v, strings.ReplaceAll(ref.String(), " ", "_")), func(b *testing.B) {
				avrotest.Bench(b, rec.Value, func() error { return dec.DecodeRecord(context.Background(), rec, &out) })
			})
		}
	}
}
