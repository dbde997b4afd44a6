package textfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// Mark is the byte order mark in UTF-8. It says nothing there, and what takes it
// for a part of the text shows an error that nobody can see the reason of.
const Mark = "\ufeff"

// ErrUTF16 and ErrUTF32 say what a file is instead of UTF-8.
var (
	ErrUTF16 = notUTF8("UTF-16")
	ErrUTF32 = notUTF8("UTF-32")
)

func notUTF8(is string) error {
	return errors.New("it is " + is + ": want UTF-8 (in PowerShell: -Encoding utf8)")
}

// Clean returns text without its byte order mark. The error is ErrUTF16 or
// ErrUTF32, also where those have no mark.
func Clean(data []byte) ([]byte, error) {
	if err := encoding(data); err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(data, []byte(Mark)), nil
}

// head is how many bytes tell the encoding.
const head = 4

func encoding(data []byte) error {
	begins := func(s string) bool { return bytes.HasPrefix(data, []byte(s)) }
	switch {
	case begins("\xff\xfe\x00\x00"), begins("\x00\x00\xfe\xff"), begins("\x00\x00\x00"):
		return ErrUTF32
	case begins("\xff\xfe"), begins("\xfe\xff"):
		return ErrUTF16
	case len(data) < 2 || data[0] != 0 && data[1] != 0:
		return nil
	case len(data) >= head && data[1] == 0 && data[2] == 0 && data[3] == 0:
		return ErrUTF32
	}
	return ErrUTF16 // of a first character that is ASCII
}

// Read reads a file of text as Clean returns it.
func Read(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if data, err = Clean(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// NewReader returns the text of r as Clean would.
func NewReader(r io.Reader) io.Reader { return &reader{r: r} }

type reader struct {
	r     io.Reader
	begun bool
	first []byte // bytes read to tell the encoding
	err   error  // of the reading, or of the text
}

func (t *reader) Read(p []byte) (int, error) {
	if !t.begun {
		t.begin()
	}
	if len(t.first) > 0 {
		n := copy(p, t.first)
		t.first = t.first[n:]
		return n, nil
	}
	if t.err != nil {
		return 0, t.err
	}
	return t.r.Read(p)
}

func (t *reader) begin() {
	t.begun = true
	buf := make([]byte, head)
	n, err := io.ReadFull(t.r, buf)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		t.err = io.EOF
	case err != nil:
		t.err = err
	}
	if t.first, err = Clean(buf[:n]); err != nil {
		t.err = err
	}
}
