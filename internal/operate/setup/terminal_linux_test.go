package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is a terminal with somebody in front of it, who types what is written to user
// and sees what is read from it.
func terminal(t *testing.T) (user, tty *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { _ = user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return user, tty
}

// prompted calls then with what the terminal shows once it shows a text.
type prompted struct {
	io.Writer
	text string
	then func()
}

func (p *prompted) Write(b []byte) (int, error) {
	if strings.Contains(string(b), p.text) {
		defer func() { go p.then() }()
	}
	return p.Writer.Write(b)
}

func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// TestASecretIsNotEchoed while it is typed, and the terminal is as before afterwards.
func TestASecretIsNotEchoed(t *testing.T) {
	user, tty := terminal(t)
	hidden := make(chan struct{})
	typed := func() {
		for echoes(t, tty) {
			continue
		}
		_, _ = user.WriteString("s3cret\n")
		close(hidden)
	}
	asks := &Terminal{In: tty, Out: &prompted{tty, "Secret", typed}}
	answer, err := asks.Hidden(t.Context(), "Secret")
	if err != nil || answer != "s3cret" {
		t.Errorf("%q, %v", answer, err)
	}
	<-hidden
	if !echoes(t, tty) {
		t.Error("the terminal shows nothing any more")
	}
	asks.Out = &prompted{tty, "Name", func() { _, _ = user.WriteString("ann\n") }}
	if answer, err := asks.Line(t.Context(), "Name", "bob"); err != nil || answer != "ann" {
		t.Errorf("%q, %v", answer, err)
	}
	fmt.Fprint(tty, "END")
	var seen []byte
	for !bytes.Contains(seen, []byte("END")) {
		b := make([]byte, 1024)
		n, err := user.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, b[:n]...)
	}
	if text := string(seen); strings.Contains(text, "s3cret") || !strings.Contains(text, "ann") {
		t.Errorf("the terminal shows %q", text)
	}
}

// TestWhoeverGivesUp in the middle of a secret gets back a terminal that echoes.
func TestWhoeverGivesUp(t *testing.T) {
	user, tty := terminal(t)
	if !term.IsTerminal(int(tty.Fd())) {
		t.Fatal("no terminal")
	}
	ctx, cancel := context.WithCancel(t.Context())
	asks := &Terminal{In: tty, Out: &prompted{io.Discard, "Secret", func() {
		for echoes(t, tty) {
			continue
		}
		cancel()
	}}}
	if _, err := asks.Hidden(ctx, "Secret"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if !echoes(t, tty) {
		t.Error("the terminal shows nothing any more")
	}
	_, _ = user.WriteString("\n") // ends the read that was left
	// Its end sets the terminal once more, which must not be another test's by then: the
	// number of the file is used again.
	for isReading() {
		time.Sleep(time.Millisecond)
	}
}

// isReading reports whether somebody still reads a secret.
func isReading() bool {
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("term.ReadPassword"))
}
