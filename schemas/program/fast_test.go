package program_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/program"
	"pgregory.net/rapid"
)

// programOf compiles a schema.
func programOf(t rapid.TB, schema string) *program.Fast {
	t.Helper()
	p, err := compile(avro.Schema{Text: schema})
	if err != nil {
		t.Fatalf("%v\nschema %s", err, schema)
	}
	fast, ok := p.(*program.Fast)
	if !ok {
		t.Fatalf("read by %T\nschema %s", p, schema)
	}
	return fast
}

// allocations is how many one decoding takes, of a value under id 7.
func allocations(t *testing.T, schema string, value []byte) float64 {
	t.Helper()
	dec := schemas.NewDecoder(avrotest.Schemas{7: {Text: schema}})
	var ev event.Event
	if err := dec.Decode(context.Background(), value, &ev); err != nil {
		t.Fatal(err)
	}
	return testing.AllocsPerRun(100, func() {
		if err := dec.Decode(context.Background(), value, &ev); err != nil {
			t.Fatal(err)
		}
	})
}

// TestDecodingAllocatesNothing: an allocation an event is a fifth of what the
// rest of decoding costs, and the garbage collector's work besides.
func TestDecodingAllocatesNothing(t *testing.T) {
	for _, v := range schemas.Versions() {
		schema, _ := v.Schema()
		ev := avrotest.ForVersion(v, avrotest.FullEvent())
		if n := allocations(t, schema, mustEncode(t, 7, v, ev)); n != 0 {
			t.Errorf("version %d: %v allocations", v, n)
		}
	}
	custom := func(typ string) string {
		return avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[` + typ + `]}}`)
	}
	for name, c := range map[string]struct {
		schema string
		bytes  []byte
		want   float64
	}{
		"fields we do not know": {avrotest.Record(`,{"name":"a","type":{"type":"map","values":{"type":"array","items":["null","string",{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]}]}]}}},{"name":"b","type":["bytes","double"]}`),
			avrotest.Join(avrotest.Long(-2), avrotest.Long(9), avrotest.Text("x"), avrotest.Long(3), avrotest.Long(1), avrotest.Text("y"), avrotest.Long(0), avrotest.Long(2), avrotest.Long(1), avrotest.Long(0), avrotest.Long(0), avrotest.Text("z"), avrotest.Long(0), avrotest.Long(0), avrotest.Long(1), avrotest.Double(1)), 0},
		"a stranger's attributes": {custom(`{"name":"attributes","type":["null",{"type":"map","values":["null","string","boolean",{"type":"array","items":"int"}]}]}`),
			avrotest.Join(avrotest.Long(1), avrotest.Long(5), avrotest.Text("z"), avrotest.Long(1), avrotest.Text("last"), avrotest.Text("a"), avrotest.Long(2), []byte{1}, avrotest.Text("n"), avrotest.Long(0), avrotest.Text("b"), avrotest.Long(3), avrotest.Long(0), avrotest.Text("c"), avrotest.Long(1), avrotest.Text("é"), avrotest.Long(0)), 0},
		"value as double":      {custom(`{"name":"value","type":"double"}`), avrotest.Double(129.95), 0},
		"value as text":        {custom(`{"name":"value","type":"string"}`), avrotest.Text("129.95"), 0},
		"value in fixed":       {custom(`{"name":"value","type":{"type":"fixed","name":"F","size":8,"logicalType":"decimal","precision":18,"scale":2}}`), make([]byte, 8), 0},
		"times as text":        {avrotest.Record(`,{"name":"occurred_at","type":"string"}`), avrotest.Text("2026-04-23T10:15:30.123Z"), 0},
		"an enum":              {avrotest.Record(`,{"name":"action_source","type":{"type":"enum","name":"S","symbols":["APP","WEBSITE"]}}`), avrotest.Long(1), 0},
		"not ASCII":            {avrotest.Record(`,{"name":"user_data","type":{"type":"record","name":"U","fields":[{"name":"city","type":"string"}]}}`), avrotest.Text("San José 世界"), 0},
		"profile id as long":   {avrotest.Record(`,{"name":"profile_id","type":"long"}`), avrotest.Long(1234567890), 1},
		"more than 64 bits":    {custom(`{"name":"value","type":{"type":"bytes","logicalType":"decimal","precision":30,"scale":2}}`), avrotest.Text("\x01\x02\x03\x04\x05\x06\x07\x08\x09"), 2},
		"profile id as a uuid": {avrotest.Record(`,{"name":"profile_id","type":{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}}`), make([]byte, 16), 1},
	} {
		if n := allocations(t, c.schema, avrotest.ValueOf(c.bytes)); n > c.want {
			t.Errorf("%s: %v allocations, want %v", name, n, c.want)
		}
	}
}

// TestRecordsOfOursNeedNoJudge: were they left to it, the tests of the results
// would all pass, at forty times the price.
func TestRecordsOfOursNeedNoJudge(t *testing.T) {
	for _, v := range schemas.Versions() {
		schema, _ := v.Schema()
		p := programOf(t, schema)
		for _, ev := range []*event.Event{{}, {EventID: "e", EventName: "n"}, avrotest.ForV1(avrotest.FullEvent())} {
			if !p.Accepts(mustEncode(t, 1, v, ev)[avro.HeaderSize:], new(event.Event)) {
				t.Errorf("version %d: %+v is left to the judge", v, ev)
			}
		}
	}
	if !programOf(t, avrotest.Strangers).Accepts(avrotest.StrangersRecord(), new(event.Event)) {
		t.Error("a stranger's record is left to the judge")
	}
	var got event.Event
	if !programOf(t, avrotest.Sharing).Accepts(avrotest.SharingRecord(), &got) {
		t.Error("a record of a schema that uses a type twice is left to the judge")
	}
	want := &event.Event{EventID: "e", EventName: "n", User: event.UserData{Email: "mail"}, Consent: event.Consent{AdStorage: "DENIED", TCF: "tcf"},
		Custom: event.CustomData{Value: decimal.New(15, 1), Quantity: 3, Attributes: []event.Attribute{{Key: "k", Value: "v"}}}}
	if d := avrotest.Diff(want, &got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestTextsOutliveEverythingElse has the garbage collector look for what the
// event's texts do not keep.
func TestTextsOutliveEverythingElse(t *testing.T) {
	source, err := schemas.Embedded(schemas.V4)
	if err != nil {
		t.Fatal(err)
	}
	dec := schemas.NewDecoder(source)
	events := make([]event.Event, 200)
	for i := range events {
		ev := avrotest.FullEvent()
		ev.EventID = fmt.Sprintf("event-%d", i)
		if err := dec.Decode(context.Background(), mustEncode(t, 4, schemas.V4, ev), &events[i]); err != nil {
			t.Fatal(err)
		}
	}
	var garbage [][]byte
	for range 3 {
		runtime.GC()
		for range 1000 {
			garbage = append(garbage, bytes.Repeat([]byte{'x'}, 400))
		}
	}
	for i := range events {
		want := avrotest.FullEvent()
		want.EventID = fmt.Sprintf("event-%d", i)
		if d := avrotest.Diff(want, &events[i]); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	}
	runtime.KeepAlive(garbage)
}

// TestTextsArePartsOfTheValue is the other side of allocating nothing, which
// those who keep a text must know.
func TestTextsArePartsOfTheValue(t *testing.T) {
	schema := avrotest.Record(`,{"name":"click_id","type":"bytes"}`)
	value := avrotest.ValueOf(avrotest.Text("click"))
	ev, err := decodeAs(schema, value)
	if err != nil {
		t.Fatal(err)
	}
	kept := strings.Clone(ev.ClickID)
	copy(value[len(value)-5:], "other")
	if ev.ClickID != "other" || kept != "click" {
		t.Errorf("click id %q, and %q cloned: want it to be a part of the value", ev.ClickID, kept)
	}
}

// TestBadRecordsLeaveNothing: nor must an event keep what was read of a record
// before its fault.
func TestBadRecordsLeaveNothing(t *testing.T) {
	attrs := make([]event.Attribute, 2)
	ev := event.Event{Custom: event.CustomData{Attributes: attrs}}
	ev.Reset()
	p := programOf(t, avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"attributes","type":{"type":"map","values":"string"}}]}}`))
	if err := p.Read(avrotest.ValueOf(avrotest.Long(2), avrotest.Text("k"), avrotest.Text("v"), avrotest.Text("l"), avrotest.Text("\xff"), avrotest.Long(0))[avro.HeaderSize:], &ev); err == nil {
		t.Fatal("no error")
	}
	if attrs[0] != (event.Attribute{}) {
		t.Errorf("attribute %v is kept", attrs[0])
	}
}

// TestEveryByteOfABranch puts each of the 256 first bytes where a union with null names
// its branch, in unions of both orders and of more branches: the fast program takes what
// encoders write for the branches that there are, reads the right one, and leaves all
// else to the judge, which takes no more than that but longer forms of the same number.
func TestEveryByteOfABranch(t *testing.T) {
	for union, branches := range map[string][]string{
		`["null","string"]`:        {"null", "string"},
		`["string","null"]`:        {"string", "null"},
		`["null","bytes"]`:         {"null", "string"},
		`["bytes","null"]`:         {"string", "null"},
		`["null","string","long"]`: {"null", "string", "long"},
		`["long","null","string"]`: {"long", "null", "string"},
	} {
		p := programOf(t, avrotest.Record(`,{"name":"profile_id","type":`+union+`}`))
		for first := range 256 {
			// For each kind of branch a rest that is right after it.
			for kind, rest := range map[string][]byte{"null": nil, "string": avrotest.Text("77"), "long": avrotest.Long(77)} {
				payload := avrotest.ValueOf([]byte{byte(first)}, rest)[avro.HeaderSize:]
				branch := first / 2
				fine := first%2 == 0 && branch < len(branches) && branches[branch] == kind
				want := map[string]string{"string": "77", "long": "77"}[kind]
				var ev event.Event
				if got := p.Accepts(payload, &ev); got != fine || fine && ev.ProfileID != want {
					t.Errorf("%s: byte %d and a %s: accepted %v with profile %q, want %v with %q", union, first, kind, got, ev.ProfileID, fine, want)
				}
				ev.Reset()
				if err := p.Judge().Read(payload, &ev); (err == nil) != fine || fine && ev.ProfileID != want {
					t.Errorf("%s: byte %d and a %s: the judge says %v with profile %q, want an error: %v", union, first, kind, err, ev.ProfileID, !fine)
				}
			}
		}
	}
}

// TestBoundsAreTheJudges: close to the bound only the judge counts exactly.
func TestBoundsAreTheJudges(t *testing.T) {
	nulls := avrotest.Record(`,{"name":"x","type":{"type":"array","items":"null"}}`)
	attributesOf := func(typ string) string {
		return avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"attributes","type":{"type":"map","values":` + typ + `}}]}}`)
	}
	entries := func(n int) (b []byte) {
		b = avrotest.Long(int64(n))
		for i := range n {
			b = append(append(b, avrotest.Text(fmt.Sprint(i))...), 0)
		}
		return append(b, 0)
	}
	for name, c := range map[string]struct {
		schema string
		bytes  []byte
		fine   bool
	}{
		"as many parts as may be": {nulls, avrotest.Join(avrotest.Long(avro.MaxParts-4), avrotest.Long(0)), true},
		"one too many":            {nulls, avrotest.Join(avrotest.Long(avro.MaxParts-3), avrotest.Long(0)), false},
		"attributes":              {attributesOf(`["null","string"]`), entries((avro.MaxParts - 5) / 2), true},
		"too many attributes":     {attributesOf(`["null","string"]`), entries((avro.MaxParts-5)/2 + 1), false},
		"too many texts":          {attributesOf(`"string"`), entries(avro.MaxParts), false},
	} {
		p := programOf(t, c.schema)
		payload := avrotest.ValueOf(c.bytes)[avro.HeaderSize:]
		// The judge goes by this; goavro would take seconds.
		if err := avro.CheckLayout(p.Root(), payload); (err == nil) != c.fine {
			t.Errorf("%s: error %v, want one: %v", name, err, !c.fine)
		}
		if !c.fine && p.Accepts(payload, new(event.Event)) {
			t.Errorf("%s: accepted before the judge is asked", name)
		}
	}
}

// TestDepthIsCountedAlike nests a type in itself ever deeper, in all places
// where the fast program skips one.
func TestDepthIsCountedAlike(t *testing.T) {
	const node = `{"type":"record","name":"N","fields":[{"name":"next","type":["null","N"]}]}`
	custom := func(typ string) string {
		return avrotest.Record(`,{"name":"custom_data","type":["null",{"type":"record","name":"D","fields":[` + typ + `]}]}`)
	}
	for _, place := range []struct {
		schema        string // with NODE where it is nested
		before, after []byte
	}{
		{avrotest.Record(`,{"name":"x","type":NODE}`), nil, nil},
		{custom(`{"name":"x","type":NODE}`), avrotest.Long(1), nil},
		{custom(`{"name":"quantity","type":["int",NODE]}`), avrotest.Join(avrotest.Long(1), avrotest.Long(1)), nil},
		{custom(`{"name":"attributes","type":{"type":"map","values":NODE}}`), avrotest.Join(avrotest.Long(1), avrotest.Long(1), avrotest.Text("k")), avrotest.Long(0)},
		{custom(`{"name":"attributes","type":["null",{"type":"map","values":["string",NODE]}]}`), avrotest.Join(avrotest.Long(1), avrotest.Long(1), avrotest.Long(1), avrotest.Text("k"), avrotest.Long(1)), avrotest.Long(0)},
	} {
		// A step of the nesting is two levels; within a record they end on the
		// other one.
		for _, typ := range []string{node, `{"type":"record","name":"Around","fields":[{"name":"it","type":` + node + `}]}`} {
			p := programOf(t, strings.Replace(place.schema, "NODE", typ, 1))
			refused := 0
			for deep := 40; deep <= 50; deep++ {
				payload := avrotest.ValueOf(place.before, bytes.Repeat(avrotest.Long(1), deep), avrotest.Long(0), place.after)[avro.HeaderSize:]
				fine := avro.CheckLayout(p.Root(), payload) == nil
				if p.Accepts(payload, new(event.Event)) != fine {
					t.Errorf("%s\n%d deep: accepted %v", place.schema, deep, !fine)
				}
				if !fine {
					refused++
				}
			}
			if refused == 0 || refused == 11 {
				t.Errorf("%s: %d of 11 depths are refused", place.schema, refused)
			}
		}
	}
}

// TestWrongValuesAreTheJudges: what the types of fields that are ours do not
// allow, or the fields themselves.
func TestWrongValuesAreTheJudges(t *testing.T) {
	profile := func(typ string) string { return avrotest.Record(`,{"name":"profile_id","type":` + typ + `}`) }
	booleans := avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"attributes","type":{"type":"map","values":"boolean"}}]}}`)
	endless := avrotest.Join(bytes.Repeat([]byte{0xff}, 9), []byte{2})
	for name, c := range map[string]struct {
		schema string
		bytes  []byte
	}{
		"int of 40 bits":     {profile(`"int"`), avrotest.Long(1 << 40)},
		"int of -40 bits":    {profile(`"int"`), avrotest.Long(-1 << 40)},
		"long of 65 bits":    {profile(`"long"`), endless},
		"length of 65 bits":  {profile(`"string"`), endless},
		"symbol beyond":      {profile(`{"type":"enum","name":"G","symbols":["A"]}`), avrotest.Long(1)},
		"symbol before":      {profile(`{"type":"enum","name":"G","symbols":["A"]}`), avrotest.Long(-1)},
		"branch beyond":      {profile(`["null","string","long"]`), avrotest.Long(3)},
		"branch before":      {profile(`["null","string","long"]`), avrotest.Long(-1)},
		"branch of optional": {profile(`["null","string"]`), avrotest.Long(2)},
		"boolean of 2":       {booleans, avrotest.Join(avrotest.Long(1), avrotest.Text("k"), []byte{2}, avrotest.Long(0))},
		"block of -2^63":     {booleans, avrotest.Join(avrotest.Long(math.MinInt64), avrotest.Long(0), avrotest.Long(0))},
		// Each of these is right if the union's value is passed over.
		"group of another type": {avrotest.Record(`,{"name":"consent","type":["null","long",{"type":"record","name":"C","fields":[]}]},{"name":"x","type":"long"}`), avrotest.Join(avrotest.Long(1), avrotest.Long(5))},
		"field of another type": {avrotest.Record(`,{"name":"profile_id","type":["null","boolean","string"]},{"name":"x","type":"boolean"}`), avrotest.Join(avrotest.Long(1), []byte{1})},
	} {
		p := programOf(t, c.schema)
		payload := avrotest.ValueOf(c.bytes)[avro.HeaderSize:]
		if p.Accepts(payload, new(event.Event)) {
			t.Errorf("%s: accepted", name)
		}
		if err := p.Read(payload, new(event.Event)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
