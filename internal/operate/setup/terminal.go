package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Terminal asks on a terminal.
type Terminal struct {
	In  io.Reader
	Out io.Writer
}

// maxAnswer bounds a line that is typed or pasted.
const maxAnswer = 64 << 10

// Line implements Prompt.
func (t *Terminal) Line(ctx context.Context, question, without string) (string, error) {
	if without != "" {
		question += " [" + redact.Line(redact.Own(without), 200) + "]"
	}
	fmt.Fprintf(t.Out, "%s: ", question)
	answer, err := t.wait(ctx, t.line)
	if answer == "" {
		answer = without
	}
	return answer, err
}

// Confirm implements Prompt.
func (t *Terminal) Confirm(ctx context.Context, question string, without bool) (bool, error) {
	choice := " [y/N] "
	if without {
		choice = " [Y/n] "
	}
	for {
		fmt.Fprint(t.Out, question+choice)
		answer, err := t.wait(ctx, t.line)
		switch strings.ToLower(answer) {
		case "y", "yes":
			return true, err
		case "n", "no":
			return false, err
		case "":
			return without && err == nil, err
		}
		if err != nil {
			return false, err
		}
	}
}

// Hidden implements Prompt.
func (t *Terminal) Hidden(ctx context.Context, question string) (string, error) {
	fmt.Fprintf(t.Out, "%s: ", question)
	read := t.line
	if f, ok := t.In.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fd := int(f.Fd())
		// Whoever gives up must get back a terminal that shows what is typed.
		if before, err := term.GetState(fd); err == nil {
			defer func() { _ = term.Restore(fd, before) }()
		}
		read = func() (string, error) {
			b, err := term.ReadPassword(fd)
			return strings.TrimSpace(string(b)), err
		}
	}
	answer, err := t.wait(ctx, read)
	fmt.Fprintln(t.Out)
	redact.Secret(answer)
	return answer, err
}

// wait reads an answer until ctx ends. The read itself cannot be interrupted: it stays
// until the process ends.
func (t *Terminal) wait(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		defer crash.Report()
		text, err := read()
		got <- answer{text, err}
	}()
	select {
	case a := <-got:
		if errors.Is(a.err, io.EOF) {
			a.err = ErrGaveUp
		}
		return a.text, a.err
	case <-ctx.Done():
		fmt.Fprintln(t.Out)
		return "", context.Cause(ctx)
	}
}

// line reads a line and no byte more: the rest may be typed ahead for a hidden question.
func (t *Terminal) line() (string, error) {
	var line []byte
	var one [1]byte
	for len(line) < maxAnswer {
		n, err := t.In.Read(one[:])
		switch {
		case n > 0 && one[0] == '\n':
			return strings.TrimSpace(string(line)), nil
		case n > 0:
			line = append(line, one[0])
		case err != nil && len(line) > 0 && errors.Is(err, io.EOF):
			return strings.TrimSpace(string(line)), nil
		case err != nil:
			return "", err
		}
	}
	return "", fmt.Errorf("the answer has more than %d bytes", maxAnswer)
}
