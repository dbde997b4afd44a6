package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Connect returns a client for an operator's requests to the brokers, which logs nothing.
// It has not connected yet; kadm.NewClient makes it an admin client. Unusable settings
// are a Mistake.
func (s Settings) Connect(more ...kgo.Opt) (*kgo.Client, error) {
	opts, err := s.Options(zerolog.Nop())
	if err != nil {
		return nil, setting.Mistaken(err)
	}
	return kgo.NewClient(append(opts, more...)...)
}

// askTimeout bounds requests to the brokers that somebody waits for.
const askTimeout = 30 * time.Second

var errSilent = fmt.Errorf("the brokers have not answered within %s (%s)", askTimeout, setting.Brokers)

// Ask bounds a request to the brokers. If it ended with its context, the error says why.
func Ask(ctx context.Context, question func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, askTimeout, errSilent)
	defer cancel()
	err := question(ctx)
	if err != nil && ctx.Err() != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return context.Cause(ctx)
	}
	return err
}

// AskOnce is Ask with a client for this request alone.
func (s Settings) AskOnce(ctx context.Context, question func(context.Context, *kgo.Client) error) error {
	client, err := s.Connect()
	if err != nil {
		return err
	}
	defer client.Close()
	return Ask(ctx, func(ctx context.Context) error { return question(ctx, client) })
}
