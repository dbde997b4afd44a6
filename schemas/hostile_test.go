package schemas

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// TestHostileReasonsAreBounded: whatever a schema and a record of it name, the reason
// why the record cannot be read is short.
func TestHostileReasonsAreBounded(t *testing.T) {
	long := strings.Repeat("k", 400_000)
	name := strings.Repeat("n", 500)
	str := func(s string) []byte { return append(zigzag(int64(len(s))), s...) }
	event := func(more string) string {
		return `{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"},{"name":"x","type":` + more + `}]}`
	}
	head := str("e1")
	var symbols, branches, fields strings.Builder
	for i := range 9000 {
		fmt.Fprintf(&symbols, `,"s%s%d"`, name[:40], i)
	}
	for i := range 4000 {
		fmt.Fprintf(&branches, `,{"type":"fixed","name":"f%d","size":1}`, i)
		fmt.Fprintf(&fields, `,{"name":"f%d","type":"boolean"}`, i)
	}
	for what, c := range map[string]struct {
		schema string
		tail   []byte
	}{
		"a map's key":          {event(`{"type":"map","values":"boolean"}`), append(append([]byte{2}, str(long)...), 7)},
		"keys within keys":     {event(`{"type":"map","values":{"type":"map","values":{"type":"map","values":"boolean"}}}`), append(append(append(append(append([]byte{2}, str(long[:1000])...), 2), str(long)...), append([]byte{2}, str(long)...)...), 7)},
		"an enum's symbols":    {event(`{"type":"enum","name":"S","symbols":["a"` + symbols.String() + `]}`), zigzag(1 << 30)},
		"a union's branches":   {event(`["null"` + branches.String() + `]`), zigzag(1 << 30)},
		"fields":               {event(`{"type":"record","name":"W","fields":[{"name":"a","type":"boolean"}` + fields.String() + `]}`), append(make([]byte, 3000), 9)},
		"a long name":          {event(`{"type":"record","name":"` + name + `","fields":[{"name":"` + name + `","type":"boolean"}]}`), []byte{7}},
		"a name too long":      {event(`{"type":"record","name":"` + long + `","fields":[{"name":"a","type":"boolean"}]}`), nil},
		"a field too long":     {event(`{"type":"record","name":"R","fields":[{"name":"` + long + `","type":"boolean"}]}`), nil},
		"a type unknown":       {event(`"` + long + `"`), nil},
		"a long default":       {event(`{"type":"record","name":"R","fields":[{"name":"a","type":"string","default":"` + long + `"},{"name":"b","type":"boolean"}]}`), append(str("v"), 7)},
		"a default of another": {event(`{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"` + long + `"}]}`), nil},
		"a long namespace":     {event(`{"type":"record","name":"R","namespace":"` + long + `","fields":[]}`), nil},
		"a long logical type":  {event(`{"type":"long","logicalType":"` + long + `"}`), nil},
		"a long symbol":        {event(`{"type":"enum","name":"S","symbols":["` + long + `"]}`), []byte{0}},
		"no JSON":              {long, nil},
		"half JSON":            {event(`{"type":"` + long), nil},
		"a string":             {event(`"string"`), zigzag(1 << 40)},
		"a deep union":         {event(strings.Repeat(`{"type":"array","items":["null",`, 40) + `"boolean"` + strings.Repeat(`]}`, 40)), append([]byte(strings.Repeat("\x02\x02", 40)), 7)},
	} {
		err := decodeHostile(t, c.schema, append(append([]byte(nil), head...), c.tail...))
		var bad *DecodeError
		if err == nil {
			t.Logf("%s is read", what)
			continue
		}
		if !errors.As(err, &bad) {
			t.Errorf("%s: %T is not a verdict on the record", what, err)
			continue
		}
		why := bad.Reason()
		if n := len(why.Message) + len(why.Field) + len(why.Code); n > 1500 {
			t.Errorf("%s: a reason of %d bytes", what, n)
		}
		if n := len(err.Error()); n > 2000 {
			t.Errorf("%s: an error of %d bytes", what, n)
		}
	}
}

func zigzag(n int64) (b []byte) {
	u := uint64(n<<1) ^ uint64(n>>63)
	for ; u >= 0x80; u >>= 7 {
		b = append(b, byte(u)|0x80)
	}
	return append(b, byte(u))
}

func decodeHostile(t *testing.T, schema string, payload []byte) error {
	src := &sourceFunc{}
	src.byID = func(context.Context, uint32) (avro.Schema, error) { return avro.Schema{Text: schema}, nil }
	var ev event.Event
	return NewDecoder(src).Decode(t.Context(), append(avro.AppendHeader(nil, 1), payload...), &ev)
}
