package receipt

import (
	"context"

	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// Subjects is where the receipts' schema is looked up and registered; *registry.Client.
type Subjects interface {
	Lookup(ctx context.Context, what, subject, schema string) (framing.Ref, error)
	RegisterRef(ctx context.Context, subject, schema string) (framing.Ref, error)
}

// Lookup returns what the receipts' schema is called under a subject; the Ref's Kind is
// None if it is not registered there. It changes nothing.
func Lookup(ctx context.Context, in Subjects, subject string) (framing.Ref, error) {
	return in.Lookup(ctx, "the receipt schema", subject, avscReceipt)
}

// Register registers the receipts' schema under a subject and returns what
// receipts call it. It asks before it registers, because production registries
// often let programs only read and leave writing to deployments.
func Register(ctx context.Context, in Subjects, subject string) (framing.Ref, error) {
	if ref, err := Lookup(ctx, in, subject); err != nil || ref.Kind != framing.None {
		return ref, err
	}
	return in.RegisterRef(ctx, subject, avscReceipt)
}
