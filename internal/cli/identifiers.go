package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// IdentifierFlag is --show-identifiers, for commands that show events.
type IdentifierFlag struct{ on bool }

// Register adds the flags.
func (f *IdentifierFlag) Register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.on, "show-identifiers", false, "show the ends of emails, phones, hashes and ids (j•••@•••.com); asks first, on a terminal only")
}

// View returns how events are shown. Identifiers are shown only to a person who has confirmed it: not
// in a pipe, a file or the log of a job.
func (f *IdentifierFlag) View(p *Process) (redact.View, error) {
	if !f.on {
		return redact.View{}, nil
	}
	if !p.OnTerminal(p.Stdin) || !p.OnTerminal(p.Stdout) {
		return redact.View{}, Usagef("--show-identifiers: standard input and output must be a terminal; identifiers stay hidden: leave the flag out")
	}
	fmt.Fprint(p.Stderr, "This shows parts of people's identifiers on this screen. Type yes to go on: ")
	answer, err := bufio.NewReader(io.LimitReader(p.Stdin, 64)).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		if err == nil || err == io.EOF {
			fmt.Fprintln(p.Stderr, "Identifiers stay hidden.")
			err = nil
		}
		return redact.View{}, err
	}
	return redact.View{Partial: true}, nil
}

// OnTerminal reports whether a stream is a terminal.
func (p *Process) OnTerminal(stream any) bool {
	if p.Terminal != nil {
		return p.Terminal(stream)
	}
	w, ok := stream.(io.Writer)
	return ok && report.IsTerminal(w)
}
