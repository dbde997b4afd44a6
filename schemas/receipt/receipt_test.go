package receipt

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const receiptID = 77

// receiptSchemas is a source of schemas by id.
type receiptSchemas map[uint32]avro.Schema

// inGlue is the receipts' schema in Glue.
var inGlue = framing.RefUUID(framing.GlueVersion, [16]byte{1, 2, 15: 3})

func (m receiptSchemas) SchemaOf(_ context.Context, ref framing.Ref) (avro.Schema, error) {
	id := uint32(ref.Number())
	if ref == inGlue {
		id = receiptID
	}
	s, ok := m[id]
	if !ok {
		return avro.Schema{}, &avro.SchemaError{ID: id, Unknown: true, Message: "there is none"}
	}
	return s, nil
}

type awaySource struct{ err error }

func (s awaySource) SchemaOf(context.Context, framing.Ref) (avro.Schema, error) {
	return avro.Schema{}, s.err
}

func receiptReader() *Reader {
	return NewReader(receiptSchemas{receiptID: {Type: "AVRO", Text: Schema()}})
}

func parseReceipt(t rapid.TB, value []byte) Receipt {
	t.Helper()
	got, err := receiptReader().Parse(context.Background(), value)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func anyReceipt() *rapid.Generator[Receipt] {
	millis := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "none") {
			return time.Time{}
		}
		return time.UnixMilli(rapid.Int64Range(-1<<40, 1<<42).Draw(t, "ms")).UTC()
	})
	event := rapid.Custom(func(t *rapid.T) Event {
		return Event{
			EventID: rapid.String().Draw(t, "id"), Partition: rapid.Int32().Draw(t, "partition"), Offset: rapid.Int64().Draw(t, "offset"),
			Class:  rapid.SampledFrom(append(verdict.Classes(), 0)).Draw(t, "class"),
			Status: int(rapid.Int32().Draw(t, "status")), Code: rapid.String().Draw(t, "code"),
		}
	})
	return rapid.Custom(func(t *rapid.T) Receipt {
		return Receipt{
			Contract: rapid.String().Draw(t, "contract"), ProfileID: rapid.String().Draw(t, "profile"), RequestID: rapid.String().Draw(t, "request"),
			Attempts: int(rapid.Int32().Draw(t, "attempts")), FirstSent: millis.Draw(t, "sent"), LastAnswered: millis.Draw(t, "answered"),
			Topic: rapid.String().Draw(t, "topic"), Events: rapid.SliceOf(event).Draw(t, "events"),
		}
	})
}

// TestReceiptsAreTheirSchemas holds the encoder, which is written by hand, to
// what a library makes of its bytes with the schema that is registered.
func TestReceiptsAreTheirSchemas(t *testing.T) {
	reader := receiptReader()
	rapid.Check(t, func(t *rapid.T) {
		want := anyReceipt().Draw(t, "receipt")
		schema := rapid.SampledFrom([]framing.Ref{framing.RefID(receiptID), inGlue}).Draw(t, "schema")
		got, err := reader.Parse(context.Background(), Append(nil, Prefix(schema), &want))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("-want +got:\n%s", d)
		}
	})
}

// The number of a class is its place among the schema's symbols.
func TestReceiptsKnowEveryClass(t *testing.T) {
	r := Receipt{Events: []Event{{Class: verdict.Auth + 1}}}
	for _, c := range verdict.Classes() {
		r.Events = append(r.Events, Event{Class: c})
	}
	got := parseReceipt(t, Append(nil, Prefix(framing.RefID(receiptID)), &r))
	if got.Events[0].Class != 0 {
		t.Errorf("a class that nobody knows became %s", got.Events[0].Class)
	}
	for i, c := range verdict.Classes() {
		if got.Events[i+1].Class != c {
			t.Errorf("%s became %s", c, got.Events[i+1].Class)
		}
	}
}

func TestAppendReceiptAllocatesNothing(t *testing.T) {
	r := Receipt{Contract: "c", ProfileID: "p", RequestID: "r", Topic: "t", FirstSent: time.UnixMilli(1), Events: make([]Event, 500)}
	buf := Append(nil, Prefix(inGlue), &r)
	prefix := Prefix(inGlue)
	if n := testing.AllocsPerRun(10, func() { buf = Append(buf[:0], prefix, &r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A receipt of a later program: fields that are not known here, others gone, a
// verdict that is new.
func TestReceiptsOfOtherVersions(t *testing.T) {
	const later = `{"type":"record","name":"DeliveryReceipt","namespace":"com.tracklayer.receipts","fields":[
{"name":"member","type":"string"},{"name":"source_topic","type":"string"},{"name":"attempts","type":"long"},
{"name":"events","type":{"type":"array","items":{"type":"record","name":"ReceiptEvent","fields":[
{"name":"offset","type":"long"},{"name":"partition","type":"int"},{"name":"event_id","type":"string"},
{"name":"verdict","type":{"type":"enum","name":"Verdict","symbols":["accepted","expired"]}}]}}}]}`
	codec, err := goavro.NewCodec(later)
	if err != nil {
		t.Fatal(err)
	}
	event := func(id, verdict string, offset int64) map[string]any {
		return map[string]any{"offset": offset, "partition": int32(3), "event_id": id, "verdict": verdict}
	}
	value, err := codec.BinaryFromNative(avro.AppendHeader(nil, 9), map[string]any{
		"member": "m", "source_topic": "events", "attempts": int64(2), "events": []any{event("a", "accepted", 1), event("b", "expired", 2)},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewReader(receiptSchemas{9: {Text: later}}).Parse(context.Background(), value)
	if err != nil {
		t.Fatal(err)
	}
	want := Receipt{Topic: "events", Attempts: 2, Events: []Event{
		{EventID: "a", Partition: 3, Offset: 1, Class: verdict.Accepted}, {EventID: "b", Partition: 3, Offset: 2},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestWhatIsNoReceipt(t *testing.T) {
	r := Receipt{Contract: "c", Events: []Event{{EventID: "jane@example.com"}}}
	whole := Append(nil, Prefix(framing.RefID(receiptID)), &r)
	reader := NewReader(receiptSchemas{
		receiptID: {Text: Schema()}, 1: {Text: `"string"`}, 2: {Type: "JSON", Text: `{}`}, 3: {Text: `{"type":"record","name":"X","fields":[]}`}, 4: {Text: `nonsense`},
		5: {Text: `{"type":"record","name":"X","fields":[{"name":"events","type":{"type":"array","items":"int"}}]}`},
	})
	for name, value := range map[string][]byte{
		"null": nil, "empty": {}, "no header": []byte("hello, world"), "cut off": whole[:len(whole)-4], "goes on": append(slices.Clip(whole), 1),
		"half of Glue's": Append(nil, Prefix(inGlue), &r)[:10], "unknown to Glue": framing.AppendPrefix(nil, framing.RefUUID(framing.GlueVersion, [16]byte{9})),
		"unknown id": avro.AppendHeader(nil, 99), "a text": append(avro.AppendHeader(nil, 1), 2, 'x'), "JSON": avro.AppendHeader(nil, 2), "another record": avro.AppendHeader(nil, 3),
		"no schema": avro.AppendHeader(nil, 4), "other events": append(avro.AppendHeader(nil, 5), 2, 2, 0),
	} {
		_, err := reader.Parse(context.Background(), value)
		if !errors.Is(err, ErrNone) || strings.Contains(err.Error(), "jane") {
			t.Errorf("%s: %v, want ErrNoReceipt", name, err)
		}
	}
	away := &registry.AwayError{Op: "schema id 7", Detail: "refused"}
	if _, err := NewReader(awaySource{away}).Parse(context.Background(), whole); !errors.Is(err, registry.ErrAway) || errors.Is(err, ErrNone) {
		t.Errorf("registry away: %v; it says nothing about the receipt", err)
	}
}

func TestRegisterReceipts(t *testing.T) {
	ctx := context.Background()
	fake := srfake.New()
	t.Cleanup(fake.Close)
	fake.SeedSchema("another", 1, 41, sr.Schema{Schema: `"string"`})
	reg, err := registry.New(registry.Options{URL: fake.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reg.Close)
	const subject = "tracklayer.events.receipts-value"
	if ref, err := Lookup(ctx, reg, subject); ref.Kind != framing.None || err != nil {
		t.Errorf("before: %s, %v; want none", ref, err)
	}
	writes := 0
	readOnly := false
	fake.Intercept(func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, "/versions") {
			return false
		}
		writes++
		if readOnly {
			w.WriteHeader(http.StatusForbidden)
		}
		return readOnly
	})
	for range 2 {
		if ref, err := Register(ctx, reg, subject); ref != framing.RefID(42) || err != nil {
			t.Errorf("%s, %v; want id 42", ref, err)
		}
	}
	if writes != 1 {
		t.Errorf("%d registrations, want 1: those who may only read can start, too", writes)
	}
	readOnly = true
	if _, err := Register(ctx, reg, "new-value"); !errors.Is(err, registry.ErrAway) || !strings.Contains(err.Error(), "403") {
		t.Errorf("not allowed: %v", err)
	}
	if ref, err := Register(ctx, reg, subject); ref != framing.RefID(42) || err != nil {
		t.Errorf("known, not allowed to write: %s, %v", ref, err)
	}
}

func FuzzParseReceipt(f *testing.F) {
	r := Receipt{Contract: "c", ProfileID: "p", RequestID: "r", Attempts: 1, FirstSent: time.UnixMilli(1), Topic: "t", Events: []Event{{EventID: "e", Class: 1, Status: 422, Code: "X"}}}
	f.Add(Append(nil, Prefix(framing.RefID(receiptID)), &r))
	f.Add(avro.AppendHeader(nil, receiptID))
	reader := receiptReader()
	f.Fuzz(func(t *testing.T, value []byte) {
		got, err := reader.Parse(context.Background(), value)
		if err != nil {
			if !errors.Is(err, ErrNone) {
				t.Fatal(err)
			}
			return
		}
		// What can be read can be written, and means the same.
		again := parseReceipt(t, Append(nil, Prefix(framing.RefID(receiptID)), &got))
		if d := cmp.Diff(got, again); d != "" {
			t.Fatalf("-first +again:\n%s", d)
		}
	})
}
