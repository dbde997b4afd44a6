package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/linkedin/goavro/v2"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// looseSchema is TrackLayer's event as a careless team would write it: there may
// be several names, and the value is a double.
const looseSchema = `{"type":"record","name":"LooseEvent","namespace":"com.tracklayer.samples","fields":[
{"name":"event_id","type":"string"},
{"name":"profile_id","type":"string"},
{"name":"event_name","type":["null","string",{"type":"array","items":"string"}]},
{"name":"action_source","type":"string"},
{"name":"occurred_at","type":{"type":"long","logicalType":"timestamp-millis"}},
{"name":"custom_data","type":{"type":"record","name":"LooseCustomData","fields":[
{"name":"value","type":["null","double"]},
{"name":"currency","type":["null","string"]}]}}]}`

// foreignSchema is of something else that got into the topic.
const foreignSchema = `{"type":"record","name":"Heartbeat","namespace":"com.tracklayer.samples","fields":[
{"name":"host","type":"string"},
{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}`

// unknownID is an id that no registry has given out.
const unknownID = math.MaxInt32 - 1

// IDs are the ids under which a registry has the schemas that samples are
// written with. An id of 0 is not registered.
type IDs struct {
	Versions map[schemas.Version]uint32
	// Loose and Foreign are only needed for some kinds of Damage.
	Loose, Foreign uint32
}

// LocalIDs returns ids for tests without a registry: with them, IDs is a
// schemas.Source.
func LocalIDs() IDs {
	ids := IDs{Versions: make(map[schemas.Version]uint32), Loose: 901, Foreign: 902}
	for _, v := range schemas.Versions() {
		ids.Versions[v] = uint32(v)
	}
	return ids
}

// SchemaOf makes IDs a schemas.Source.
func (ids IDs) SchemaOf(_ context.Context, ref framing.Ref) (avro.Schema, error) {
	id := uint32(ref.Number())
	switch {
	case id == ids.Loose:
		return avro.Schema{Type: "AVRO", Text: looseSchema}, nil
	case id == ids.Foreign:
		return avro.Schema{Type: "AVRO", Text: foreignSchema}, nil
	}
	for v, known := range ids.Versions {
		if id == known {
			text, err := v.Schema()
			return avro.Schema{Type: "AVRO", Text: text}, err
		}
	}
	return avro.Schema{}, &avro.SchemaError{ID: id, Unknown: true, Message: "there is no sample of this schema"}
}

// Encoder makes record values of samples. It is safe for concurrent use.
type Encoder struct {
	events         *schemas.Encoder
	loose, foreign *goavro.Codec
}

// NewEncoder returns an Encoder for all versions and damages.
func NewEncoder() (*Encoder, error) {
	events, err := schemas.NewEncoder()
	if err != nil {
		return nil, err
	}
	loose, err := goavro.NewCodec(looseSchema)
	if err != nil {
		return nil, err
	}
	foreign, err := goavro.NewCodec(foreignSchema)
	if err != nil {
		return nil, err
	}
	return &Encoder{events, loose, foreign}, nil
}

// Value returns the sample's record value. Nil is a tombstone and an empty
// slice an empty value, as kgo has it. Errors hold nothing of the event.
func (e *Encoder) Value(ids IDs, s *Sample) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.Raw != nil {
		return s.Raw, nil
	}
	switch s.Damage {
	case Tombstone:
		return nil, nil
	case Empty:
		return []byte{}, nil
	case NotTrackLayer:
		return encode(e.foreign, ids.Foreign, map[string]any{"host": "web-1", "at": s.Event.OccurredAt})
	case UnexpectedType:
		return e.looseEvent(ids, s.Event, goavro.Union("array", []string{s.Event.EventName, "Lead"}), 1)
	case NotANumber:
		return e.looseEvent(ids, s.Event, goavro.Union("string", s.Event.EventName), math.NaN())
	}
	id := ids.Versions[s.version()]
	if s.Damage == UnknownSchema {
		id = unknownID
	}
	if id == 0 {
		return nil, fmt.Errorf("version %d of the event schema is not registered", s.version())
	}
	value, err := e.event(id, s.version(), s.Event)
	if err != nil {
		return nil, err
	}
	return s.Damage.do(value, s.Event)
}

// usualSize is what nearly all records of generated events stay below.
const usualSize = 320

func (e *Encoder) event(id uint32, v schemas.Version, ev *schemas.Event) ([]byte, error) {
	if v == schemas.V2 {
		if value, ok := appendV2(avro.AppendHeader(make([]byte, 0, usualSize), id), ev); ok {
			return value, nil
		}
	}
	return e.events.EncodeWire(id, v, ev)
}

// do damages the bytes of an event.
func (d Damage) do(value []byte, ev *schemas.Event) ([]byte, error) {
	switch d {
	case NoMagic:
		// What a JSON producer without a registry writes.
		return schemas.EventJSON(&schemas.Event{EventID: ev.EventID, EventName: ev.EventName}), nil
	case Short:
		return value[:3], nil
	case Truncated:
		return value[:len(value)-len(value)/3], nil
	case TrailingBytes:
		return append(value, "\r\n"...), nil
	case InvalidUTF8:
		// The id comes first in every version, and may hold the name.
		rest := value[len(avro.AppendHeader(nil, 0))+len(ev.EventID):]
		i := bytes.Index(rest, []byte(ev.EventName))
		if i < 0 || ev.EventName == "" {
			return nil, errors.New("damage invalid_utf8 needs an event_name")
		}
		rest[i] = 0xff
	}
	return value, nil
}

func (e *Encoder) looseEvent(ids IDs, ev *schemas.Event, name any, value float64) ([]byte, error) {
	return encode(e.loose, ids.Loose, map[string]any{
		"event_id": ev.EventID, "profile_id": ev.ProfileID, "event_name": name,
		"action_source": ev.ActionSource, "occurred_at": ev.OccurredAt,
		"custom_data": map[string]any{
			"value":    goavro.Union("double", value),
			"currency": goavro.Union("string", ev.Custom.Currency),
		},
	})
}

func encode(codec *goavro.Codec, id uint32, record map[string]any) ([]byte, error) {
	if id == 0 {
		return nil, errors.New("the schema for this damage is not registered")
	}
	value, err := codec.BinaryFromNative(avro.AppendHeader(nil, id), record)
	if err != nil {
		return nil, errors.New("the event does not fit the schema for this damage") // goavro's errors quote values
	}
	return value, nil
}
