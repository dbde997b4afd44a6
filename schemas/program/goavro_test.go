package program_test

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// TestSchemasThatGoavroCannot: these are right, and goavro by itself panics,
// or refuses them, or misreads them.
func TestSchemasThatGoavroCannot(t *testing.T) {
	for name, more := range map[string]string{
		"second decimal without a scale": `,{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}},{"name":"b","type":{"type":"bytes","logicalType":"decimal","precision":4}}`,
		"default of a logical type":      `,{"name":"a","type":{"type":"fixed","name":"F","size":2,"logicalType":"decimal","precision":4,"scale":2},"default":"\u0000\u0001"}`,
		"type outside of the namespace":  `,{"name":"a","type":{"type":"fixed","name":"F","namespace":"","size":2}},{"name":"b","type":"F"}`,
		"validated string":               `,{"name":"a","type":{"type":"string","logicalType":"validated-string","pattern":"("}}`,
		"precision of text":              `,{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":"4"}}`,
		"logical type of another":        `,{"name":"a","type":{"type":"string","logicalType":"timestamp-millis"}}`,
		"logical type that is not text":  `,{"name":"a","type":{"type":"string","logicalType":5}}`,
	} {
		schema := strings.Replace(avrotest.Record(more), `"name":"E"`, `"name":"E","namespace":"com.x"`, 1)
		if _, err := compile(avro.Schema{Text: schema}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsOfSchemasAreShort(t *testing.T) {
	_, err := compile(avro.Schema{Text: avrotest.Record(`,{"name":"x","type":{"type":"enum","name":"X","symbols":["` + strings.Repeat("é", 5000) + `"]}}`)})
	if err == nil || err.Code != verdict.CodeBadSchema || len(err.Message) > 1000 {
		t.Errorf("error %v, want a short one", err)
	}
}
