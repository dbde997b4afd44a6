package schemas

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/linkedin/goavro/v2"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// Encoder writes events as Avro in any of our versions, for the publish command, the
// demo and tests. It does not validate them, so that bad events can be published on
// purpose, and refuses only what a version cannot represent. It is safe for concurrent
// use.
type Encoder struct {
	versions map[Version]versionEncoder
}

type versionEncoder struct {
	root  *avro.Type
	codec *goavro.Codec
}

// NewEncoder returns an Encoder for all versions.
func NewEncoder() (*Encoder, error) {
	e := &Encoder{versions: make(map[Version]versionEncoder)}
	for _, v := range Versions() {
		text, err := v.Schema()
		if err != nil {
			return nil, err
		}
		root, err := avro.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("schema version %d: %w", v, err)
		}
		codec, err := goavro.NewCodec(text)
		if err != nil {
			return nil, fmt.Errorf("schema version %d: %w", v, err)
		}
		e.versions[v] = versionEncoder{root, codec}
	}
	return e, nil
}

// Encode returns the event as the Avro bytes of a version, without a header.
// The error names the field that the version cannot represent.
func (e *Encoder) Encode(v Version, ev *event.Event) ([]byte, error) { return e.encode(nil, v, ev) }

// EncodeWire is Encode in the Confluent wire format, ready to be a record's value.
// The id is the registry's id of the version.
func (e *Encoder) EncodeWire(id uint32, v Version, ev *event.Event) ([]byte, error) {
	return e.encode(avro.AppendHeader(nil, id), v, ev)
}

func (e *Encoder) encode(dst []byte, v Version, ev *event.Event) ([]byte, error) {
	ver, ok := e.versions[v]
	if !ok {
		_, err := v.Schema()
		return nil, err
	}
	record, err := ver.native("", ver.root, ev)
	if err != nil {
		return nil, fmt.Errorf("schema version %d: %w", v, err)
	}
	for _, name := range event.Groups[1:] {
		t := nonNull(ver.root.Field(name))
		group, err := ver.native(name, t, ev)
		if err != nil {
			return nil, fmt.Errorf("schema version %d: %w", v, err)
		}
		if len(group) > 0 {
			record[name] = goavro.Union(t.Name, group)
		}
	}
	dst, err = ver.codec.BinaryFromNative(dst, record)
	if err != nil {
		// Not passed on: goavro's errors quote values.
		return nil, fmt.Errorf("schema version %d: the event does not fit it", v)
	}
	return dst, nil
}

// native returns the fields of a group that are set, as goavro wants them. The
// others get the schema's default, null.
func (ver *versionEncoder) native(group string, t *avro.Type, ev *event.Event) (map[string]any, error) {
	record := make(map[string]any)
	for i := range event.Fields {
		f := &event.Fields[i]
		if f.Group != group {
			continue
		}
		ft := t.Field(f.Name)
		if ft == nil {
			if f.IsSet(ev) {
				return nil, fmt.Errorf("it has no field %s, which the event has", f.Path())
			}
			continue
		}
		if ft.Kind == avro.Union && !f.IsSet(ev) {
			continue
		}
		v, err := native(f, nonNull(ft), ev)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path(), err)
		}
		if ft.Kind == avro.Union {
			v = goavro.Union(unionKey(nonNull(ft)), v)
		}
		record[f.Name] = v
	}
	return record, nil
}

func native(f *event.Field, t *avro.Type, ev *event.Event) (any, error) {
	switch {
	case f.Text != nil:
		return *f.Text(ev), nil
	case f.Instant != nil:
		return *f.Instant(ev), nil
	case f.Count != nil:
		return *f.Count(ev), nil
	case f.Amount != nil:
		return decimalRat(*f.Amount(ev), t)
	}
	m := make(map[string]any)
	for _, a := range *f.Attributes(ev) {
		if _, twice := m[a.Key]; twice {
			return nil, errors.New("it has a key twice")
		}
		m[a.Key] = a.Value
	}
	return m, nil
}

// decimalRat refuses what goavro would silently truncate.
func decimalRat(d decimal.Decimal, t *avro.Type) (*big.Rat, error) {
	if !d.IsFinite() {
		return nil, errors.New("it is not finite")
	}
	r := d.Rat()
	unscaled, exact := unscaledOf(r, t.Scale)
	if !exact {
		return nil, fmt.Errorf("it has more than %s", count.Of(t.Scale, "decimal"))
	}
	if unscaled.CmpAbs(tenTo(t.Digits)) >= 0 {
		return nil, fmt.Errorf("it has more than %s", count.Of(t.Digits, "digit"))
	}
	return r, nil
}

// unscaledOf returns r times 10^scale; exact is false when that is not an integer.
func unscaledOf(r *big.Rat, scale int) (unscaled *big.Int, exact bool) {
	n := new(big.Int).Mul(r.Num(), tenTo(scale))
	q, rem := n.QuoRem(n, r.Denom(), new(big.Int))
	return q, rem.Sign() == 0
}

// nonNull returns the other branch of our schemas' unions with null.
func nonNull(t *avro.Type) *avro.Type {
	if t.Kind != avro.Union {
		return t
	}
	return t.Branches[1]
}

// unionKey returns goavro's name for a branch of a union with a logical type.
func unionKey(t *avro.Type) string {
	switch t.Logical {
	case avro.LogicalDecimal:
		return "bytes.decimal"
	case avro.LogicalMillis:
		return "long.timestamp-millis"
	}
	return t.Kind.String()
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
