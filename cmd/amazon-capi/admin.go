package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// adminTimeout bounds questions to the brokers that somebody waits for.
const adminTimeout = 30 * time.Second

var errBrokersSilent = fmt.Errorf("the brokers have not answered within %s (--brokers)", adminTimeout)

// withCause says why ctx ended, where an error says only that it did.
func withCause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return context.Cause(ctx)
	}
	return err
}
