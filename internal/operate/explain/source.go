package explain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// FromRegistry and FromProgram are where schemas to read Avro with come from, besides
// a file.
const (
	FromRegistry = "registry"
	FromProgram  = "embedded"
)

// OpenSchemas returns what to read Avro with, and what closes it. from is
// FromRegistry, FromProgram or the name of a file; the registry's settings are asked
// for only if they are needed.
func OpenSchemas(from string, settings func() (registry.Options, error)) ([]Schema, func(), error) {
	nothing := func() {}
	switch from {
	case FromProgram:
		all, err := EmbeddedSchemas()
		return all, nothing, err
	case FromRegistry:
		o, err := settings()
		if err != nil {
			return nil, nothing, err
		}
		r, err := registry.New(o)
		if err != nil {
			return nil, nothing, setting.Registry.Wrap(err)
		}
		return []Schema{{Name: "the registry's schema of that id", Source: r}}, r.Close, nil
	}
	text, err := textfile.Read(from)
	if err != nil {
		return nil, nothing, setting.Schema.Mistakef("want %s, %s, or an .avsc file: %w", FromRegistry, FromProgram, redact.File(err))
	}
	return []Schema{{Name: from, Source: schemas.Fixed{Type: "AVRO", Text: string(text)}}}, nothing, nil
}

// Value explains a record's value that may name no schema.
func (x *Explainer) Value(ctx context.Context, value []byte, candidates []Schema, now time.Time) (*Report, error) {
	reading, err := x.Read(ctx, &kgo.Record{Value: value}, candidates, true)
	if err != nil {
		return nil, err
	}
	report := x.Reading(&reading, now)
	report.Record = &Record{Bytes: len(value), Schema: reading.Schema}
	report.Record.named(&reading)
	return report, nil
}

// RecordAt explains a record of a topic.
func (x *Explainer) RecordAt(ctx context.Context, reader *history.Reader, topic string, partition int32, offset int64, candidates []Schema, now time.Time) (*Report, error) {
	rec, err := reader.One(ctx, topic, partition, offset)
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, fmt.Errorf("topic %q has no record at partition %d, offset %d: nothing was written there yet, it was compacted away, or it is a transaction's marker", topic, partition, offset)
	}
	reading, err := x.Read(ctx, rec, candidates, false)
	if errors.Is(err, registry.ErrAway) {
		return nil, fmt.Errorf("%w; %s=%s reads records of the versions that the program comes with", err, setting.Schema, FromProgram)
	}
	if err != nil {
		return nil, err
	}
	report := x.Reading(&reading, now)
	report.Record = x.RecordOf(rec, &reading)
	report.Record.Topic, report.Record.Partition, report.Record.Offset, report.Record.Timestamp = topic, &rec.Partition, &rec.Offset, &rec.Timestamp
	return report, nil
}

// RecordOf says what a record is besides its event, without its place.
func (x *Explainer) RecordOf(rec *kgo.Record, r *Reading) *Record {
	shown := &Record{Key: keyOf(rec, r, x.View), Bytes: len(rec.Value), Schema: r.Schema}
	shown.named(r)
	for _, h := range rec.Headers {
		shown.Headers = append(shown.Headers, redact.Message(h.Key))
	}
	return shown
}

// named says what the record calls its schema. A UUID that no registry has confirmed
// is not shown whole: it may be anything.
func (r *Record) named(from *Reading) {
	ref := from.Named.Ref
	if ref.Kind == framing.None {
		return
	}
	r.Framing, r.SchemaName = from.Named.Framing.String(), ref.Full()
	if from.Named.Zlib {
		r.Framing += ", zlib"
	}
	if from.Bad != nil && from.Bad.Code == verdict.CodeUnknownSchema {
		r.SchemaName = ref.String()
	}
	r.SchemaID = ref.Number()
}

// keyOf shows a record's key: sources take anything for it, a customer's address
// included.
func keyOf(rec *kgo.Record, r *Reading, v redact.View) string {
	switch key := string(rec.Key); key {
	case r.Event.EventID:
		return redact.EventID(key)
	case r.Event.ProfileID:
		return redact.ProfileField(key)
	default:
		return v.Identifier("key", key)
	}
}
