package receipt

import "context"

// Subjects is where the receipts' schema is looked up and registered; *registry.Client.
type Subjects interface {
	SchemaID(ctx context.Context, what, subject, schema string) (id uint32, err error)
	RegisterAvro(ctx context.Context, subject, schema string) (id uint32, err error)
}

// SchemaID returns the id that the receipts' schema has under a subject, and
// 0 when it is not registered there. It changes nothing.
func SchemaID(ctx context.Context, in Subjects, subject string) (id uint32, err error) {
	return in.SchemaID(ctx, "the receipt schema", subject, avscReceipt)
}

// Register registers the receipts' schema under a subject and returns the id
// that receipts carry. It asks before it registers, because production registries
// often let programs only read and leave writing to deployments.
func Register(ctx context.Context, in Subjects, subject string) (id uint32, err error) {
	if id, err = SchemaID(ctx, in, subject); err != nil || id != 0 {
		return id, err
	}
	return in.RegisterAvro(ctx, subject, avscReceipt)
}
