package transform

import (
	"strings"
	"testing"
)

// TestMappingFields: what producers call our fields is read with its lines.
func TestMappingFields(t *testing.T) {
	m, err := LoadMapping("dir/m.yaml", []byte("extends: default\nfields:\n  order_total: custom_data.value\n  customer.mail: user_data.email\n  buyer: {to: partner, optional: true}\n"))
	if err != nil {
		t.Fatal(err)
	}
	all := m.Aliases().All()
	if len(all) != 3 || all[0].String() != "custom_data.value is read from order_total, by line 3 of m.yaml" || all[1].Optional || !all[2].Optional || all[2].To != "partner" {
		t.Errorf("%+v", all)
	}
	tr, err := New(Options{Mapping: m})
	if err != nil || len(tr.Aliases().All()) != 3 {
		t.Errorf("%v: %v", err, tr.Aliases())
	}
	if m, err = LoadMapping("m.yaml", []byte("extends: default\n")); err != nil || m.Aliases() != nil {
		t.Errorf("%v: %v", err, m.Aliases())
	}
}

// TestMappingFieldMistakes: a bad one is refused at start, with its line.
func TestMappingFieldMistakes(t *testing.T) {
	for doc, want := range map[string]string{
		"a: custom_data.valeu":                       `m.yaml:3: fields: "custom_data.valeu" is not a field of an event: want one of value,`,
		"a: partner\n  b: platform\n  c: partner":    `m.yaml:5: fields: partner is read from "a" already, by line 3 of m.yaml: want one field for each`,
		"a: partner\n  a: platform":                  `m.yaml:4: key "a" of fields is there twice, first on line 3: want it once`,
		"a b: partner":                               `m.yaml:3: fields: "a b" is not a field of an Avro schema`,
		"a: [partner]":                               "m.yaml:3: a field is a list: want text",
		"a:":                                         "m.yaml:3: a field is empty: want text",
		"a: {too: partner}":                          `key "too" of a field is unknown: want one of to, optional`,
		"a: {optional: true}":                        "m.yaml:3: a field has no to: want the event field that it stands for",
		"a: {to: partner, optional: maybe}":          "optional is \"maybe\": want one of false, true",
		"[a, b]: partner":                            "m.yaml:3: a key of fields is not text: want a name",
		"partner: partner":                           "m.yaml:3: fields: partner is what it is called already",
		"<<: {a: partner}":                           "a key of fields is not text",
		"o.t: custom_data.value\n  o: user_data.fip": `m.yaml:4: fields: "o" cannot be user_data.fip, since a field in it is another by line 3 of m.yaml`,
	} {
		if _, err := LoadMapping("m.yaml", []byte("extends: default\nfields:\n  "+doc+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", doc, err, want)
		}
	}
	for _, doc := range []string{"fields: [a]", "fields: a", "fields:"} {
		if _, err := LoadMapping("m.yaml", []byte("extends: default\n"+doc+"\n")); err == nil || !strings.Contains(err.Error(), "want names with what they are") {
			t.Errorf("%s: %v", doc, err)
		}
	}
}
