package kafka

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// clientLogger passes on the client's log, except for one guess: the client attributes a
// connection that is closed at once to missing TLS or SASL. That helps whoever sets a
// client up. With a broker that has answered before, it sends an operator whose broker
// was killed to look at certificates.
type clientLogger struct {
	kgo.Logger
	answered atomic.Bool
	advice   string // the settings to check when credentials are refused
}

var _ kgo.HookBrokerE2E = (*clientLogger)(nil)

// OnBrokerE2E implements kgo.HookBrokerE2E.
func (l *clientLogger) OnBrokerE2E(_ kgo.BrokerMetadata, _ int16, e2e kgo.BrokerE2E) {
	if e2e.Err() == nil && e2e.BytesRead > 0 && !l.answered.Load() {
		l.answered.Store(true)
	}
}

// errClosed is what is known about a connection that was closed at once.
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
			keyvals = slices.Clone(keyvals) // the caller owns them
			keyvals[i], guess = errClosed, true
		}
	}
	if guess && level == kgo.LogLevelError {
		level = kgo.LogLevelWarn
	}
	l.Logger.Log(level, msg, keyvals...)
}
