package sample

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// Versions is AWS Glue, where a Publisher registers the schemas that its framing
// names.
type Versions interface {
	// RegisterVersion registers an Avro schema and returns its version's UUID, which
	// it keeps when it is registered again.
	RegisterVersion(ctx context.Context, name, schema string) (uuid string, err error)
}

// framings writes records in one style, or in several in turn.
type framings struct {
	styles []framing.Style
	guids  map[schemas.Version]framing.Ref
	glue   map[schemas.Version]framing.Ref
	// glueAlone says that no registry gives ids; others are Glue's schemas by what
	// stands for their id.
	glueAlone bool
	others    map[uint32]framing.Ref
}

// wants reports whether a style needs such names.
func (f *framings) wants(k framing.Kind) bool {
	for _, s := range f.styles {
		if s.Kind == k {
			return true
		}
	}
	return false
}

var errNoGUID = errors.New("the schema registry gives its schemas no GUID, which Confluent Platform does from 8 on: want another framing")

// registered notes what else the versions are called.
func (p *Publisher) registered(ctx context.Context, v schemas.Version, guid string) (err error) {
	f := &p.framings
	if f.wants(framing.GUID) {
		if guid == "" {
			return errNoGUID
		}
		if f.guids[v], err = framing.ParseUUID(framing.GUID, guid); err != nil {
			return fmt.Errorf("the schema registry's GUID of version %d: %w", v, err)
		}
	}
	if !f.wants(framing.GlueVersion) {
		return nil
	}
	if p.o.Glue == nil {
		return setting.Framing.Mistakef("there is no Glue registry to register schemas in: want another framing")
	}
	text, err := v.Schema()
	if err != nil {
		return err
	}
	// As Glue's own serializers name it.
	f.glue[v], err = p.inGlue(ctx, p.o.Topic, text)
	return err
}

func (p *Publisher) inGlue(ctx context.Context, name, schema string) (framing.Ref, error) {
	uuid, err := p.o.Glue.RegisterVersion(ctx, name, schema)
	if err != nil {
		return framing.Ref{}, err
	}
	return framing.ParseUUID(framing.GlueVersion, uuid)
}

// Where no registry gives ids, numbers stand for Glue's schemas until a record is framed:
// from firstVersion on for our versions, from firstOther on for others.
const (
	firstVersion = 1 << 29
	firstOther   = 1 << 30
)

// other registers a schema that is not a version of ours, and returns its id or what stands
// for one.
func (p *Publisher) other(ctx context.Context, subject, schema string) (uint32, error) {
	f := &p.framings
	if !f.glueAlone {
		return p.registry.RegisterAvro(ctx, subject, schema)
	}
	ref, err := p.inGlue(ctx, subject, schema)
	if err != nil {
		return 0, err
	}
	id := uint32(firstOther + len(f.others))
	f.others[id] = ref
	return id, nil
}

// frame writes the n-th record's value again. Bytes that are broken so as to name no
// schema stay as they are, and so do records of schemas that are none of our versions.
func (f *framings) frame(n int, ids *IDs, s *Sample, value []byte) ([]byte, []kgo.RecordHeader) {
	if len(f.styles) == 0 || s.Raw != nil {
		return value, nil
	}
	id, payload, fault := avro.ParseHeader(value)
	if ref, ok := f.others[id]; ok && fault == nil {
		return framing.Write(ref, payload, false, false)
	}
	if fault != nil || s.Event == nil || ids.Versions[s.version()] != id {
		return value, nil
	}
	style := f.styles[n%len(f.styles)]
	ref := framing.RefNumber(style.Kind, uint64(id))
	switch style.Kind {
	case framing.GUID:
		ref = f.guids[s.version()]
	case framing.GlueVersion:
		ref = f.glue[s.version()]
	}
	return framing.Write(ref, payload, style.Header, style.Zlib)
}
