package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink"
)

// receipts returns the destination of receipts, none if they are off, and a function to
// close it. It waits for the registry, which must name the schema: delivering meanwhile
// would send events that cannot be settled, and that a restart would send again. If ctx
// ended first, the result must not be used.
func (p *Pipeline) receipts(ctx context.Context) (sink.ReceiptOptions, func(), error) {
	nothing := func() {}
	if p.config.ReceiptsTopic == "" {
		return sink.ReceiptOptions{}, nothing, nil
	}
	schema, ok := p.receiptSchema(ctx)
	if !ok {
		return sink.ReceiptOptions{}, nothing, nil
	}
	client, err := p.producer(ctx, "receipts", p.config.ReceiptsTopic, maxReceiptBatch)
	if err != nil {
		return sink.ReceiptOptions{}, nothing, err
	}
	return sink.ReceiptOptions{Producer: client, Topic: p.config.ReceiptsTopic, Prefix: receipt.Prefix(schema)}, client.Close, nil
}

var registerBackoff = backoff.New(200*time.Millisecond, 15*time.Second, nil)

// receiptSchema asks for the name of the receipts' schema until there is an answer; false
// if ctx ended first.
func (p *Pipeline) receiptSchema(ctx context.Context) (schema framing.Ref, ok bool) {
	subject := schemas.Subject(p.config.ReceiptsTopic)
	receipts, answers := p.conditions.Condition("receipts"), p.conditions.Condition("registry")
	for tries := 0; ; tries++ {
		schema, err := receipt.Register(ctx, p.registry, subject)
		if err == nil {
			answers.OK()
			receipts.OK()
			return schema, true
		}
		if ctx.Err() != nil {
			return schema, false
		}
		// The registry is at fault, the receipts are affected; a working registry that
		// refuses this one schema is not at fault.
		if errors.Is(err, registry.ErrAway) {
			answers.Fail(err.Error())
		} else {
			answers.OK()
		}
		receipts.Fail("nothing is delivered while receipts have no schema (" + setting.ReceiptsTopic.String() + "): " + err.Error())
		if !wait.For(ctx, registerBackoff.Spaced(tries)) {
			return schema, false
		}
	}
}
