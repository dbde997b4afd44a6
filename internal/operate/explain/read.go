package explain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// Schema is a schema to read records with, and what to call it.
type Schema struct {
	Name   string
	Source schemas.Source
}

// EmbeddedSchemas returns the versions that the program comes with, the latest
// first.
func EmbeddedSchemas() ([]Schema, error) {
	var all []Schema
	for _, v := range slices.Backward(schemas.Versions()) {
		source, err := schemas.Embedded(v)
		if err != nil {
			return nil, err
		}
		all = append(all, Schema{fmt.Sprintf("version %d, which the program comes with", v), source})
	}
	return all, nil
}

// Reading is a value that has been read.
type Reading struct {
	Event schemas.Event
	// Named is what the record says of its schema; zero if it names none.
	Named  framing.Found
	Schema string
	Bad    *schemas.DecodeError // why it cannot be read, if so
	// Aliases are those that it was read by.
	Aliases []schemas.Alias
}

// containerMagic begins Avro's object container files.
var containerMagic = []byte("Obj\x01")

// ErrContainer is returned for files that hold records of their own.
var ErrContainer = errors.New("this is an Avro container file with records in it: want the value of one record, as it is in the topic")

// Read reads a record with the first schema that fits, or says why none does. Any
// other error says that a schema cannot be had. A record that names its schema is read
// as it says; where that fails, or if it names none, the value is taken for Avro alone,
// as bare says it may be.
func (x *Explainer) Read(ctx context.Context, rec *kgo.Record, candidates []Schema, bare bool) (Reading, error) {
	if bytes.HasPrefix(rec.Value, containerMagic) {
		return Reading{}, ErrContainer
	}
	var named framing.Found
	if x.Framings.Find(rec.Value, rec.Headers, &named) != nil {
		named = framing.Found{}
	}
	r, err := x.readWith(ctx, rec, candidates, x.Framings)
	if err != nil || r.Bad == nil {
		r.Named = named
		return r, err
	}
	if bare && len(rec.Value) > 0 {
		framed := &kgo.Record{Value: append(avro.AppendHeader(nil, 1), rec.Value...)}
		alone, err := x.readWith(ctx, framed, candidates, framing.ConfluentPrefix)
		if err == nil && alone.Bad == nil {
			alone.Schema += ", without a header or prefix that names it, which a record of the topic must have"
			return alone, nil
		}
	}
	r.Named = named
	return r, nil
}

// readWith returns the first reading that is good, or the first of all.
func (x *Explainer) readWith(ctx context.Context, rec *kgo.Record, candidates []Schema, framings framing.Set) (first Reading, err error) {
	for i, c := range candidates {
		r := Reading{Schema: c.Name}
		decoder := schemas.NewDecoder(c.Source, schemas.WithFramings(framings), schemas.WithAliases(x.Transformer.Aliases()))
		err := decoder.DecodeRecord(ctx, rec, &r.Event)
		if err != nil && !errors.As(err, &r.Bad) {
			return r, err
		}
		var named framing.Found
		if framings.Find(rec.Value, rec.Headers, &named) == nil {
			r.Aliases = decoder.Followed(named.Ref)
		}
		if r.Bad == nil {
			return r, nil
		}
		if i == 0 {
			first = r
		}
	}
	if len(candidates) > 1 {
		first.Schema = fmt.Sprintf("none of the %d schemas that the program comes with; the fault is that of the latest, and may be another with the writer's own", len(candidates))
	}
	return first, nil
}
