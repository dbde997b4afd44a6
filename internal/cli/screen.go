package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/tracklayer/amazon-capi/internal/screen"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Looks are the flags that say how text for people is printed.
type Looks struct{ Wide, NoPager bool }

// Register adds the flags.
func (l *Looks) Register(flags *pflag.FlagSet) {
	flags.BoolVar(&l.Wide, string(setting.Wide), false, "print lines as wide as they are, in place of fitting them to the terminal")
	flags.BoolVar(&l.NoPager, string(setting.NoPager), false, "print long output to the terminal and not through PAGER")
}

// Screen returns where a command prints text for people. Nothing else may be printed to Stdout
// after it: JSON and CSV are not laid out, and go to Stdout itself.
func (p *Process) Screen() *screen.Screen {
	if p.screen == nil {
		p.screen = screen.New(p.Stdout, p.options(p.Stdout))
	}
	return p.screen
}

// Paged is Screen for what may be long: on a terminal, it is shown by a pager.
func (p *Process) Paged() *screen.Screen {
	if p.screen == nil && p.OnTerminal(p.Stdout) && !p.Looks.NoPager {
		p.pager = screen.NewPager(p.Stdout, p.Stderr, p.Environ)
		p.screen = screen.New(p.pager, p.options(p.Stdout))
	}
	return p.Screen()
}

func (p *Process) options(stream any) screen.Options {
	return screen.Options{Width: p.width(stream), Colour: screen.Colours(p.Environ, p.OnTerminal(stream))}
}

// width is how wide lines may be; 0 for any.
func (p *Process) width(stream any) int {
	if p.Looks.Wide {
		return 0
	}
	columns := 0
	if file, ok := stream.(*os.File); ok {
		if w, _, err := term.GetSize(int(file.Fd())); err == nil {
			columns = w
		}
	}
	return screen.Columns(p.Environ, columns)
}

// Say prints a message about the command itself. It is folded on a terminal only: elsewhere a
// line is an entry of a log.
func (p *Process) Say(text string) {
	s := screen.New(p.Stderr, screen.Options{})
	if p.OnTerminal(p.Stderr) {
		s = screen.New(p.Stderr, p.options(p.Stderr))
	}
	fmt.Fprintln(s, strings.TrimRight(text, "\n"))
}

// Close writes what is left of the text for people, and waits until its pager is left.
func (p *Process) Close() error {
	if p.screen == nil {
		return nil
	}
	err := p.screen.Flush()
	if p.pager != nil {
		p.pager.Close()
	}
	return err
}
