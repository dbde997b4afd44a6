package pipeline

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/kafka"
)

// Settled returns what a group has settled of a topic.
func Settled(ctx context.Context, s kafka.Settings, group, topic string) (progress *proof.Progress, err error) {
	err = s.AskOnce(ctx, func(ctx context.Context, client *kgo.Client) (err error) {
		progress, err = proof.ReadProgress(ctx, client, group, topic)
		return err
	})
	return progress, err
}
