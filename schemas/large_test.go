package schemas

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

// TestSchemasThatAreLargeInOtherWays: what no bound names costs no more than what one
// does, whether it is read or refused.
func TestSchemasThatAreLargeInOtherWays(t *testing.T) {
	text := strings.Repeat("x", 1<<20-1000)
	for name, s := range map[string]avro.Schema{
		"aliases of a field":     {Text: eventSchema(`,{"name":"x","type":"int","aliases":[` + listOf(100_000, `"a#"`) + `]}`)},
		"aliases of a record":    {Text: strings.Replace(eventSchema(""), `"E"`, `"E","aliases":[`+listOf(100_000, `"a#"`)+`]`, 1)},
		"aliases of our fields":  {Text: eventSchema(`,{"name":"x","type":"string","aliases":[` + listOf(50_000, `"email","a#"`) + `]}`)},
		"a default of 1 MB":      {Text: eventSchema(`,{"name":"x","type":"string","default":"` + text + `"}`)},
		"a doc of 1 MB":          {Text: eventSchema(`,{"name":"x","type":"string","doc":"` + text + `"}`)},
		"a union of thousands":   {Text: eventSchema(`,{"name":"x","type":[` + listOf(1000, `{"type":"enum","name":"S#","symbols":["a","b"]}`) + `]}`)},
		"records in a union":     {Text: eventSchema(`,{"name":"user_data","type":[` + listOf(1000, `{"type":"record","name":"U#","fields":[{"name":"email","type":["null","string"]},{"name":"phone","type":["null","string"]}]}`) + `]}`)},
		"a record used often":    {Text: eventSchema(`,{"name":"first","type":{"type":"record","name":"R","fields":[{"name":"email","type":"string"}]}}` + manyFields(3000, `"R"`))},
		"records doubling":       {Text: eventSchema(`,{"name":"x","type":` + doubling(40) + `}`)},
		"user data doubling":     {Text: eventSchema(`,{"name":"user_data","type":` + doubling(40) + `}`)},
		"an enum of thousands":   {Text: eventSchema(`,{"name":"action_source","type":{"type":"enum","name":"A","symbols":[` + listOf(15_000, `"s#"`) + `]}}`)},
		"keys that mean nothing": {Text: strings.Replace(eventSchema(""), `"name":"E"`, `"name":"E",`+listOf(50_000, `"k#":[[{}]]`), 1)},
		"the same key again":     {Text: strings.Replace(eventSchema(""), `"name":"E"`, strings.Repeat(`"name":"E",`, 90_000)+`"name":"E"`, 1)},
		"a deep default":         {Text: eventSchema(`,{"name":"x","type":"string","default":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`)},
		"a default too deep":     {Text: eventSchema(`,{"name":"x","type":"string","default":` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + `}`)},
		"numbers without end":    {Text: eventSchema(`,{"name":"x","type":{"type":"fixed","name":"F","size":` + strings.Repeat("9", 500_000) + `}}`)},
		"a precision":            {Text: eventSchema(`,{"name":"x","type":{"type":"bytes","logicalType":"decimal","precision":1e300,"scale":1e299}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			var kept int64
			var bad *program.Error
			allocated, held := heap(func() any {
				var p program.Program
				p, kept, bad = program.Compile(&s, nil)
				return p
			})
			if allocated > 128<<20 {
				t.Errorf("%d MB were allocated", allocated>>20)
			}
			if bad == nil && held > kept+kept/2+1<<20 {
				t.Errorf("%d KB are held, and %d counted", held>>10, kept>>10)
			}
			if bad != nil && len(bad.Message) > 500 {
				t.Errorf("a reason of %d bytes", len(bad.Message))
			}
			t.Logf("refused %v; %d MB allocated, %d KB held, %d counted", bad != nil, allocated>>20, held>>10, kept>>10)
		})
	}
}

// doubling is a record of two fields of the next record, which is of two of the one
// after it: as a tree it has no end.
func doubling(deep int) string {
	typ := fmt.Sprintf(`{"type":"record","name":"D%d","fields":[{"name":"email","type":"string"}]}`, deep)
	for i := deep - 1; i >= 0; i-- {
		typ = fmt.Sprintf(`{"type":"record","name":"D%d","fields":[{"name":"a","type":%s},{"name":"b","type":"D%d"}]}`, i, typ, i+1)
	}
	return typ
}
