package schemas

import (
	"context"

	"github.com/twmb/franz-go/pkg/sr"
)

// ReceiptSchemaID returns the id that the receipts' schema has under a subject,
// and 0 when it is not registered there. It changes nothing. The error is a
// *RegistryError when the registry is away.
func (r *Registry) ReceiptSchemaID(ctx context.Context, subject string) (id uint32, err error) {
	var found sr.SubjectSchema
	err = r.call(ctx, question{"the receipt schema under " + subject, true}, func(cl *sr.Client) (err error) {
		found, err = cl.LookupSchema(ctx, subject, sr.Schema{Schema: avscReceipt, Type: sr.TypeAvro})
		if err == nil && found.ID <= 0 {
			err = errNoSchema
		}
		return err
	})
	if missing(err) {
		return 0, nil
	}
	return uint32(found.ID), err
}

// RegisterReceipts registers the receipts' schema under a subject and returns
// the id that receipts carry. It asks before it registers, because production
// registries often let programs read and only deployments write. Errors are
// those of Register.
func (r *Registry) RegisterReceipts(ctx context.Context, subject string) (id uint32, err error) {
	if id, err = r.ReceiptSchemaID(ctx, subject); err != nil || id != 0 {
		return id, err
	}
	return r.RegisterAvro(ctx, subject, avscReceipt)
}
