package pipeline

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// largeSchemas is a registry all of whose schemas are nearly as large as they may be.
type largeSchemas struct{}

func (largeSchemas) SchemaOf(_ context.Context, ref framing.Ref) (avro.Schema, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `{"type":"record","name":"E%d","fields":[{"name":"event_id","type":"string"},{"name":"event_name","type":"string"}`, ref.Number())
	for i := range 4900 {
		fmt.Fprintf(&b, `,{"name":"f%d","type":["null","string"]}`, i)
	}
	return avro.Schema{Text: b.String() + "]}"}, nil
}

// TestSchemasThatDoNotFitAreTold: in a condition, which says what to do and leaves
// readiness alone.
func TestSchemasThatDoNotFitAreTold(t *testing.T) {
	p := &Pipeline{conditions: health.NewConditions(zerolog.Nop(), nil), decoder: schemas.NewDecoder(largeSchemas{})}
	p.tellCrowded()
	if p.conditions.Failing() {
		t.Fatal("it fails before there is any schema")
	}
	var ev schemas.Event
	for range 2 {
		for id := range uint32(5) {
			_ = p.decoder.Decode(t.Context(), avro.AppendHeader(nil, id+1), &ev) // no record of it is whole
		}
	}
	p.tellCrowded()
	for _, st := range p.conditions.States() {
		if st.Name != "schemas" || st.OK || !st.Profile || !strings.Contains(st.Reason, "schemas_too_large") || st.Do == "" {
			t.Errorf("%+v", st)
		}
	}
}
