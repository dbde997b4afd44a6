package kafka

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// clientLogger passes on what the client logs, except for one guess of its: it takes a
// connection that is closed at once for missing TLS or SASL. That helps who sets a
// client up. From one that brokers have answered before, it sends an operator whose
// broker was killed to look at certificates.
type clientLogger struct {
	kgo.Logger
	answered atomic.Bool
	advice   string // which settings to look at when credentials are refused
}

var _ kgo.HookBrokerE2E = (*clientLogger)(nil)

// OnBrokerE2E implements kgo.HookBrokerE2E.
func (l *clientLogger) OnBrokerE2E(_ kgo.BrokerMetadata, _ int16, e2e kgo.BrokerE2E) {
	if e2e.Err() == nil && e2e.BytesRead > 0 && !l.answered.Load() {
		l.answered.Store(true)
	}
}

// errClosed is what is known of a connection that was closed at once.
var errClosed = errors.New("the broker closed the connection")

// Log implements kgo.Logger.
func (l *clientLogger) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	if strings.Contains(msg, "initialize sasl") {
		keyvals = append(slices.Clone(keyvals), "advice", l.advice)
	}
	if !l.answered.Load() {
		l.Logger.Log(level, msg, keyvals...)
		return
	}
	guess := strings.Contains(msg, "misconfigured?)")
	if guess {
		msg = "a broker closed the connection; it may be restarting"
	}
	for i := 1; i < len(keyvals); i += 2 {
		var eof *kgo.ErrFirstReadEOF
		if err, ok := keyvals[i].(error); ok && errors.As(err, &eof) {
			keyvals = slices.Clone(keyvals) // they are the caller's
			keyvals[i], guess = errClosed, true
		}
	}
	if guess && level == kgo.LogLevelError {
		level = kgo.LogLevelWarn
	}
	l.Logger.Log(level, msg, keyvals...)
}
