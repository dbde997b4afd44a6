package schemas

import (
	"context"
	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// Fixed is a Source that has one schema, whatever the id: for records that are
// read where there is no registry.
type Fixed avro.Schema

// Embedded returns a version of ours as a Source.
func Embedded(v Version) (Fixed, error) {
	text, err := v.Schema()
	return Fixed{Type: "AVRO", Text: text}, err
}

// SchemaByID implements Source.
func (f Fixed) SchemaByID(context.Context, uint32) (avro.Schema, error) { return avro.Schema(f), nil }
