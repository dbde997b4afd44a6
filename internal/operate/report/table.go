package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/tracklayer/amazon-capi/internal/screen"
)

// IsTerminal reports whether w is a terminal, where lines may be redrawn.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Table prints rows under a header, fitted to w if that is a screen. Columns whose index is in numbers are right-aligned;
// a nil footer is omitted.
func Table(w io.Writer, header []string, rows [][]string, footer []string, numbers ...int) {
	(&screen.Table{Header: header, Rows: rows, Footer: footer, Numbers: numbers}).Print(w)
}

// Progress shows the progress of long work: one redrawn line on a terminal, a line every
// few seconds elsewhere, so that it does not fill a log.
type Progress struct {
	w        io.Writer
	terminal bool
	quiet    bool // steps are shown on a terminal only
	every    time.Duration
	now      func() time.Time

	mu      sync.Mutex
	started time.Time
	last    time.Time
	width   int
	// What was done last of which work, of how much.
	what        string
	done, total uint64
}

// Last says how far the work was, when there was a step; else it is empty.
func (p *Progress) Last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.what == "" || p.done == 0:
		return ""
	case p.total == 0:
		return fmt.Sprintf("%s: %d", p.what, p.done)
	}
	return fmt.Sprintf("%s: %d of %d", p.what, p.done, p.total)
}

// NewProgress writes to w, usually stderr.
func NewProgress(w io.Writer) *Progress {
	p := &Progress{w: w, terminal: IsTerminal(w), every: 5 * time.Second, now: time.Now}
	if p.terminal {
		p.every = 100 * time.Millisecond
	}
	p.started = p.now()
	p.last = p.started
	return p
}

// NewTerminalProgress writes to w. Unless w is a terminal it shows no steps, for tools
// whose output is read by programs; messages are always shown.
func NewTerminalProgress(w io.Writer) *Progress {
	p := NewProgress(w)
	p.quiet = !p.terminal
	return p
}

// Step shows done out of total if an update is due; a total of 0 is unknown.
func (p *Progress) Step(what string, done, total uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.done, p.total = what, done, total
	if p.quiet {
		return
	}
	now := p.now()
	if now.Sub(p.last) < p.every {
		return
	}
	p.last = now
	p.print(line(what, done, total, now.Sub(p.started)))
}

// Restart restarts the rate for the next task.
func (p *Progress) Restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.started = p.now()
	p.last = p.started
}

// Say writes a line immediately.
func (p *Progress) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	text := fmt.Sprintf(format, args...)
	if p.terminal {
		text = strings.Join(screen.Fold(text, p.columns()), "\n")
	}
	fmt.Fprintln(p.w, text)
}

// Unmatched says which values of filters nothing has.
func (p *Progress) Unmatched(texts []string) {
	for _, text := range texts {
		p.Say("amazon-capi: %s", text)
	}
}

// Done removes the line before other output.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Progress) print(s string) {
	if !p.terminal {
		fmt.Fprintln(p.w, s)
		return
	}
	p.clear()
	s = screen.Cut(s, p.columns()-1) // a line that wraps could not be redrawn
	fmt.Fprint(p.w, s)
	p.width = screen.Width(s)
}

// columns is how wide the terminal is.
func (p *Progress) columns() int {
	if f, ok := p.w.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 1 {
			return w
		}
	}
	return screen.Usual
}

func (p *Progress) clear() {
	if p.width > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}

func line(what string, done, total uint64, took time.Duration) string {
	rate := 0.0
	if took > 0 {
		rate = float64(done) / took.Seconds()
	}
	if total == 0 {
		return fmt.Sprintf("%s: %d, %.0f/s", what, done, rate)
	}
	s := fmt.Sprintf("%s: %d of %d (%d%%), %.0f/s", what, done, total, done*100/total, rate)
	if rate > 0 && done < total {
		s += fmt.Sprintf(", %s left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
	}
	return s
}
