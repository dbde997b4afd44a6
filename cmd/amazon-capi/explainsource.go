package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// jsonEvents explains all events of the flag's text, file or standard input.
func (f *explainFlags) jsonEvents(p *cli.Process, x *explain.Explainer, out func(*explain.Report) error) error {
	name, data := "--json-event", []byte(f.event)
	if !strings.HasPrefix(strings.TrimSpace(f.event), "{") {
		var err error
		if data, err = cli.ReadInput(p, "json-event", f.event); err != nil {
			return err
		}
		if data, err = textfile.Clean(data); err != nil {
			return cli.Usagef("--json-event: %s: %w", f.event, err)
		}
		name = f.event
	}
	// One event may be spread over lines, as people write it.
	if one := new(bytes.Buffer); json.Compact(one, data) == nil {
		data = one.Bytes()
	}
	n := 0
	for s, err := range sample.ReadBy(x.Transformer.Aliases(), bytes.NewReader(data), name) {
		if err != nil {
			return cli.AsUsage(err)
		}
		if s.Event == nil || s.Damage != sample.Intact {
			fmt.Fprintf(p.Stderr, "amazon-capi: %s: skipped a sample of broken bytes, which is not an event\n", name)
			continue
		}
		n++
		if err := out(x.Reading(&explain.Reading{Event: *s.Event, Aliases: s.Aliases}, time.Now())); err != nil {
			return err
		}
	}
	if n == 0 {
		return cli.Usagef("--json-event: there is no event in it: want a JSON object, or one a line")
	}
	return nil
}

func (f *explainFlags) avroFile(ctx context.Context, p *cli.Process, x *explain.Explainer, out func(*explain.Report) error) error {
	value, err := cli.ReadInput(p, "file", f.file)
	if err != nil {
		return err
	}
	candidates, closeSchemas, err := f.schemas(p, explain.FromProgram)
	if err != nil {
		return err
	}
	defer closeSchemas()
	r, err := x.Value(ctx, value, candidates, time.Now())
	if errors.Is(err, explain.ErrContainer) {
		return cli.Usagef("--file: %w", err)
	}
	if err != nil {
		return err
	}
	return out(r)
}

// schemas returns the schemas to read Avro with, and a function to close them.
func (f *explainFlags) schemas(p *cli.Process, unless string) ([]explain.Schema, func(), error) {
	return explain.OpenSchemas(cmp.Or(f.schema, unless), func() (registry.Options, error) {
		return f.registryOptions(p)
	})
}

// registryOptions returns how to reach the registry, with the certificates of the brokers.
func (f *explainFlags) registryOptions(p *cli.Process) (registry.Options, error) {
	shared, err := f.kafka.Shared(p.Stderr)
	if err != nil {
		return registry.Options{}, err
	}
	return f.registry.Resolve(shared, p.Stderr)
}

// place returns where the record is. With several topics it names its own.
func (f *explainFlags) place() (topic string, partition int32, offset int64, err error) {
	place := f.offset
	if i := strings.LastIndex(place, "/"); i >= 0 {
		if i = strings.LastIndex(place[:i], "/"); i >= 0 {
			topic, place = place[:i], place[i+1:]
		}
	}
	if partition, offset, err = history.ParsePlace(place); err != nil {
		return "", 0, 0, cli.Usagef("--offset: %w", err)
	}
	switch {
	case topic != "":
	case len(f.topics) == 1:
		topic = f.topics[0]
	case len(f.topics) == 0:
		return "", 0, 0, setting.Topic.Mistakef("it has no name")
	default:
		return "", 0, 0, cli.Usagef("--offset: several topics are given (%s): want one of them in front, such as %s/%s", strings.Join(f.topics, ", "), f.topics[0], place)
	}
	return topic, partition, offset, nil
}

// record explains a record of the topic.
func (f *explainFlags) record(ctx context.Context, p *cli.Process, x *explain.Explainer, out func(*explain.Report) error) error {
	topic, partition, offset, err := f.place()
	if err != nil {
		return err
	}
	settings, err := f.kafka.Resolve(p.Stderr)
	if err != nil {
		return err
	}
	if x.Erased, err = erasure.Read(ctx, settings, f.erasures); err != nil {
		return err
	}
	candidates, closeSchemas, err := f.schemas(p, explain.FromRegistry)
	if err != nil {
		return err
	}
	defer closeSchemas()
	reader, err := history.New(settings)
	if err != nil {
		return err
	}
	defer reader.Close()
	r, err := x.RecordAt(ctx, reader, topic, partition, offset, candidates, time.Now())
	if err != nil {
		return err
	}
	return out(r)
}
