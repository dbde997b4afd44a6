package dlq

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/history"
)

// Scan calls each for every entry of the plan, those of a partition in order. done, which
// may be nil, reports which letters have been redriven.
func Scan(ctx context.Context, r *history.Reader, plan *history.Plan, done *proof.Progress, each func(*Entry) error) error {
	return r.Read(ctx, plan, func(rec *kgo.Record) error {
		e := Read(rec, done)
		return each(&e)
	})
}
