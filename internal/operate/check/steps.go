package check

import (
	"context"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// The parts of Run, for package setup, which tries a configuration while assembling it.

// Brokers asks the brokers about themselves alone.
func (v *Live) Brokers(ctx context.Context) (l report.List) {
	v.connected(ctx, &l, func(*kgo.Client, *kadm.Client, int) {})
	return l
}

// Topics asks the brokers about the topics and the group.
func (v *Live) Topics(ctx context.Context) (l report.List) {
	v.connected(ctx, &l, func(client *kgo.Client, admin *kadm.Client, brokers int) {
		l = nil // what Brokers says of them
		v.topics(ctx, &l, client, admin, brokers)
		v.erasures(ctx, &l, client, admin, brokers)
		v.group(ctx, &l, admin)
	})
	return l
}

// Registry asks the registries for the schemas.
func (v *Live) Registry(ctx context.Context) (l report.List) {
	v.registry(ctx, &l)
	return l
}

// Accounts asks for tokens, and whether Amazon lets the profiles in.
func (v *Live) Accounts(ctx context.Context) (l report.List) {
	v.accounts(ctx, &l)
	return l
}
