package program

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/linkedin/goavro/v2"

	"github.com/tracklayer/amazon-capi/internal/instant"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// goavroProgram decodes with goavro, by the writer's schema, into maps, and fills the
// event from them by field name. It takes 40 times as long as a fastProgram and is the
// judge: it reads again whatever a fastProgram does not accept, and its errors are the
// ones that are reported.
type goavroProgram struct {
	root  *avro.Type
	view  *view
	codec *goavro.Codec
	// aliases are those that the view was made by.
	aliases *event.Aliases
}

func newGoavroProgram(root *avro.Type, v *view, aliases *event.Aliases) (*goavroProgram, *Error) {
	codec, err := avro.NewCodec(root)
	if err != nil {
		return nil, badSchema(err)
	}
	return &goavroProgram{root, v, codec, aliases}, nil
}

func (p *goavroProgram) Followed() []event.Alias { return followed(p.aliases, p.view) }

func (p *goavroProgram) Read(payload []byte, ev *event.Event) (err *Error) {
	if fault := avro.CheckLayout(p.root, payload); fault != nil {
		return FaultError(fault)
	}
	// A panic would take down every partition because of one record.
	defer func() {
		if recover() != nil {
			err = &Error{Code: verdict.CodeCorrupt, Message: "the Avro library failed on the record"}
		}
	}()
	event, err := p.native(payload)
	if err != nil {
		return err
	}
	return p.view.fill(event, ev)
}

// fill reads a record's fields, and then the records within it.
func (v *view) fill(record map[string]any, ev *event.Event) *Error {
	if err := fill(v.fields, record, ev); err != nil {
		return err
	}
	for i := range v.groups {
		if err := v.groups[i].fill(record, ev); err != nil {
			return err
		}
	}
	return nil
}

// native decodes with goavro. Its errors are not passed on, because they quote what
// they read; after CheckLayout, the only known cause is a map with a key twice.
func (p *goavroProgram) native(payload []byte) (map[string]any, *Error) {
	v, rest, err := p.codec.NativeFromBinary(payload)
	record, ok := v.(map[string]any)
	if err != nil || !ok || len(rest) > 0 {
		return nil, &Error{Code: verdict.CodeCorrupt, Message: "the record is not what its schema says, or has a map with a key twice"}
	}
	return record, nil
}

func (g *groupBinding) fill(of map[string]any, ev *event.Event) *Error {
	t, v := chosen(g.typ, of[g.from])
	if v == nil {
		return nil
	}
	inner, ok := g.records[t]
	record, isRecord := v.(map[string]any)
	if !ok || !isRecord {
		bad := &Error{Code: verdict.CodeUnexpectedType, Field: g.name, Message: fmt.Sprintf("the union there holds %s and not a record", t.WithArticle())}
		if g.alias != nil {
			bad.Field, bad.Message = g.alias.To, fmt.Sprintf("the union at %s holds %s and not a record; %s", g.name, t.WithArticle(), g.alias)
		}
		return bad
	}
	return inner.fill(record, ev)
}

func fill(bs []binding, record map[string]any, ev *event.Event) *Error {
	for i := range bs {
		b := &bs[i]
		code := b.fill(record[b.from], ev)
		if !b.field.Refuses(code) {
			continue
		}
		msg := "the value there is not " + b.field.Wants()
		switch code {
		case verdict.CodeInvalidUTF8:
			msg = "the text there is not valid UTF-8"
		case verdict.CodeUnexpectedType:
			t, _ := chosen(b.typ, record[b.from])
			msg = fmt.Sprintf("the union there holds %s, which cannot be %s", t.WithArticle(), b.field.Wants())
		case verdict.CodeBadValue:
			if rule := b.brokenRule(record[b.from]); rule != nil {
				msg += ": " + rule.Error()
			}
		}
		if b.alias != nil {
			msg += "; " + b.alias.String()
		}
		return &Error{Code: code, Field: b.field.Path(), Message: msg}
	}
	return nil
}

// brokenRule returns the rule that a bad value breaks, or nil if there is nothing to
// add to what the field wants.
func (b *binding) brokenRule(v any) error {
	if b.field.Instant == nil {
		return nil
	}
	_, v = chosen(b.typ, v)
	_, err := instant.Parse(scalarOf(v).text)
	return err
}

func (b *binding) fill(v any, ev *event.Event) verdict.Code {
	t, v := chosen(b.typ, v)
	if v == nil {
		return 0
	}
	if b.entries != nil && t == b.entries {
		attrs, code := b.attributes(v)
		if code == 0 {
			*b.field.Attributes(ev) = attrs
		}
		return code
	}
	if set := b.set[t]; set != nil {
		return set(ev, scalarOf(v))
	}
	return verdict.CodeUnexpectedType
}

// attributes reads a map. Entries whose value is not text are left out.
func (b *binding) attributes(v any) ([]event.Attribute, verdict.Code) {
	m, _ := v.(map[string]any)
	attrs := make([]event.Attribute, 0, len(m))
	for key, val := range m {
		if !utf8.ValidString(key) {
			return nil, verdict.CodeInvalidUTF8
		}
		t, val := chosen(b.entries.Elem, val)
		text := b.text[t]
		if text == nil {
			continue
		}
		s, code := text(scalarOf(val))
		if code == verdict.CodeInvalidUTF8 {
			return nil, code
		}
		if code == 0 {
			attrs = append(attrs, event.Attribute{Key: key, Value: s})
		}
	}
	slices.SortFunc(attrs, func(a, b event.Attribute) int { return cmp.Compare(a.Key, b.Key) })
	return attrs, 0
}

// chosen returns the alternative of t that goavro's value belongs to, and the value
// without goavro's map around it. A null is nil.
func chosen(t *avro.Type, v any) (*avro.Type, any) {
	if t.Kind != avro.Union || v == nil {
		return t, v
	}
	branch, _ := v.(map[string]any) // of one entry: the branch's key and its value
	for key, inner := range branch {
		for _, b := range t.Branches {
			if b.Key == key {
				return b, inner
			}
		}
	}
	return t, v
}

func scalarOf(v any) scalar {
	switch v := v.(type) {
	case string:
		return scalar{text: v}
	case []byte:
		return scalar{text: string(v)}
	case int32:
		return scalar{num: int64(v)}
	case int64:
		return scalar{num: v}
	case float32:
		return scalar{real: float64(v)}
	case float64:
		return scalar{real: v}
	case bool:
		if v {
			return scalar{num: 1}
		}
	}
	return scalar{}
}
