package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// Progress returns what a command shows its progress on, so that an interrupted one can say how
// far it was.
func (p *Process) Progress() *report.Progress {
	p.progress = report.NewTerminalProgress(p.Stderr)
	return p.progress
}

// changes are the commands without a --go that change something.
var changes = map[string]bool{"publish": true, "register": true, "discover": true, "init": true, "send": true, "bench": true, "run": true}

// Interrupted is the message of a command that a signal has ended: what it did, as far as that
// is known.
func (p *Process) Interrupted(ctx context.Context, cmd *cobra.Command, err error) string {
	text := "interrupted"
	if p.progress != nil {
		if last := p.progress.Last(); last != "" {
			text += " at " + last
		}
	}
	own := strings.TrimSuffix(Printable(err), ": "+context.Canceled.Error())
	act := cmd.Flags().Lookup("go")
	switch {
	case strings.HasPrefix(own, "interrupted; "), strings.HasPrefix(own, "published "): // what is known is in it
		return text + ": " + strings.TrimPrefix(own, "interrupted; ")
	case (act == nil || !act.Changed) && !changes[cmd.Name()]:
		return text + "; nothing was sent or changed, and nothing is reported"
	case errors.Is(err, context.Canceled), errors.Is(err, context.Cause(ctx)):
		return text + "; what is printed above was done, and nothing else is known to be"
	}
	return text + ": " + own
}
