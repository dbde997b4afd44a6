package ops

import (
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
)

// LogFormats are the values of --log-format.
const LogFormats = "json, console"

// NewLogger returns a logger that writes to w in the given format ("json" or
// "console") from the given level up (zerolog's names).
func NewLogger(w io.Writer, format, level string) (zerolog.Logger, error) {
	lvl, err := zerolog.ParseLevel(level)
	if err != nil || level == "" {
		return zerolog.Nop(), fmt.Errorf("log level %q is unknown: want trace, debug, info, warn, error or disabled", level)
	}
	switch format {
	case "json":
	case "console":
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.RFC3339}
	default:
		return zerolog.Nop(), fmt.Errorf("log format %q is unknown: want %s", format, LogFormats)
	}
	return zerolog.New(w).Level(lvl).With().Timestamp().Logger(), nil
}
