package schemas

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/program"
	"pgregory.net/rapid"
)

// eventSchema is a schema of an event with more fields.
func eventSchema(more string) string {
	return `{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"},{"name":"event_name","type":"string"}` + more + `]}`
}

// manyFields are n fields of a type, in which # is the field's number.
func manyFields(n int, typ string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,{"name":"f%d","type":%s}`, i, strings.ReplaceAll(typ, "#", fmt.Sprint(i)))
	}
	return b.String()
}

func listOf(n int, each string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("," + strings.ReplaceAll(each, "#", fmt.Sprint(i)))
	}
	return b.String()[1:]
}

func nested(n int, open, within, end string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(open, "#", fmt.Sprint(i)))
	}
	return b.String() + within + strings.Repeat(end, n)
}

// heap is how much more is allocated, and kept, after f.
func heap(f func() any) (allocated, kept int64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	v := f()
	runtime.ReadMemStats(&after)
	allocated = int64(after.TotalAlloc - before.TotalAlloc)
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept = int64(after.HeapAlloc) - int64(before.HeapAlloc)
	runtime.KeepAlive(v)
	return allocated, kept
}

// TestHostileSchemasAreRefused: whatever is large about a schema, it is refused
// before it has cost much, with a word about what is too large.
func TestHostileSchemasAreRefused(t *testing.T) {
	long := strings.Repeat("n", 513)
	const list, end = `{"type":"array","items":`, `}`
	for name, tc := range map[string]struct {
		schema avro.Schema
		says   string
	}{
		"3 MB of fields":     {avro.Schema{Text: eventSchema(manyFields(70_000, `["null","string"]`))}, "bytes"},
		"3 MB of doc":        {avro.Schema{Text: eventSchema(`,{"name":"x","type":"int","doc":"` + strings.Repeat("x", 3<<20) + `"}`)}, "bytes"},
		"many fields":        {avro.Schema{Text: eventSchema(manyFields(20_000, `["null","string"]`))}, "more than 20000"},
		"many symbols":       {avro.Schema{Text: eventSchema(`,{"name":"x","type":{"type":"enum","name":"S","symbols":[` + listOf(30_000, `"s#"`) + `]}}`)}, "more than 20000"},
		"many branches":      {avro.Schema{Text: eventSchema(`,{"name":"x","type":[` + listOf(20_000, `{"type":"fixed","name":"F#","size":1}`) + `]}`)}, "more than 20000"},
		"deep arrays":        {avro.Schema{Text: eventSchema(`,{"name":"x","type":` + nested(3000, list, `"int"`, end) + `}`)}, "deeper than 100"},
		"deep maps":          {avro.Schema{Text: eventSchema(`,{"name":"x","type":` + nested(9000, `{"type":"map","values":`, `"int"`, end) + `}`)}, "deeper than 100"},
		"deep records":       {avro.Schema{Text: eventSchema(`,{"name":"x","type":` + nested(200, `{"type":"record","name":"R#","fields":[{"name":"x","type":`, `"int"`, `}]}`) + `}`)}, "deeper than 100"},
		"deep types":         {avro.Schema{Text: eventSchema(`,{"name":"x","type":` + nested(5000, `{"type":`, `"int"`, end) + `}`)}, "deeper than 100"},
		"a deep chain":       {chain(40, 5), "deeper than 100"},
		"large references":   {avro.Schema{Text: eventSchema(""), References: []string{`{"type":"enum","name":"S","doc":"` + strings.Repeat("x", 1<<20) + `","symbols":["a"]}`}}, "bytes"},
		"a long type name":   {avro.Schema{Text: strings.Replace(eventSchema(""), `"E"`, `"`+long+`"`, 1)}, "type whose name"},
		"a long namespace":   {avro.Schema{Text: strings.Replace(eventSchema(""), `"E"`, `"E","namespace":"`+long+`"`, 1)}, "type whose name"},
		"a long field name":  {avro.Schema{Text: eventSchema(`,{"name":"` + long + `","type":"int"}`)}, "field whose name"},
		"a long symbol":      {avro.Schema{Text: eventSchema(`,{"name":"x","type":{"type":"enum","name":"S","symbols":["` + long + `"]}}`)}, "symbol whose name"},
		"a long name nested": {avro.Schema{Text: eventSchema(`,{"name":"x","type":{"type":"record","name":"R","fields":[{"name":"` + long + `","type":"int"}]}}`)}, "field whose name"},
	} {
		t.Run(name, func(t *testing.T) {
			var bad *program.Error
			allocated, _ := heap(func() any {
				_, bad = compile(tc.schema)
				return nil
			})
			if bad == nil || bad.Code != verdict.CodeBadSchema || !strings.Contains(bad.Message, tc.says) || len(bad.Message) > 400 || !utf8.ValidString(bad.Message) {
				t.Errorf("%v, want it refused with %q", bad, tc.says)
			}
			if allocated > 64<<20 {
				t.Errorf("it took %d MB to refuse it", allocated>>20)
			}
		})
	}
}

// chain is a schema whose references nest in each other, each in itself as deep.
func chain(texts, deep int) avro.Schema {
	s := avro.Schema{}
	inner := `"int"`
	for i := range texts {
		s.References = append(s.References, fmt.Sprintf(`{"type":"record","name":"C%d","fields":[{"name":"x","type":%s}]}`, i, nested(deep, `{"type":"array","items":`, inner, `}`)))
		inner = fmt.Sprintf(`"C%d"`, i)
	}
	s.Text = eventSchema(`,{"name":"x","type":` + inner + `}`)
	return s
}

// allowed are schemas of every kind, as large as they may be.
func allowed() map[string]avro.Schema {
	return map[string]avro.Schema{
		"small":         {Text: eventSchema("")},
		"optional":      {Text: eventSchema(manyFields(4900, `["null","string"]`))},
		"records":       {Text: eventSchema(manyFields(4900, `{"type":"record","name":"N#","fields":[{"name":"a","type":"int"}]}`))},
		"maps":          {Text: eventSchema(manyFields(3900, `{"type":"map","values":["null","int"]}`))},
		"arrays":        {Text: eventSchema(manyFields(6500, `{"type":"array","items":"long"}`))},
		"fixed":         {Text: eventSchema(`,{"name":"x","type":[` + listOf(19_000, `{"type":"fixed","name":"F#","size":1}`) + `]}`)},
		"symbols":       {Text: eventSchema(`,{"name":"x","type":{"type":"enum","name":"S","symbols":[` + listOf(19_000, `"symbol#"`) + `]}}`)},
		"long names":    {Text: eventSchema(manyFields(900, `{"type":"record","name":"`+strings.Repeat("n", 500)+`#","fields":[{"name":"`+strings.Repeat("m", 500)+`","type":"int"}]}`))},
		"plain fields":  {Text: eventSchema(manyFields(9900, `"string"`))},
		"nested wide":   {Text: eventSchema(`,{"name":"x","type":` + nested(45, `{"type":"record","name":"R#","fields":[{"name":"x","type":`, `{"type":"record","name":"W","fields":[{"name":"z","type":"int"}`+manyFields(4700, `["null","string"]`)+`]}`, `}]}`) + `}`)},
		"a doc of 1 MB": {Text: eventSchema(`,{"name":"x","type":"int","doc":"` + strings.Repeat("x", 1<<20-200) + `"}`)},
		"references":    chain(16, 3),
	}
}

// TestCostIsNoLessThanItIs holds the estimate that the cache goes by to what schemas
// take.
func TestCostIsNoLessThanItIs(t *testing.T) {
	for name, s := range allowed() {
		var bytes int64
		allocated, kept := heap(func() any {
			p, b, bad := program.Compile(&s, nil)
			if bad != nil {
				t.Fatalf("%s: %v", name, bad)
			}
			bytes = b
			return p
		})
		if kept > bytes {
			t.Errorf("%s: takes %d bytes, and counts as %d", name, kept, bytes)
		}
		if bytes > maxCached/2+1<<20 {
			t.Errorf("%s: counts as %d bytes: two of them are more than may be kept", name, bytes)
		}
		if allocated > 256<<20 {
			t.Errorf("%s: %d MB were allocated for it", name, allocated>>20)
		}
	}
}

// manyViews is a schema, with aliases for it, in which a union of n+1 records leads to one
// record each time, and that by a union of m to another one: views are made of n*m records.
func manyViews(t testing.TB, n, m int, last string) (avro.Schema, *event.Aliases) {
	t.Helper()
	inner := `{"type":"record","name":"D","fields":[{"name":"c","type":[` + listOf(m, `{"type":"record","name":"M#","fields":[{"name":"d","type":"string"}`+last+`]}`) + `]}]}`
	outer := `{"type":"record","name":"First","fields":[{"name":"b","type":` + inner + `}]},` + listOf(n, `{"type":"record","name":"N#","fields":[{"name":"b","type":"D"}]}`)
	return avro.Schema{Text: eventSchema(`,{"name":"a","type":[` + outer + `]}`)}, avrotest.AliasesOf(t, "a.b.c", "user_data", "a.b.c.d", "user_data.email")
}

// TestManyViewsAreRefused: a schema within the bounds of its text cannot have many times
// as much read by aliases, nor can a record that contains itself.
func TestManyViewsAreRefused(t *testing.T) {
	for name, schema := range map[string]func() (avro.Schema, *event.Aliases){
		"unions of unions": func() (avro.Schema, *event.Aliases) { return manyViews(t, 2000, 2000, "") },
		"wide records":     func() (avro.Schema, *event.Aliases) { return manyViews(t, 1000, 1, manyFields(4000, `"int"`)) },
		"attributes of many types": func() (avro.Schema, *event.Aliases) {
			s, _ := manyViews(t, 1000, 1, `,{"name":"e","type":["null",{"type":"map","values":["string",`+listOf(3000, `{"type":"enum","name":"S#","symbols":["a"]}`)+`]}]}`)
			return s, avrotest.AliasesOf(t, "a.b.c.d", "user_data.email", "a.b.c.e", "custom_data.attributes")
		},
		"a record in itself": func() (avro.Schema, *event.Aliases) {
			return avro.Schema{Text: eventSchema(`,{"name":"a","type":{"type":"record","name":"R","fields":[{"name":"d","type":"string"},{"name":"a","type":["null","R",` +
				listOf(20, `{"type":"record","name":"N#","fields":[{"name":"a","type":"R"}]}`) + `]}]}}`)}, avrotest.AliasesOf(t, "a.a.a.a.a.a.a.a.a.d", "user_data.email")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, aliases := schema()
			var bad *program.Error
			allocated, _ := heap(func() any {
				_, _, bad = program.Compile(&s, aliases)
				return nil
			})
			if bad == nil || bad.Code != verdict.CodeBadSchema || !strings.Contains(bad.Message, "more than 10000") || !strings.Contains(bad.Message, "aliases") {
				t.Errorf("%v, want it refused for its size by the aliases", bad)
			}
			if allocated > 64<<20 {
				t.Errorf("it took %d MB to refuse it", allocated>>20)
			}
			if _, bad := compile(s); bad != nil {
				t.Errorf("without aliases: %v", bad)
			}
		})
	}
}

// TestManyViewsCount: what may be read by aliases counts in the cache as what it takes.
func TestManyViewsCount(t *testing.T) {
	ours := func(typ string) (more string) {
		for _, name := range event.NamesIn("user_data") {
			if name != "email" {
				more += fmt.Sprintf(`,{"name":%q,"type":%s}`, name, strings.ReplaceAll(typ, "$", name))
			}
		}
		return more
	}
	for name, size := range map[string]struct {
		n, m int
		last string
	}{
		"few": {3, 3, ""}, "many": {55, 55, ""}, "of one": {1, 3000, ""}, "to one": {1900, 1, ""}, "other fields": {40, 20, manyFields(2, `["null","string"]`)},
		"wide": {3, 1, manyFields(1000, `["null","string"]`)}, "ours": {15, 10, ours(`["null","string"]`)}, "ours, all numbers": {45, 10, ours(`"long"`)},
		"ours, of several types": {6, 10, ours(`["null","int","string","boolean","long","double"]`)}, "ours once": {1, 220, ours(`"long"`)},
		"ours, of enums": {100, 1, ours(`["null",{"type":"enum","name":"S_$_#","symbols":["a"]},{"type":"enum","name":"T_$_#","symbols":["a"]}]`)},
	} {
		s, aliases := manyViews(t, size.n, size.m, size.last)
		var bytes int64
		_, kept := heap(func() any {
			p, b, bad := program.Compile(&s, aliases)
			if bad != nil {
				t.Fatalf("%s: %v", name, bad)
			}
			bytes = b
			return p
		})
		if kept > bytes {
			t.Errorf("%s: takes %d bytes, and counts as %d", name, kept, bytes)
		}
		if bytes > maxCached/2 {
			t.Errorf("%s: counts as %d bytes: two of them are more than may be kept", name, bytes)
		}
	}
}

// TestCacheStaysWithinItsBound: whatever schemas a topic names, those that are kept
// stay within the bound, and one that is in use stays among them.
func TestCacheStaysWithinItsBound(t *testing.T) {
	latest, _ := Latest.Schema()
	hostile := eventSchema(manyFields(2000, `["null","string"]`))
	src := &sourceFunc{}
	var good atomic.Int32
	src.byID = func(_ context.Context, id uint32) (avro.Schema, error) {
		if id == 1 {
			good.Add(1)
			return avro.Schema{Text: latest}, nil
		}
		return avro.Schema{Text: strings.Replace(hostile, `"E"`, fmt.Sprintf(`"E%d"`, id), 1)}, nil
	}
	dec := NewDecoder(src)
	value := mustEncode(t, 1, Latest, avrotest.FullEvent())
	_, kept := heap(func() any {
		var ev event.Event
		for id := range uint32(60) {
			if err := dec.Decode(t.Context(), value, &ev); err != nil {
				t.Fatal(err)
			}
			if err := dec.Decode(t.Context(), avro.AppendHeader(nil, id+2), &ev); !errors.As(err, new(*DecodeError)) {
				t.Fatal(err)
			}
			if c := dec.cache.Load(); c.bytes > maxCached || c.bytes <= 0 {
				t.Fatalf("%d bytes in %d schemas are kept", c.bytes, len(c.entries))
			}
		}
		return dec
	})
	if kept > maxCached {
		t.Errorf("%d MB are in use", kept>>20)
	}
	if n := good.Load(); n != 1 {
		t.Errorf("the schema that is in use was asked for %d times", n)
	}
}

// TestCacheAsARule: bytes are the sum of the entries', within the bound unless there
// is one alone, and what is used is evicted after what is not.
func TestCacheAsARule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.Int64Range(10, 100).Draw(t, "most")
		c := new(cache)
		inUse := rapid.Uint32Range(0, 3).Draw(t, "in use")
		c, _ = c.with(framing.RefID(inUse), loaded{bytes: 1}, most, anyEpoch)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if c.id(inUse) == nil {
				t.Fatal("what is in use was evicted")
			}
			id := rapid.Uint32Range(4, 20).Draw(t, "id")
			bytes := rapid.Int64Range(1, most-1).Draw(t, "bytes")
			c, _ = c.with(framing.RefID(id), loaded{bytes: bytes}, most, anyEpoch)
			sum := int64(0)
			for _, e := range c.entries {
				sum += e.bytes
			}
			if sum != c.bytes || c.id(id) == nil || c.entries[framing.RefID(id)] == nil || c.bytes > most {
				t.Fatalf("%d bytes in entries of %d, of %d", c.bytes, sum, most)
			}
		}
	})
}

// TestPathsAreBounded: records of a few bytes, with a schema of long names that
// nests in itself, do not make paths of megabytes.
func TestPathsAreBounded(t *testing.T) {
	name := func(c string) string { return strings.Repeat(c, 512/len(c)) }
	schema := eventSchema(`,{"name":"` + name("a") + `","type":{"type":"record","name":"R","fields":[{"name":"` + name("b") + `","type":["null","R",{"type":"array","items":"R"}]},{"name":"end_of_it","type":"boolean"}]}}`)
	p, bad := compile(avro.Schema{Text: schema})
	if bad != nil {
		t.Fatal(bad)
	}
	payload := append([]byte{2, 'x', 2, 'y'}, strings.Repeat("\x02", 40)...)
	payload = append(payload, 0, 7) // no more of it, and a boolean that is none
	var ev event.Event
	allocated, _ := heap(func() any {
		for range 1000 {
			bad = p.Read(payload, &ev)
		}
		return nil
	})
	if bad == nil || bad.Code != verdict.CodeCorrupt || len(bad.Field) > 256 || !utf8.ValidString(bad.Field) {
		t.Fatalf("%+v", bad)
	}
	if !strings.HasPrefix(bad.Field, "aaa") || !strings.HasSuffix(bad.Field, ".end_of_it") {
		t.Errorf("%s: want where it begins and where it ends", bad.Field)
	}
	if allocated > 1000*(64<<10) {
		t.Errorf("%d bytes are allocated for each", allocated/1000)
	}
	if r := of(bad, framing.RefID(7)).Reason(); len(r.Field)+len(r.Message)+len(r.Code) > 1000 {
		t.Errorf("a reason of %d bytes", len(r.Field)+len(r.Message))
	}
}
