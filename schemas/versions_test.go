package schemas

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

func parsed(t *testing.T, v Version) *avro.Type {
	t.Helper()
	text, err := v.Schema()
	if err != nil {
		t.Fatal(err)
	}
	typ, err := avro.Parse(text)
	if err != nil {
		t.Fatalf("version %d: %v", v, err)
	}
	return typ
}

func TestVersionsAreAvro(t *testing.T) {
	if vs := Versions(); vs[len(vs)-1] != Latest {
		t.Errorf("versions %v do not end with the latest, %d", vs, Latest)
	}
	for _, v := range Versions() {
		text, _ := v.Schema()
		if _, err := goavro.NewCodec(text); err != nil {
			t.Errorf("version %d: %v", v, err)
		}
		typ := parsed(t, v)
		if typ.Name != "com.tracklayer.events.TrackLayerEvent" {
			t.Errorf("version %d is named %s", v, typ.Name)
		}
		if _, err := compile(avro.Schema{Text: text}); err != nil {
			t.Errorf("version %d: %v", v, err)
		}
	}
	if _, err := Version(5).Schema(); err == nil || !strings.Contains(err.Error(), "1 to 4") {
		t.Errorf("version 5: error %v, want one that says what there is", err)
	}
	if s := Subject("tracklayer.events"); s != "tracklayer.events-value" {
		t.Errorf("subject %s", s)
	}
}

// TestLatestHasEveryField holds the schema and the table of fields together.
func TestLatestHasEveryField(t *testing.T) {
	inSchema := make(map[string]bool)
	var walk func(group string, typ *avro.Type)
	walk = func(group string, typ *avro.Type) {
		for _, f := range typ.Fields {
			if inner := nonNull(f.Type); inner.Kind == avro.Record {
				walk(f.Name, inner)
				continue
			}
			own := event.Field{Group: group, Name: f.Name}
			inSchema[own.Path()] = true
		}
	}
	walk("", parsed(t, Latest))
	for i := range event.Fields {
		if !inSchema[event.Fields[i].Path()] {
			t.Errorf("the latest schema has no %s", event.Fields[i].Path())
		}
		delete(inSchema, event.Fields[i].Path())
	}
	for path := range inSchema {
		t.Errorf("the schema's %s is not read", path)
	}
}

// TestVersionsAreFullyCompatible applies Avro's rules of schema resolution in
// both directions between all versions, as a registry set to FULL_TRANSITIVE
// does. The registry of the tests says yes to everything.
func TestVersionsAreFullyCompatible(t *testing.T) {
	for _, w := range Versions() {
		for _, r := range Versions() {
			writer, reader := rawSchema(t, w), rawSchema(t, r)
			if err := canRead(reader, writer); err != nil {
				t.Errorf("version %d cannot read version %d: %v", r, w, err)
			}
		}
	}
}

// TestCanReadSeesBreaks makes sure that the check above can fail.
func TestCanReadSeesBreaks(t *testing.T) {
	base := map[string]any{"type": "record", "name": "R", "fields": []any{map[string]any{"name": "a", "type": "string"}}}
	for name, other := range map[string]any{
		"a field without default": map[string]any{"type": "record", "name": "R", "fields": []any{
			map[string]any{"name": "a", "type": "string"}, map[string]any{"name": "b", "type": "string"}}},
		"another type":   map[string]any{"type": "record", "name": "R", "fields": []any{map[string]any{"name": "a", "type": "long"}}},
		"another name":   map[string]any{"type": "record", "name": "S", "fields": []any{}},
		"fewer branches": "string",
	} {
		writer := any(base)
		if name == "fewer branches" {
			writer = []any{"null", "string"}
		}
		if canRead(other, writer) == nil {
			t.Errorf("%s: seen as compatible", name)
		}
	}
}

func rawSchema(t *testing.T, v Version) any {
	t.Helper()
	text, err := v.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s any
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// canRead is Avro's schema resolution, for the types that our schemas use.
func canRead(reader, writer any) error {
	if branches, ok := writer.([]any); ok {
		for _, w := range branches {
			if err := canRead(reader, w); err != nil {
				return err
			}
		}
		return nil
	}
	if branches, ok := reader.([]any); ok {
		for _, r := range branches {
			if canRead(r, writer) == nil {
				return nil
			}
		}
		return fmt.Errorf("no branch reads %v", typeName(writer))
	}
	if typeName(reader) != typeName(writer) {
		return fmt.Errorf("%s is written and %s read", typeName(writer), typeName(reader))
	}
	r, _ := reader.(map[string]any)
	w, _ := writer.(map[string]any)
	switch typeName(reader) {
	case "map":
		return canRead(r["values"], w["values"])
	case "bytes", "long":
		for _, attr := range []string{"logicalType", "precision", "scale"} {
			if r[attr] != w[attr] {
				return fmt.Errorf("%s differs: %v and %v", attr, r[attr], w[attr])
			}
		}
	case "record":
		return canReadRecord(r, w)
	}
	return nil
}

func canReadRecord(r, w map[string]any) error {
	if r["name"] != w["name"] || r["namespace"] != w["namespace"] {
		return fmt.Errorf("record %v is written and %v read", w["name"], r["name"])
	}
	written := make(map[string]any)
	for _, f := range w["fields"].([]any) {
		fm := f.(map[string]any)
		written[fm["name"].(string)] = fm["type"]
	}
	for _, f := range r["fields"].([]any) {
		fm := f.(map[string]any)
		wt, ok := written[fm["name"].(string)]
		if !ok {
			if _, ok := fm["default"]; !ok {
				return fmt.Errorf("%v is new and has no default", fm["name"])
			}
			continue
		}
		if err := canRead(fm["type"], wt); err != nil {
			return fmt.Errorf("%v: %w", fm["name"], err)
		}
	}
	return nil
}

func typeName(s any) string {
	if m, ok := s.(map[string]any); ok {
		s = m["type"]
	}
	name, _ := s.(string)
	return name
}
