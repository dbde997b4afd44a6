package screen

import (
	"cmp"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// Pager is a program that shows what is written to it a screen at a time. It starts with the
// first byte, so that a command that prints nothing starts none.
type Pager struct {
	out, errs io.Writer
	environ   []string
	command   string

	started bool
	cmd     *exec.Cmd
	in      io.WriteCloser // nil without a pager
}

// NewPager returns a pager as the environment asks for it: PAGER, else less. Without one it
// writes to out.
func NewPager(out, errs io.Writer, environ []string) *Pager {
	return &Pager{out: out, errs: errs, environ: environ, command: pagerOf(environ)}
}

// pagerOf returns the pager's command; empty for none.
func pagerOf(environ []string) string {
	set := slices.ContainsFunc(environ, func(e string) bool { return strings.HasPrefix(e, "PAGER=") })
	command := strings.TrimSpace(lookup(environ, "PAGER"))
	if !set {
		command = "less"
	}
	if command == "cat" {
		return ""
	}
	return command
}

// Write implements io.Writer. A pager that was left before the end is no failure.
func (p *Pager) Write(b []byte) (int, error) {
	if !p.started {
		p.started = true
		p.start()
	}
	if p.in == nil {
		return p.out.Write(b)
	}
	n, err := p.in.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return n, ErrLeft
	}
	return n, err
}

// ErrLeft means that somebody has left the pager, and wants no more.
var ErrLeft = errors.New("the pager was left")

// start starts the pager. One that cannot be started is done without.
func (p *Pager) start() {
	if p.command == "" {
		return
	}
	name, args := "sh", []string{"-c", p.command}
	if !strings.ContainsAny(p.command, " \t;|&<>$\"'`\\*?(){}[]~#") {
		name, args = p.command, nil // an image may have no shell
	}
	if _, err := exec.LookPath(name); err != nil {
		return
	}
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = p.out, p.errs
	// As git does: leave a short text on the screen, keep colours, and do not clear.
	cmd.Env = append(slices.Clone(p.environ), "LESS="+cmp.Or(lookup(p.environ, "LESS"), "FRX"), "LV="+cmp.Or(lookup(p.environ, "LV"), "-c"))
	in, err := cmd.StdinPipe()
	if err != nil {
		return
	}
	if cmd.Start() != nil {
		return
	}
	p.cmd, p.in = cmd, in
}

// Close waits until the pager is left.
func (p *Pager) Close() {
	if p.in != nil {
		// Ctrl-C is for the pager while somebody reads: without us, it would leave the terminal
		// as it has set it.
		signal.Ignore(os.Interrupt)
		_ = p.in.Close()
		_ = p.cmd.Wait() // its exit code says nothing about the command
	}
}
