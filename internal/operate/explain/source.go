//go:build ignore

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// jsonEvents explains all events of the flag's text, file or standard input.
func (f *explainFlags) jsonEvents(p *process, x *explain.Explainer, out func(*explain.Report) error) error {
	name, data := "--json-event", []byte(f.event)
	if !strings.HasPrefix(strings.TrimSpace(f.event), "{") {
		var err error
		if data, err = readInput(p, "json-event", f.event); err != nil {
			return err
		}
		if data, err = textfile.Clean(data); err != nil {
			return usagef("--json-event: %s: %w", f.event, err)
		}
		name = f.event
	}
	// One event may be spread over lines, as people write it.
	if one := new(bytes.Buffer); json.Compact(one, data) == nil {
		data = one.Bytes()
	}
	n := 0
	for s, err := range sample.Read(bytes.NewReader(data), name) {
		if err != nil {
			return asUsage(err)
		}
		if s.Event == nil || s.Damage != sample.Intact {
			fmt.Fprintf(p.stderr, "amazon-capi: %s: passed over a sample that is broken bytes and no event\n", name)
			continue
		}
		n++
		if err := out(x.Event(s.Event, time.Now())); err != nil {
			return err
		}
	}
	if n == 0 {
		return usagef("--json-event: there is no event in it: want a JSON object, or one a line")
	}
	return nil
}

func (f *explainFlags) avroFile(ctx context.Context, p *process, x *explain.Explainer, out func(*explain.Report) error) error {
	value, err := readInput(p, "file", f.file)
	if err != nil {
		return err
	}
	candidates, closeSchemas, err := f.schemas(p, "embedded")
	if err != nil {
		return err
	}
	defer closeSchemas()
	reading, err := explain.Read(ctx, value, candidates, true)
	if err != nil {
		if errors.Is(err, explain.ErrContainer) {
			err = usagef("--file: %w", err)
		}
		return err
	}
	report := x.Reading(&reading, time.Now())
	report.Record = &explain.Record{Bytes: len(value), SchemaID: reading.SchemaID, Schema: reading.Schema}
	return out(report)
}

// schemas returns what to read Avro with, and what closes it.
func (f *explainFlags) schemas(p *process, unless string) ([]explain.Schema, func(), error) {
	nothing := func() {}
	which := f.schema
	if which == "" {
		which = unless
	}
	switch which {
	case "embedded":
		all, err := explain.EmbeddedSchemas()
		return all, nothing, err
	case "registry":
		tls := f.kafka.settings.TLS
		o, err := f.registry.resolve(tls, p.stderr)
		if err != nil {
			return nil, nothing, err
		}
		registry, err := registry.New(o)
		if err != nil {
			return nil, nothing, usagef("--registry: %w", err)
		}
		return []explain.Schema{{Name: "the registry's schema of that id", Source: registry}}, registry.Close, nil
	}
	text, err := textfile.Read(which)
	if err != nil {
		return nil, nothing, usagef("--schema: want registry, embedded, or an .avsc file: %w", redact.File(err))
	}
	return []explain.Schema{{Name: which, Source: schemas.Fixed{Type: "AVRO", Text: string(text)}}}, nothing, nil
}

// record explains a record of the topic.
func (f *explainFlags) record(ctx context.Context, p *process, x *explain.Explainer, out func(*explain.Report) error) error {
	partition, offset, err := parseOffset(f.offset)
	if err != nil {
		return usagef("--offset: %w", err)
	}
	settings, err := f.kafka.resolve(p.stderr)
	if err != nil {
		return err
	}
	candidates, closeSchemas, err := f.schemas(p, "registry")
	if err != nil {
		return err
	}
	defer closeSchemas()
	reader, err := history.New(settings)
	if err != nil {
		return asUsage(err)
	}
	defer reader.Close()
	rec, err := reader.One(ctx, f.topic, partition, offset)
	if errors.Is(err, history.ErrBadRange) {
		return asUsage(err)
	}
	if err != nil {
		return err
	}
	if rec == nil {
		return fmt.Errorf("topic %q has no record at partition %d, offset %d: nothing was written there yet, it was compacted away, or it is a transaction's marker", f.topic, partition, offset)
	}
	reading, err := explain.Read(ctx, rec.Value, candidates, false)
	if errors.Is(err, registry.ErrAway) {
		return fmt.Errorf("%w; --schema=embedded reads records of the versions that the program comes with", err)
	}
	if err != nil {
		return err
	}
	report := x.Reading(&reading, time.Now())
	report.Record = &explain.Record{
		Topic: f.topic, Partition: &rec.Partition, Offset: &rec.Offset, Timestamp: &rec.Timestamp,
		Key: keyOf(rec, &reading, x.View), Bytes: len(rec.Value), SchemaID: reading.SchemaID, Schema: reading.Schema,
	}
	for _, h := range rec.Headers {
		report.Record.Headers = append(report.Record.Headers, redact.Message(h.Key))
	}
	return out(report)
}

// keyOf shows a record's key: sources take anything for it, a customer's address
// included.
func keyOf(rec *kgo.Record, r *explain.Reading, v redact.View) string {
	switch key := string(rec.Key); key {
	case r.Event.EventID:
		return redact.EventID(key)
	case r.Event.ProfileID:
		return redact.ProfileField(key)
	default:
		return v.Identifier("key", key)
	}
}

// parseOffset reads "3/18200".
func parseOffset(s string) (partition int32, offset int64, err error) {
	p, o, ok := strings.Cut(s, "/")
	n, errP := strconv.ParseInt(p, 10, 32)
	offset, errO := strconv.ParseInt(o, 10, 64)
	if !ok || errP != nil || errO != nil || n < 0 || offset < 0 {
		return 0, 0, fmt.Errorf("%q is no place in a topic: want partition/offset, such as 3/18200", s)
	}
	return int32(n), offset, nil
}
