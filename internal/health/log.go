package health

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// LogFormats are the values of --log-format.
const LogFormats = "json, console"

func init() {
	// Errors are mostly those of libraries, and redacting them here means that nobody can
	// forget to.
	zerolog.ErrorMarshalFunc = func(err error) any { return redact.Error(err) }
}

// NewLogger returns a logger that writes to w in the given format ("json" or "console")
// from the given level up (zerolog's names).
func NewLogger(w io.Writer, format, level string) (zerolog.Logger, error) {
	lvl, err := zerolog.ParseLevel(level)
	if err != nil || level == "" {
		return zerolog.Nop(), fmt.Errorf("log level %q is unknown: want trace, debug, info, warn, error or disabled", level)
	}
	file, isFile := w.(*os.File)
	terminal := isFile && term.IsTerminal(int(file.Fd()))
	w = redact.Writer(w)
	switch format {
	case "json":
	case "console":
		// Colours are for terminals: in a file, a pipe or a collector they are noise that
		// hides words from searches.
		plain := !terminal || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.RFC3339, NoColor: plain}
	default:
		return zerolog.Nop(), fmt.Errorf("log format %q is unknown: want %s", format, LogFormats)
	}
	return zerolog.New(w).Level(lvl).With().Timestamp().Logger(), nil
}
