package find

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// maxKept bounds the contents of records and letters that are kept for their stories.
const maxKept = 32 << 20

// keep copies what a record holds, because it is a part of a whole fetch, which would be
// kept as well. Beyond maxKept it returns nil contents.
func (f *finder) keep(key, value []byte, headers []kgo.RecordHeader) (_, _ []byte, _ []kgo.RecordHeader) {
	size := len(key) + len(value)
	for _, h := range headers {
		size += len(h.Key) + len(h.Value)
	}
	if f.kept += size; f.kept > maxKept {
		f.kept -= size
		f.note("the event's records are too large to keep; what would become of some with the present settings is not shown")
		return nil, nil, nil
	}
	headers = slices.Clone(headers)
	for i := range headers {
		headers[i].Value = bytes.Clone(headers[i].Value)
	}
	return bytes.Clone(key), bytes.Clone(value), headers
}

// patient is a registry that is not asked again once it is away: every record of a topic
// would wait for it.
type patient struct {
	from schemas.Source
	away error
}

// SchemaOf implements schemas.Source.
func (p *patient) SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	if p.away != nil {
		return avro.Schema{}, p.away
	}
	s, err := p.from.SchemaOf(ctx, ref)
	if errors.Is(err, registry.ErrAway) && ctx.Err() == nil {
		p.away = err
	}
	return s, err
}

// ownReceipts is a patient registry of receipts. While it is away, receipts are read by the
// schema that this program writes them with.
type ownReceipts struct{ *patient }

// SchemaOf implements receipt.Source.
func (o ownReceipts) SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	s, err := o.patient.SchemaOf(ctx, ref)
	if o.away != nil {
		return avro.Schema{Text: receipt.Schema()}, nil
	}
	return s, err
}

// unread reports whether something cannot be read because the registry is away, and notes
// it. The story is told without it.
func (f *finder) unread(ctx context.Context, err error) bool {
	if !errors.Is(err, registry.ErrAway) || ctx.Err() != nil {
		return false
	}
	f.note("%v: the events in source and dead letters could not be read, so that some may be missing here; try again when it answers", cmp.Or(f.schemas.away, err))
	return true
}
