package schemas

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/linkedin/goavro/v2"
)

// program reads the records of one writer's schema. What a schema means is
// worked out once, when its id is first seen; a program that fills events
// without goavro can take goavroProgram's place.
type program interface {
	// read fills ev, which must be empty, from the bytes behind the header.
	// What it read before an error stays in ev.
	read(payload []byte, ev *Event) *DecodeError
}

// compile makes the program of a schema.
func compile(s WriterSchema) (program, *DecodeError) {
	t, err := parseAvro(s.Text, s.References...)
	if err != nil {
		return nil, badSchema(err)
	}
	p := &goavroProgram{root: t}
	if err := p.bind(); err != nil {
		return nil, err
	}
	if p.codec, err = newCodec(t); err != nil {
		return nil, badSchema(err)
	}
	return p, nil
}

func badSchema(err error) *DecodeError {
	// Bounded, because goavro's errors can quote the whole schema.
	return &DecodeError{Code: CodeBadSchema, Message: fmt.Sprintf("the schema cannot be read: %.200s", err)}
}

func newCodec(t *avroType) (codec *goavro.Codec, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it has a shape that the Avro library fails on")
		}
	}()
	text, err := json.Marshal(t.forGoavro(make(map[*avroType]bool)))
	if err != nil {
		return nil, err
	}
	return goavro.NewCodec(string(text))
}

// goavroProgram decodes with goavro, by the writer's schema, into maps, and
// fills the event from them by field name. That makes the order of fields,
// fields that are missing and fields that we do not know all equally harmless.
type goavroProgram struct {
	root  *avroType
	codec *goavro.Codec
	event []binding
	// groups holds the bindings of each group that the schema has.
	groups []groupBinding
}

// groupBinding is a record within the event's: either always the same one, or
// a branch of a union.
type groupBinding struct {
	name     string
	record   []binding
	branches map[string][]binding // by goavro's key; nil if there is no union
}

type binding struct {
	field *field
	set   func(ev *Event, v any) Code
}

func (p *goavroProgram) bind() *DecodeError {
	if p.root.kind != kindRecord {
		return notTrackLayer("", "its schema is a %s and not a record", p.root.kind)
	}
	for _, name := range identifying {
		if p.root.field(name) == nil {
			return notTrackLayer(name, "its schema has no field %s", name)
		}
	}
	var err *DecodeError
	if p.event, err = bindRecord("", p.root); err != nil {
		return err
	}
	for _, name := range groups[1:] {
		t := p.root.field(name)
		if t == nil || t.kind == kindNull {
			continue
		}
		g, err := bindGroup(name, t)
		if err != nil {
			return err
		}
		p.groups = append(p.groups, g)
	}
	return nil
}

func bindGroup(name string, t *avroType) (g groupBinding, err *DecodeError) {
	g.name = name
	switch t.kind {
	case kindRecord:
		g.record, err = bindRecord(name, t)
		return g, err
	case kindUnion:
		g.branches = make(map[string][]binding)
		for _, b := range t.branches {
			if b.kind != kindRecord {
				continue
			}
			if g.branches[b.key], err = bindRecord(name, b); err != nil {
				return g, err
			}
		}
		if len(g.branches) > 0 {
			return g, nil
		}
	}
	return g, notTrackLayer(name, "its schema has no record there")
}

func notTrackLayer(field, format string, args ...any) *DecodeError {
	return &DecodeError{Code: CodeNotTrackLayer, Field: field, Message: "it is no TrackLayer event: " + fmt.Sprintf(format, args...)}
}

// bindRecord binds the fields of a group that the record type has.
func bindRecord(group string, t *avroType) ([]binding, *DecodeError) {
	var bs []binding
	for i := range fields {
		f := &fields[i]
		if f.group != group {
			continue
		}
		ft := t.field(f.name)
		if ft == nil {
			continue
		}
		if set := f.setter(ft); set != nil {
			bs = append(bs, binding{f, set})
		} else if !f.incidental {
			return nil, notTrackLayer(f.path(), "its schema has a %s there, which cannot be %s", ft.kind, f.wants())
		}
	}
	return bs, nil
}

// setter returns what fills the field from a value of the type, or nil if the
// type cannot be what the field wants.
func (f *field) setter(t *avroType) func(*Event, any) Code {
	switch {
	case f.text != nil:
		return assign(f.text, orUnion(t, textOf))
	case f.instant != nil:
		return assign(f.instant, orUnion(t, instantOf))
	case f.amount != nil:
		return assign(f.amount, orUnion(t, amountOf))
	case f.count != nil:
		return assign(f.count, orUnion(t, countOf))
	}
	return assign(f.attributes, orUnion(t, attributesOf))
}

func assign[T any](at func(*Event) *T, from convert[T]) func(*Event, any) Code {
	if from == nil {
		return nil
	}
	return func(ev *Event, v any) Code {
		value, code := from(v)
		if code == "" {
			*at(ev) = value
		}
		return code
	}
}

func (p *goavroProgram) read(payload []byte, ev *Event) (err *DecodeError) {
	if err := checkLayout(p.root, payload); err != nil {
		return err
	}
	// A panic would take down every partition for one record's sake.
	defer func() {
		if recover() != nil {
			err = corrupt("the Avro library failed on the record")
		}
	}()
	event, err := p.native(payload)
	if err != nil {
		return err
	}
	if err := fill(p.event, event, ev); err != nil {
		return err
	}
	for i := range p.groups {
		g := &p.groups[i]
		if v := event[g.name]; v != nil {
			if err := g.fill(v, ev); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *groupBinding) fill(v any, ev *Event) *DecodeError {
	m, _ := v.(map[string]any)
	if g.branches == nil {
		return fill(g.record, m, ev)
	}
	for key, inner := range m { // of one entry: the branch's key and its value
		if bs, ok := g.branches[key]; ok {
			record, _ := inner.(map[string]any)
			return fill(bs, record, ev)
		}
	}
	return &DecodeError{Code: CodeUnexpectedType, Field: g.name, Message: "the union there holds something other than a record"}
}

func fill(bs []binding, record map[string]any, ev *Event) *DecodeError {
	for _, b := range bs {
		code := b.set(ev, record[b.field.name])
		if code == "" || b.field.incidental && code != CodeInvalidUTF8 {
			continue
		}
		msg := "the value there is not " + b.field.wants()
		switch code {
		case CodeInvalidUTF8:
			msg = "the text there is not valid UTF-8"
		case CodeUnexpectedType:
			msg = "the union there holds something other than " + b.field.wants()
		}
		return &DecodeError{Code: code, Field: b.field.path(), Message: msg}
	}
	return nil
}

// native decodes with goavro. Its errors are not passed on, because they quote
// what they read; after checkLayout only a map with a key twice is known to get
// this far.
func (p *goavroProgram) native(payload []byte) (map[string]any, *DecodeError) {
	v, rest, err := p.codec.NativeFromBinary(payload)
	record, ok := v.(map[string]any)
	if err != nil || !ok || len(rest) > 0 {
		return nil, corrupt("the record is not what its schema says, or has a map with a key twice")
	}
	return record, nil
}
