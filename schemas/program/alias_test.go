package program_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/linkedin/goavro/v2"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

// foreign is a schema whose writer has its own names for nearly everything.
const foreign = `{"type":"record","name":"Order","fields":[
	{"name":"order_no","type":"string"},
	{"name":"kind","type":["null","string"]},
	{"name":"seller","type":"long"},
	{"name":"order_total","type":["null","double"]},
	{"name":"meta","type":["null","string",{"type":"record","name":"Meta","fields":[
		{"name":"placed","type":{"type":"long","logicalType":"timestamp-micros"}},
		{"name":"where","type":["null",{"type":"record","name":"Where","fields":[{"name":"channel","type":"string"},{"name":"shelf","type":"int"}]}]}]}]},
	{"name":"customer","type":{"type":"record","name":"Customer","fields":[
		{"name":"mail","type":"string"},{"name":"city","type":["null","string"]},{"name":"email","type":"string"}]}},
	{"name":"props","type":{"type":"map","values":"string"}}]}`

var foreignAliases = []string{
	"order_no", "event_id", "kind", "event_name", "seller", "profile_id", "order_total", "custom_data.value", "meta.placed", "occurred_at",
	"meta.where.channel", "action_source", "customer", "user_data", "customer.mail", "user_data.email", "props", "custom_data.attributes",
}

func foreignRecord(t testing.TB, meta any) []byte {
	return avrotest.Written(t, foreign, map[string]any{
		"order_no": "o-1", "kind": goavro.Union("string", "Purchase"), "seller": int64(1234567890), "order_total": goavro.Union("double", 19.5), "meta": meta,
		"customer": map[string]any{"mail": "jane@example.com", "city": goavro.Union("string", "Oslo"), "email": "another"},
		"props":    map[string]any{"brand": "Acme"},
	})
}

func decodeBy(schema string, value []byte, aliases *event.Aliases) (*event.Event, *schemas.Decoder, error) {
	var ev event.Event
	d := schemas.NewDecoder(avrotest.Schemas{7: {Text: schema}}, schemas.WithAliases(aliases))
	return &ev, d, d.Decode(context.Background(), value, &ev)
}

// TestAliases: a record of a schema with none of our names is the event that it means, by
// both readers.
func TestAliases(t *testing.T) {
	where := goavro.Union("Where", map[string]any{"channel": "WEBSITE", "shelf": 3})
	value := foreignRecord(t, goavro.Union("Meta", map[string]any{"placed": int64(1776939330123000), "where": where}))
	as := avrotest.AliasesOf(t, foreignAliases...)
	got, d, err := decodeBy(foreign, value, as)
	if err != nil {
		t.Fatal(err)
	}
	want := &event.Event{
		EventID: "o-1", EventName: "Purchase", ProfileID: "1234567890", OccurredAt: 1776939330123, ActionSource: "WEBSITE",
		User:   event.UserData{Email: "jane@example.com", City: "Oslo"},
		Custom: event.CustomData{Value: decimal.New(195, 1), Attributes: []event.Attribute{{Key: "brand", Value: "Acme"}}},
	}
	if d := avrotest.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(as.All(), d.Followed(framing.RefID(7))); d != "" {
		t.Error(d)
	}
	p, _, bad := program.Compile(&avro.Schema{Text: foreign}, as)
	if bad != nil {
		t.Fatal(bad)
	}
	if fast, judged := compare(t, p.(*program.Fast), foreign, value[avro.HeaderSize:]); !fast || !judged {
		t.Errorf("accepted: %v by the fast program, %v by the judge", fast, judged)
	}
}

// TestAliasesOfAbsentRecords: a record that an alias leads through may be null; as another
// type it is refused, and the line is named.
func TestAliasesOfAbsentRecords(t *testing.T) {
	as := avrotest.AliasesOf(t, foreignAliases...)
	if ev, _, err := decodeBy(foreign, foreignRecord(t, nil), as); err != nil || ev.OccurredAt != 0 || ev.Custom.Value.String() != "19.5" {
		t.Errorf("%v: %v, %s", err, ev.OccurredAt, ev.Custom.Value)
	}
	_, _, err := decodeBy(foreign, foreignRecord(t, goavro.Union("string", "x")), as)
	wantCode(t, err, verdict.CodeUnexpectedType, "occurred_at")
	if !strings.Contains(err.Error(), "line 5 of m.yaml") || !strings.Contains(err.Error(), "the union at meta holds a string") {
		t.Error(err)
	}
}

// TestAliasesWinOverNames: what the mapping says of a field wins over the names of the
// schema, whichever way round they are.
func TestAliasesWinOverNames(t *testing.T) {
	const more = `,{"name":"partner","type":"string"},{"name":"platform","type":"string"},{"name":"total","type":"double"},
		{"name":"custom_data","type":{"type":"record","name":"C","fields":[{"name":"value","type":"double"},{"name":"currency","type":"string"}]}}`
	schema := avrotest.Record(more)
	value := avrotest.ValueOf(avrotest.Text("a"), avrotest.Text("b"), avrotest.Double(2), avrotest.Double(1), avrotest.Text("EUR"))
	for name, tc := range map[string]struct {
		aliases []string
		want    event.Event
	}{
		"none":              {nil, event.Event{Partner: "a", Platform: "b", Custom: event.CustomData{Value: decimal.New(1, 0), Currency: "EUR"}}},
		"one of two":        {[]string{"total", "custom_data.value"}, event.Event{Partner: "a", Platform: "b", Custom: event.CustomData{Value: decimal.New(2, 0), Currency: "EUR"}}},
		"exchanged":         {[]string{"partner", "platform", "platform", "partner"}, event.Event{Partner: "b", Platform: "a", Custom: event.CustomData{Value: decimal.New(1, 0), Currency: "EUR"}}},
		"used up":           {[]string{"partner", "click_id"}, event.Event{ClickID: "a", Platform: "b", Custom: event.CustomData{Value: decimal.New(1, 0), Currency: "EUR"}}},
		"out of a group":    {[]string{"custom_data.currency", "partner"}, event.Event{Partner: "EUR", Platform: "b", Custom: event.CustomData{Value: decimal.New(1, 0)}}},
		"a group for other": {[]string{"custom_data", "user_data", "custom_data.currency", "user_data.city"}, event.Event{Partner: "a", Platform: "b", User: event.UserData{City: "EUR"}}},
		"not in the schema": {[]string{"nothing", "custom_data.value"}, event.Event{Partner: "a", Platform: "b", Custom: event.CustomData{Value: decimal.New(1, 0), Currency: "EUR"}}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.want.EventID, tc.want.EventName = "e", "n"
			got, _, err := decodeBy(schema, value, avrotest.AliasesOf(t, tc.aliases...))
			if err != nil {
				t.Fatal(err)
			}
			if d := avrotest.Diff(&tc.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestAliasesThroughOurNames: a record that is called as a field of ours is, and that an
// alias leads through, is not a field of ours, in neither reader.
func TestAliasesThroughOurNames(t *testing.T) {
	for _, typ := range []string{
		`["string",{"type":"record","name":"P","fields":[{"name":"total","type":"double"}]}]`,
		`["null",{"type":"record","name":"P","fields":[{"name":"total","type":"double"}]}]`,
	} {
		schema := avrotest.Record(`,{"name":"partner","type":` + typ + `}`)
		as := avrotest.AliasesOf(t, "partner.total", "custom_data.value")
		p, _, bad := program.Compile(&avro.Schema{Text: schema}, as)
		if bad != nil {
			t.Fatal(bad)
		}
		if !agree(t, p.(*program.Fast), schema, avrotest.ValueOf(avrotest.Long(1), avrotest.Double(2))[avro.HeaderSize:]) {
			t.Errorf("%s is refused", typ)
		}
		agree(t, p.(*program.Fast), schema, avrotest.ValueOf(avrotest.Long(0), avrotest.Text(""))[avro.HeaderSize:])
		if ev, _, err := decodeBy(schema, avrotest.ValueOf(avrotest.Long(1), avrotest.Double(2)), as); err != nil || ev.Partner != "" || ev.Custom.Value.String() != "2" {
			t.Errorf("%s: %v, %+v", typ, err, ev)
		}
	}
}

// TestBadAliases: an alias that does not fit a schema is the fault of each record of it,
// with a code of its own, the path and the line.
func TestBadAliases(t *testing.T) {
	const more = `,{"name":"lines","type":{"type":"array","items":"double"}},{"name":"order","type":{"type":"record","name":"O","fields":[{"name":"total","type":"boolean"}]}},
		{"name":"tags","type":{"type":"array","items":"string"}},{"name":"nick","type":"string"}`
	for name, tc := range map[string]struct {
		aliases []string
		field   string
		says    string
	}{
		"missing":              {[]string{"order_total", "custom_data.value"}, "custom_data.value", "no field order_total, and no custom_data.value either"},
		"missing in a record":  {[]string{"nick", "partner", "order.sum", "custom_data.value"}, "custom_data.value", "line 2 of m.yaml"},
		"missing record":       {[]string{"cart.total", "custom_data.value"}, "custom_data.value", "no field cart"},
		"no record":            {[]string{"nick.total", "custom_data.value"}, "custom_data.value", "a string at nick, which has no fields"},
		"an array for a value": {[]string{"lines", "custom_data.value"}, "custom_data.value", "an array at lines, which cannot be a decimal number"},
		"a boolean":            {[]string{"order.total", "custom_data.value"}, "custom_data.value", "a boolean at order.total"},
		"a record for a text":  {[]string{"order", "partner"}, "partner", "a record at order, which cannot be text"},
		"an incidental one":    {[]string{"nick?", "custom_data.attributes"}, "custom_data.attributes", "a string at nick, which cannot be a map of text"},
		"no group":             {[]string{"tags", "user_data"}, "user_data", "an array at tags and no record"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := decodeBy(avrotest.Record(more), nil, nil)
			_ = err
			_, _, err = decodeBy(avrotest.Record(more), avrotest.ValueOf(avrotest.Long(0), []byte{0}, avrotest.Long(0), avrotest.Text("x")), avrotest.AliasesOf(t, tc.aliases...))
			wantCode(t, err, verdict.CodeBadAlias, tc.field)
			if !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "of m.yaml says that") {
				t.Error(err)
			}
		})
	}
	if _, _, err := decodeBy(avrotest.Record(more), avrotest.ValueOf(avrotest.Long(0), []byte{0}, avrotest.Long(0), avrotest.Text("x")), avrotest.AliasesOf(t, "order_total?", "custom_data.value")); err != nil {
		t.Errorf("optional: %v", err)
	}
	_, _, err := decodeBy(`{"type":"record","name":"E","fields":[{"name":"event_name","type":"string"}]}`, avrotest.ValueOf(), avrotest.AliasesOf(t, "id", "event_id"))
	wantCode(t, err, verdict.CodeBadAlias, "event_id")
}

// TestAliasMistakes: what is wrong whatever the schema is said before there is one.
func TestAliasMistakes(t *testing.T) {
	for name, tc := range map[string]struct {
		pairs []string
		says  string
	}{
		"unknown target":          {[]string{"order_total", "custom_data.valeu"}, "want one of value, currency, quantity"},
		"unknown group":           {[]string{"order_total", "order.value"}, "user_data, custom_data, consent"},
		"a group's field alone":   {[]string{"order_total", "value"}, "is not a field of an event"},
		"an attribute":            {[]string{"color", "custom_data.attributes.color"}, "is not a field of an event"},
		"nothing":                 {[]string{"order_total", ""}, "is not a field of an event"},
		"two for one":             {[]string{"a", "partner", "b", "partner"}, `read from "a" already, by line 1 of m.yaml`},
		"one for two":             {[]string{"a", "partner", "a", "platform"}, `"a" is partner already`},
		"itself":                  {[]string{"partner", "partner"}, "is what it is called already"},
		"no name":                 {[]string{"order total", "partner"}, "is not a field of an Avro schema"},
		"no path":                 {[]string{"order..total", "partner"}, "is not a field of an Avro schema"},
		"digits":                  {[]string{"1st", "partner"}, "is not a field of an Avro schema"},
		"too deep":                {[]string{"a.b.c.d.e.f.g.h.i.j.k", "partner"}, "want 9 at most"},
		"a field and its record":  {[]string{"order.total", "custom_data.value", "order", "partner"}, `"order" cannot be partner`},
		"a record and its field ": {[]string{"order", "partner", "order.total", "custom_data.value"}, `"order.total" is in what is partner`},
	} {
		t.Run(name, func(t *testing.T) {
			var list []event.Alias
			for i := 0; i < len(tc.pairs); i += 2 {
				list = append(list, event.Alias{From: tc.pairs[i], To: tc.pairs[i+1], Where: fmt.Sprintf("line %d of m.yaml", i/2+1)})
			}
			as, wrong := event.NewAliases(list)
			if err := errors.Join(wrong...); err == nil || as != nil || !strings.Contains(err.Error(), tc.says) || len(wrong) != len(list) {
				t.Errorf("%v: %v", as, err)
			}
		})
	}
}

// TestBothReadersAgreeOnAliases is TestBothReadersAgree for schemas whose fields have been
// renamed and moved, with aliases that say where they are: both read what they read before.
func TestBothReadersAgreeOnAliases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &schemaGen{t: t}
		schema := g.schema()
		before := programOf(t, schema)
		renamed, pairs := rename(t, schema)
		p, _, bad := program.Compile(&avro.Schema{Text: renamed}, avrotest.AliasesOf(t, pairs...))
		if bad != nil {
			t.Fatalf("%v\n%s\n%q", bad, renamed, pairs)
		}
		after, ok := p.(*program.Fast)
		if !ok {
			t.Skip("too large for a fast program")
		}
		for range 4 {
			payload := drawRecord(t, before.Root())
			agree(t, after, renamed, payload)
			var want, got event.Event
			if err := before.Read(payload, &want); err != nil {
				continue // which field is at fault may be called otherwise
			}
			if err := after.Read(payload, &got); err != nil {
				t.Fatalf("%v\n%s\n%q", err, renamed, pairs)
			}
			if d := avrotest.Diff(&want, &got); d != "" {
				t.Fatalf("(-by our names +by aliases):\n%s\n%s\n%q", d, renamed, pairs)
			}
		}
	})
}

// rename gives fields of a schema, and of the groups in it, other names, and returns the
// aliases that lead to them.
func rename(t *rapid.T, schema string) (string, []string) {
	var root object
	if err := json.Unmarshal([]byte(schema), &root); err != nil {
		t.Fatal(err)
	}
	var pairs []string
	var walk func(record object, path, group string)
	walk = func(record object, path, group string) {
		for _, f := range record["fields"].([]any) {
			f := f.(object)
			name := f["name"].(string)
			ours := event.Under(group, strings.TrimPrefix(name, "new_"))
			isOurs := event.FieldAt(ours) != nil || group == "" && event.IsGroup(ours)
			if isOurs && f["type"] != "null" && rapid.Bool().Draw(t, "rename "+ours) && !incidental(ours) {
				delete(f, "aliases")
				f["name"] = "x_" + name
				name = "x_" + name
				pairs = append(pairs, event.Under(path, name), ours)
			}
			if group == "" && event.IsGroup(ours) {
				types, ok := f["type"].([]any)
				if !ok {
					types = []any{f["type"]}
				}
				for _, typ := range types {
					if r, ok := typ.(object); ok && r["type"] == "record" && slices.ContainsFunc(r["fields"].([]any), func(any) bool { return true }) {
						walk(r, event.Under(path, name), ours)
						break // an alias is one path for all records of a union
					}
				}
			}
		}
	}
	walk(root, "", "")
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), pairs
}

// incidental reports whether a field may be of a type that it cannot be: an alias may not.
func incidental(path string) bool {
	f := event.FieldAt(path)
	return f != nil && f.Incidental
}

// TestAliasesInJSON: an event as JSON may have a producer's names, too.
func TestAliasesInJSON(t *testing.T) {
	as := avrotest.AliasesOf(t, foreignAliases...)
	ev, followed, err := schemas.EventFromJSONBy(as, []byte(`{"order_no":"o-1","event_name":"Purchase","order_total":19.50,"meta":{"placed":1776939330123,"where":{"channel":"WEBSITE"}},
		"customer":{"mail":"jane@example.com","city":"Oslo"},"user_data":{"state":"x"},"props":{"brand":"Acme"},"custom_data":null}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &event.Event{
		EventID: "o-1", EventName: "Purchase", OccurredAt: 1776939330123, ActionSource: "WEBSITE",
		User:   event.UserData{Email: "jane@example.com", City: "Oslo", State: "x"},
		Custom: event.CustomData{Value: decimal.New(1950, 2), Attributes: []event.Attribute{{Key: "brand", Value: "Acme"}}},
	}
	if d := cmp.Diff(want, ev, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	if len(followed) != 7 || followed[1].String() != "custom_data.value is read from order_total, by line 4 of m.yaml" {
		t.Errorf("%q", followed)
	}
	for doc, says := range map[string]string{
		`{"order_total":1,"custom_data":{"value":2}}`: "custom_data.value: is there twice, as order_total and custom_data.value",
		`{"meta":{"when":1}}`:                         `unknown field "meta.when": want one of placed, where`,
		`{"order_totl":1}`:                            "order_total",
		`{"order_total":true}`:                        "order_total: want a number",
		`{"meta":1}`:                                  "meta: want a JSON object",
		`{"customer":{"mail":"a","email":"b"}}`:       "user_data.email: is there twice, as customer.mail and customer.email",
	} {
		if _, _, err := schemas.EventFromJSONBy(as, []byte(doc)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", doc, err, says)
		}
	}
}

// TestInspectByAliases: a schema with other names is looked at as it is read.
func TestInspectByAliases(t *testing.T) {
	in, err := program.Inspect(foreign, avrotest.AliasesOf(t, foreignAliases...))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"event_id", "occurred_at", "action_source", "user_data.email", "user_data.city", "custom_data.value", "custom_data.attributes"} {
		if !slices.Contains(in.Reads, path) {
			t.Errorf("%s is not read: %q", path, in.Reads)
		}
	}
	if len(in.Ignores) > 0 || len(in.Aliases) != len(foreignAliases)/2 || len(in.Shadows) > 0 {
		t.Errorf("%+v", in)
	}
	if len(in.Refuses) != 1 || in.Refuses[0].Path != "meta" {
		t.Errorf("%+v", in.Refuses)
	}
	in, err = program.Inspect(avrotest.Record(`,{"name":"partner","type":"string"},{"name":"who","type":"string"}`), avrotest.AliasesOf(t, "who", "partner"))
	if err != nil || len(in.Shadows) != 1 || !slices.Contains(in.Ignores, "partner") {
		t.Errorf("%v: %+v", err, in)
	}
	_, err = program.Inspect(avrotest.Record(""), avrotest.AliasesOf(t, "order_total", "custom_data.value"))
	wantCode(t, err, verdict.CodeBadAlias, "custom_data.value")
}
