package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// identifierFlag is --show-identifiers, for commands that show events.
type identifierFlag struct{ on bool }

func (f *identifierFlag) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.on, "show-identifiers", false, "show the ends of emails, phones, hashes and ids (j•••@•••.com); asks first, on a terminal only")
}

// view returns how events are shown. Identifiers are shown only to a person who has confirmed it: not
// in a pipe, a file or the log of a job.
func (f *identifierFlag) view(p *process) (redact.View, error) {
	if !f.on {
		return redact.View{}, nil
	}
	if !p.onTerminal(p.stdin) || !p.onTerminal(p.stdout) {
		return redact.View{}, usagef("--show-identifiers: standard input and output must be a terminal; identifiers stay hidden: leave the flag out")
	}
	fmt.Fprint(p.stderr, "This shows parts of people's identifiers on this screen. Type yes to go on: ")
	answer, err := bufio.NewReader(io.LimitReader(p.stdin, 64)).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		if err == nil || err == io.EOF {
			fmt.Fprintln(p.stderr, "Identifiers stay hidden.")
			err = nil
		}
		return redact.View{}, err
	}
	return redact.View{Partial: true}, nil
}

// onTerminal reports whether a stream is a terminal.
func (p *process) onTerminal(stream any) bool {
	if p.terminal != nil {
		return p.terminal(stream)
	}
	w, ok := stream.(io.Writer)
	return ok && report.IsTerminal(w)
}
