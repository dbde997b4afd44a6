package health

import (
	"bytes"
	"log"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// StandardLog replaces lines that libraries write to Go's standard logger, and so to
// log/slog's, by lines of our own. net/http's transport, for example, quotes unsolicited
// data of a server there, and an answer of Amazon's repeats hashed addresses, numbers and
// click ids.
type StandardLog struct {
	to atomic.Pointer[zerolog.Logger]
}

// TakeStandardLog takes over Go's standard logger for as long as the process runs. Until
// To is called, its lines are dropped.
func TakeStandardLog() *StandardLog {
	s := &StandardLog{}
	log.SetFlags(0)
	log.SetPrefix("")
	log.SetOutput(s)
	return s
}

// To makes log report the lines, and what ends the process by a panic. A server can cause
// any number of such lines, so at most a few a minute are logged.
func (s *StandardLog) To(log zerolog.Logger) {
	crashed := log.Level(zerolog.FatalLevel) // even with --log-level=disabled
	crash.To(func(reason string, stack []string) {
		crashed.WithLevel(zerolog.FatalLevel).Str("reason", reason).Strs("stack", stack).Msg("panic")
	})
	redact.OnFailure(func() {
		log.Error().Strs("stack", crash.Stack()).Msg("a text could not be masked and is shown as [masked], as others may be: please report this, it is a mistake in amazon-capi")
	})
	log = log.Sample(&zerolog.BurstSampler{Burst: 5, Period: time.Minute})
	s.to.Store(&log)
}

// standardLines maps the beginnings of lines in the standard logger to what is logged instead.
var standardLines = []struct{ begins, means string }{
	{"Unsolicited response", "a server sent an answer that nobody had asked for, and its connection was closed"},
	{"http2: Transport received unsolicited", "a server sent an answer that nobody had asked for, and its connection was closed"},
	{"http: TLS handshake error", "a client's TLS handshake failed"},
	{"http: panic serving", "an HTTP handler panicked"},
	{"http2: panic serving", "an HTTP handler panicked"},
	{"http: Accept error", "a connection could not be accepted"},
	{"protocol error", "a server broke the rules of HTTP/2"},
}

// Write implements io.Writer for the standard logger, which calls it once per line. It
// keeps nothing of p.
func (s *StandardLog) Write(p []byte) (int, error) {
	to := s.to.Load()
	if to == nil {
		return len(p), nil
	}
	what := "a library wrote to Go's standard logger"
	for _, l := range standardLines {
		if bytes.HasPrefix(p, []byte(l.begins)) {
			what = l.means
			break
		}
	}
	to.Warn().Int("bytes_withheld", len(p)).Msg(what)
	return len(p), nil
}
