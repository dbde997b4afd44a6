package program_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"pgregory.net/rapid"
)

// schemaGen draws schemas that writers could have: our fields as any type that
// they can mean, in any order, under their own names or as aliases, in between
// fields of all other kinds that Avro has.
type schemaGen struct {
	t     *rapid.T
	count int      // of names so far
	open  []string // records that the type being drawn is in, and may refer to
}

func (g *schemaGen) one(label string, of ...string) string {
	return rapid.SampledFrom(of).Draw(g.t, label)
}

func (g *schemaGen) odds(label string, in int) bool {
	return rapid.IntRange(0, in-1).Draw(g.t, label) == in-1
}

func (g *schemaGen) name() string {
	g.count++
	return fmt.Sprintf("T%d", g.count)
}

type object = map[string]any

// schema draws a writer's schema of an event.
func (g *schemaGen) schema() string {
	text, err := json.Marshal(g.group("", event.Identifying[:]...))
	if err != nil {
		g.t.Fatal(err)
	}
	return string(text)
}

// group draws the event, or a record in it.
func (g *schemaGen) group(group string, required ...string) object {
	record := object{"type": "record", "name": g.name()}
	list := []any{}
	for i := range event.Fields {
		f := &event.Fields[i]
		if f.Group == group && (slices.Contains(required, f.Name) || !g.odds("leave out "+f.Path(), 4)) {
			list = append(list, g.called(f.Name, g.meant(f)))
		}
	}
	if group == "" {
		for _, name := range event.Groups[1:] {
			if !g.odds("leave out "+name, 4) {
				list = append(list, g.called(name, g.orOthers(g.group(name), "record")))
			}
		}
	}
	for range rapid.IntRange(0, 4).Draw(g.t, "extra fields") {
		g.count++
		list = append(list, object{"name": fmt.Sprintf("extra_%d", g.count), "type": g.any(3), "aliases": []string{"once", "event"}})
	}
	// Appended, because a permutation of nothing is nil.
	record["fields"] = append([]any{}, rapid.Permutation(list).Draw(g.t, "order")...)
	return record
}

// called is a field of ours, perhaps renamed.
func (g *schemaGen) called(name string, typ any) object {
	if g.odds("rename "+name, 4) {
		return object{"name": "new_" + name, "aliases": []string{"older_" + name, name}, "type": typ}
	}
	return object{"name": name, "type": typ}
}

// meant is a type that the field can be, or for an incidental one any.
func (g *schemaGen) meant(f *event.Field) any {
	if f.Incidental && g.odds("any type for "+f.Path(), 5) {
		return g.any(2)
	}
	decimal := func(t object) object {
		t["logicalType"], t["precision"], t["scale"] = "decimal", 30, rapid.IntRange(0, 10).Draw(g.t, "scale")
		return t
	}
	kinds := []string{"string", "string", "string", "int", "long", "double"}
	switch {
	case f.Text != nil:
		kinds = []string{"string", "string", "string", "string", "string", "bytes", "fixed", "enum", "int", "long", "decimal", "uuid"}
	case f.Instant != nil:
		kinds = []string{"millis", "millis", "micros", "nanos", "long", "string"}
	case f.Amount != nil:
		kinds = []string{"decimal", "decimal", "decimal fixed", "double", "float", "int", "long", "string"}
	case f.Attributes != nil:
		kinds = []string{"map", "map", "map any"}
	}
	kind := g.one("type of "+f.Path(), kinds...)
	var t any = kind
	switch kind {
	case "bytes", "int", "long", "float", "double", "string":
	case "fixed", "enum":
		t = g.leaf(kind)
	case "uuid":
		t = object{"type": "fixed", "name": g.name(), "size": 16, "logicalType": "uuid"}
		kind = "fixed"
	case "millis", "micros", "nanos":
		t = object{"type": "long", "logicalType": "timestamp-" + kind}
		kind = "long"
	case "decimal":
		t = decimal(object{"type": "bytes"})
		kind = "bytes"
	case "decimal fixed":
		t = decimal(object{"type": "fixed", "name": g.name(), "size": rapid.IntRange(1, 12).Draw(g.t, "size")})
		kind = "fixed"
	case "map":
		t = object{"type": "map", "values": "string"}
	case "map any":
		t = object{"type": "map", "values": []any{"null", g.leaf("string"), g.leaf("boolean"), g.leaf("double"), g.leaf("enum"), g.leaf("long"), object{"type": "map", "values": "int"}}}
		kind = "map"
	}
	return g.orOthers(t, kind)
}

// orOthers is the type, perhaps in a union: mostly with null, as TrackLayer's
// are, sometimes with what its field cannot mean.
func (g *schemaGen) orOthers(t any, kind string) any {
	switch g.one("union", "no", "no", "no", "no", "null first", "null first", "null first", "null first", "null first", "null last", "null last", "others") {
	case "null first":
		return []any{"null", t}
	case "null last":
		return []any{t, "null"}
	case "others":
		u := []any{t}
		for _, other := range []string{"null", "boolean", "array", "string", "long", "record"} {
			if other != kind && g.odds("or "+other, 2) {
				u = append(u, g.of(other, 1))
			}
		}
		return rapid.Permutation(u).Draw(g.t, "branches")
	}
	return t
}

var leaves = []string{"null", "boolean", "int", "long", "float", "double", "bytes", "string", "enum", "fixed"}

// any draws any type, nesting no deeper than that.
func (g *schemaGen) any(depth int) any {
	kinds := leaves
	if depth > 0 {
		kinds = append([]string{"record", "array", "map", "union", "itself"}, kinds...)
	}
	return g.of(g.one("kind", kinds...), depth)
}

func (g *schemaGen) of(kind string, depth int) any {
	switch kind {
	case "record":
		name := g.name()
		g.open = append(g.open, name)
		fs := []any{}
		for i := range rapid.IntRange(0, 3).Draw(g.t, "fields") {
			fs = append(fs, object{"name": fmt.Sprintf("f%d", i), "type": g.any(depth - 1)})
		}
		g.open = g.open[:len(g.open)-1]
		return object{"type": "record", "name": name, "fields": fs}
	case "array":
		return object{"type": "array", "items": g.any(depth - 1)}
	case "map":
		return object{"type": "map", "values": g.any(depth - 1)}
	case "union":
		var u []any
		for _, kind := range []string{"null", "int", "string", "enum", "record"} {
			if g.odds("branch "+kind, 2) {
				u = append(u, g.of(kind, depth-1))
			}
		}
		return append(u, "double")
	case "itself":
		if len(g.open) > 0 {
			return []any{"null", rapid.SampledFrom(g.open).Draw(g.t, "name")}
		}
		return "long"
	}
	return g.leaf(kind)
}

func (g *schemaGen) leaf(kind string) any {
	switch kind {
	case "enum":
		return object{"type": "enum", "name": g.name(), "symbols": []string{"A", "B", "C"}}
	case "fixed":
		return object{"type": "fixed", "name": g.name(), "size": rapid.IntRange(1, 20).Draw(g.t, "size")}
	case "long":
		return object{"type": "long", "logicalType": g.one("logical type", "none", "timestamp-millis", "time-micros", "local-timestamp-micros")}
	}
	return kind
}

// recordGen draws records of a schema, as an encoder would write them. It is an
// encoder of its own because goavro's writes one block per array or map, and no
// text that is not UTF-8.
type recordGen struct {
	t *rapid.T
	// sloppy writers write what is not UTF-8, no instant, or a key twice.
	sloppy bool
}

// record draws a record; two of three are written with care.
func drawRecord(t *rapid.T, root *avro.Type) []byte {
	g := &recordGen{t: t, sloppy: rapid.IntRange(0, 2).Draw(t, "sloppy") == 2}
	return g.value(nil, root, "", 6)
}

// value draws a value of the type, in the field of that name, and appends it.
func (g *recordGen) value(dst []byte, typ *avro.Type, name string, depth int) []byte {
	t := g.t
	switch typ.Kind {
	case avro.Boolean:
		return append(dst, byte(rapid.IntRange(0, 1).Draw(t, "boolean")))
	case avro.Int:
		return binary.AppendVarint(dst, g.number(math.MinInt32, math.MaxInt32))
	case avro.Long:
		return binary.AppendVarint(dst, g.number(math.MinInt64, math.MaxInt64))
	case avro.Float:
		f := rapid.OneOf(rapid.Just(float32(2)), rapid.Float32()).Draw(t, "float")
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(f))
	case avro.Double:
		some := rapid.SampledFrom([]float64{3, 129.95, -1e-7, 1e300, math.NaN(), math.Inf(-1), 1 << 60})
		f := rapid.OneOf(some, rapid.Float64()).Draw(t, "double")
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
	case avro.Fixed:
		return append(dst, g.bytes(typ, typ.Size, typ.Size)...)
	case avro.Bytes:
		return appendText(dst, g.bytes(typ, 0, 20))
	case avro.String:
		return appendText(dst, g.text(name))
	case avro.Enum:
		return binary.AppendVarint(dst, rapid.Int64Range(0, int64(len(typ.Symbols)-1)).Draw(t, "symbol"))
	case avro.Union:
		n := rapid.IntRange(0, len(typ.Branches)-1).Draw(t, "branch")
		if depth <= 0 {
			// So that a schema that contains itself has an end.
			n = max(0, slices.IndexFunc(typ.Branches, func(b *avro.Type) bool { return b.Kind == avro.Null }))
		}
		return g.value(binary.AppendVarint(dst, int64(n)), typ.Branches[n], name, depth-1)
	case avro.Record:
		for _, f := range typ.Fields {
			dst = g.value(dst, f.Type, f.Name, depth-1)
		}
	case avro.Array, avro.Map:
		for block := 0; depth > 0 && rapid.IntRange(0, 2).Draw(t, "another block") < 2-block; block++ {
			dst = g.block(dst, typ, block, depth)
		}
		return append(dst, 0)
	}
	return dst
}

func (g *recordGen) block(dst []byte, typ *avro.Type, block, depth int) []byte {
	n := rapid.IntRange(1, 3).Draw(g.t, "items")
	var items []byte
	for i := range n {
		if typ.Kind == avro.Map {
			items = appendText(items, g.key(block, i))
		}
		items = g.value(items, typ.Elem, "", depth-1)
	}
	if rapid.Bool().Draw(g.t, "with its size") {
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(-n)), int64(len(items)))
	} else {
		dst = binary.AppendVarint(dst, int64(n))
	}
	return append(dst, items...)
}

func appendText[S ~string | ~[]byte](dst []byte, s S) []byte {
	return append(binary.AppendVarint(dst, int64(len(s))), s...)
}

func (g *recordGen) number(low, high int64) int64 {
	return rapid.OneOf(rapid.Int64Range(-70, 70), rapid.Int64Range(low, high)).Draw(g.t, "number")
}

func (g *recordGen) bytes(typ *avro.Type, least, most int) []byte {
	high := byte(0x7f)
	if g.sloppy || typ.Logical != avro.LogicalNone {
		high = 0xff
	}
	return rapid.SliceOfN(rapid.ByteRange(0, high), least, most).Draw(g.t, "bytes")
}

func (g *recordGen) key(block, i int) string {
	if g.sloppy {
		if key := rapid.SampledFrom([]string{"", "", "twice", "twice", "\xff"}).Draw(g.t, "bad key"); key != "" {
			return key
		}
	}
	return fmt.Sprintf("%c%d-%d", rapid.RuneFrom([]rune("aé世k")).Draw(g.t, "key"), block, i)
}

func (g *recordGen) text(name string) string {
	t := g.t
	instant := rapid.SampledFrom([]string{"2026-04-23T10:15:30.123Z", " 2026-04-23T12:15:30+0200", " ", ""})
	number := rapid.SampledFrom([]string{"129.95", " -1e-7", "17", "0.10", "10000000000000000000.01", ""})
	plain := rapid.OneOf(rapid.StringMatching(`[a-z0-9@.+_ é-]{0,40}`), rapid.StringN(0, 300, -1), instant, number)
	switch {
	case g.sloppy && rapid.IntRange(0, 9).Draw(t, "not UTF-8") == 9:
		return string(rapid.SliceOfN(rapid.ByteRange(0x60, 0xff), 1, 12).Draw(t, "text"))
	case g.sloppy:
	case strings.HasSuffix(name, "_at"):
		return instant.Draw(t, "instant")
	case strings.HasSuffix(name, "value"):
		return number.Draw(t, "amount")
	}
	return plain.Draw(t, "text")
}
