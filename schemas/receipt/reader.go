package receipt

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/linkedin/goavro/v2"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// ErrNone matches every error about bytes that are not a receipt.
var ErrNone = errors.New("not a receipt")

// maxReceiptSchemas bounds the schemas that are kept. There are as many as programs
// have had versions of it.
const maxReceiptSchemas = 16

// Reader reads receipts with the schema that wrote them, by field name,
// so that tools understand receipts of older and newer programs. It decodes with
// goavro and shares nothing with our encoder, which is slow but an independent check.
// It is safe for concurrent use.
type Reader struct {
	source Source
	mu     sync.Mutex
	codecs map[framing.Ref]*goavro.Codec
}

// Source is where a Reader asks for schemas; *registry.Client.
type Source interface {
	// SchemaOf returns the schema of that name. An *avro.SchemaError says that its
	// records can never be read.
	SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error)
}

// NewReader returns a reader that asks source for each schema once.
func NewReader(source Source) *Reader {
	return &Reader{source: source, codecs: make(map[framing.Ref]*goavro.Codec)}
}

// Parse reads a record's value. The error is ErrNone when the value
// is not one, and the registry's when that cannot be asked.
func (r *Reader) Parse(ctx context.Context, value []byte) (Receipt, error) {
	var found framing.Found
	if fault := Framings.Find(value, nil, &found); fault != nil {
		return Receipt{}, fmt.Errorf("%w: %w", ErrNone, fault)
	}
	id, payload := found.Ref, found.Payload
	if found.Zlib {
		var fault *avro.Fault
		if payload, fault = framing.Inflate(payload); fault != nil {
			return Receipt{}, fmt.Errorf("%w: %w", ErrNone, fault)
		}
	}
	codec, err := r.codec(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	native, rest, err := codec.NativeFromBinary(payload)
	switch {
	case err != nil:
		// Not passed on: goavro's errors quote what they read.
		return Receipt{}, fmt.Errorf("%w: the bytes are not of %s", ErrNone, id)
	case len(rest) > 0:
		return Receipt{}, fmt.Errorf("%w: the record of %s is followed by %s", ErrNone, id, count.Of(len(rest), "byte"))
	}
	return receiptOf(native, id)
}

// Framings are how receipts name their schema.
const Framings = framing.ConfluentPrefix | framing.Glue

func (r *Reader) codec(ctx context.Context, id framing.Ref) (*goavro.Codec, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.codecs[id]; c != nil {
		return c, nil
	}
	s, err := r.source.SchemaOf(ctx, id)
	var unknown *avro.SchemaError
	switch {
	case errors.As(err, &unknown):
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	case err != nil:
		return nil, err
	case s.Type != "" && s.Type != "AVRO":
		return nil, fmt.Errorf("%w: %s is of type %s, want AVRO", ErrNone, id, brief(s.Type))
	}
	// As with events, anyone who can write to the topic can name any schema.
	if _, err := avro.Parse(s.Text, s.References...); err != nil {
		return nil, fmt.Errorf("%w: %s: %s", ErrNone, id, brief(err.Error()))
	}
	if len(r.codecs) >= maxReceiptSchemas {
		clear(r.codecs)
	}
	c, err := goavro.NewCodec(s.Text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not an Avro schema: %s", ErrNone, id, brief(err.Error()))
	}
	r.codecs[id] = c
	return c, nil
}

// receiptOf converts a receipt from goavro's values. A field that is missing or of
// another type stays zero: the events alone tell a receipt from other records.
func receiptOf(native any, id framing.Ref) (Receipt, error) {
	record, _ := native.(map[string]any)
	events, ok := record["events"].([]any)
	if !ok {
		return Receipt{}, fmt.Errorf("%w: %s is of something else: it has no events", ErrNone, id)
	}
	rec := Receipt{
		Contract: receiptText(record["contract"]), ProfileID: receiptText(record["profile_id"]), RequestID: receiptText(record["request_id"]),
		Attempts: int(receiptNumber(record["attempts"])), Topic: receiptText(record["source_topic"]),
		FirstSent: receiptTime(record["first_sent_at"]), LastAnswered: receiptTime(record["last_answered_at"]),
		Events: make([]Event, 0, len(events)),
	}
	for _, e := range events {
		fields, ok := e.(map[string]any)
		if !ok {
			return Receipt{}, fmt.Errorf("%w: %s has events that are not records", ErrNone, id)
		}
		class, _ := verdict.Parse(receiptText(fields["verdict"]))
		rec.Events = append(rec.Events, Event{
			EventID: receiptText(fields["event_id"]), Partition: int32(receiptNumber(fields["partition"])), Offset: receiptNumber(fields["offset"]),
			Class: class, Status: int(receiptNumber(fields["status"])), Code: receiptText(fields["code"]),
		})
	}
	return rec, nil
}

// unwrapped returns the value inside a union, which goavro wraps in a map.
func unwrapped(v any) any {
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		for _, inner := range m {
			return inner
		}
	}
	return v
}

func receiptText(v any) string {
	s, _ := unwrapped(v).(string)
	return s
}

func receiptNumber(v any) int64 {
	switch n := unwrapped(v).(type) {
	case int32:
		return int64(n)
	case int64:
		return n
	}
	return 0
}

func receiptTime(v any) time.Time {
	t, _ := unwrapped(v).(time.Time)
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// brief makes a stranger's text fit to show: masked, on one line, bounded.
func brief(s string) string {
	s = redact.Message(s)
	if len(s) > 300 {
		s = redact.Line(s, 300) + " …"
	}
	return s
}
