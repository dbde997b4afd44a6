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

// patient is a registry that is not asked again for a schema that it gave no answer about
// which can be trusted, and for none once it is away: every record of a topic would wait
// for it.
type patient struct {
	from  schemas.Source
	away  error // of the whole registry
	bad   map[framing.Ref]error
	first error // of either kind
}

// maxBad bounds the schemas that the registry gave such answers about. With more it counts
// as away: records may name any number of them.
const maxBad = 20

// SchemaOf implements schemas.Source.
func (p *patient) SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	if known := cmp.Or(p.away, p.bad[ref]); known != nil {
		return avro.Schema{}, known
	}
	s, err := p.from.SchemaOf(ctx, ref)
	away, ok := errors.AsType[*registry.AwayError](err)
	if !ok || ctx.Err() != nil {
		return s, err
	}
	p.first = cmp.Or(p.first, err)
	if p.bad == nil {
		p.bad = make(map[framing.Ref]error)
	}
	if p.bad[ref] = err; !away.Answered() || len(p.bad) == maxBad {
		p.away = err
	}
	return s, err
}

// ownReceipts is a patient registry of receipts. While it gives no answer, receipts are
// read by the schema that this program writes them with.
type ownReceipts struct{ *patient }

// SchemaOf implements receipt.Source.
func (o ownReceipts) SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	s, err := o.patient.SchemaOf(ctx, ref)
	if errors.Is(err, registry.ErrAway) && ctx.Err() == nil {
		return avro.Schema{Text: receipt.Schema()}, nil
	}
	return s, err
}

// unread reports whether something cannot be read because the registry is away, or its
// answer about a schema cannot be trusted, and notes it. The story is told without it.
func (f *finder) unread(ctx context.Context, err error) bool {
	if !errors.Is(err, registry.ErrAway) || ctx.Err() != nil {
		return false
	}
	f.note("%v: events in source and dead letters could not be read, so that some may be missing here; try again when it answers", cmp.Or(f.schemas.away, err))
	return true
}
