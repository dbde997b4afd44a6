package avro

import (
	"strings"
	"testing"
)

func TestParseAvroNames(t *testing.T) {
	const schema = `{"type":"record","name":"com.x.Outer","fields":[
		{"name":"a","type":{"type":"record","name":"Inner","fields":[{"name":"up","type":["null","Outer"]}]}},
		{"name":"b","type":"com.x.Inner"},
		{"name":"c","type":{"type":"enum","name":"E","namespace":"","symbols":["S"]}},
		{"name":"d","type":["E","Inner",{"type":"Inner2","type":{"type":"fixed","name":"Inner2","size":3}}]}]}`
	typ, err := Parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	inner := typ.Field("a")
	for name, got := range map[string]*Type{"com.x.Outer": typ, "com.x.Inner": inner, "E": typ.Field("c"), "com.x.Inner2": typ.Field("d").Branches[2]} {
		if got.Name != name {
			t.Errorf("%s is named %s", name, got.Name)
		}
	}
	if typ.Field("b") != inner || typ.Field("d").Branches[1] != inner || inner.Field("up").Branches[1] != typ || typ.Field("d").Branches[0] != typ.Field("c") {
		t.Error("a name does not lead to what it names")
	}
	if _, err := NewCodec(typ); err != nil {
		t.Errorf("goavro refuses it: %v", err)
	}
}

func TestSchemasThatAreWrong(t *testing.T) {
	for schema, says := range map[string]string{
		`{`:               "not JSON",
		`17`:              "neither a name, an object nor a union",
		`"Missing"`:       `a type "Missing" that it does not define`,
		`{"name":"x"}`:    `without "type"`,
		`[]`:              "union of nothing",
		`["int",["int"]]`: "union within a union",
		`["int",{"type":"int","logicalType":"date"}]`: "two branches of type int",
		`["int",5]`:                                            "neither a name",
		`{"type":"array"}`:                                     "neither a name",
		`{"type":"map","values":"Nothing"}`:                    "Nothing",
		`{"type":{"type":"Nothing"}}`:                          "Nothing",
		`{"type":"record","fields":[]}`:                        "a type record without a name",
		`{"type":"enum","symbols":["A"]}`:                      "a type enum without a name",
		`{"type":"fixed","size":1}`:                            "a type fixed without a name",
		`{"type":"fixed","name":"F"}`:                          "F has no size",
		`{"type":"fixed","name":"F","size":1.5}`:               "F has no size",
		`{"type":"fixed","name":"F","size":-1}`:                "F has no size",
		`{"type":"enum","name":"E","symbols":[1]}`:             "symbol that is not text",
		`{"type":"record","name":"R","fields":{}}`:             "R has no fields",
		`{"type":"record","name":"R","fields":["a"]}`:          "field without a name",
		`{"type":"record","name":"R","fields":[{"name":"a"}]}`: "neither a name",
		`{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"fixed","name":"R","size":1}}]}`: "type R twice",
	} {
		if _, err := Parse(schema); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want it to say %q", schema, err, says)
		}
	}
	if _, err := Parse(`"int"`, `{`); err == nil || !strings.Contains(err.Error(), "refers to") {
		t.Errorf("a reference that is wrong: %v", err)
	}
}
