package screen

import (
	"bytes"
	"io"
	"strconv"
)

// Usual is how wide lines may be where nothing says how wide the terminal is.
const Usual = 80

// narrowest bounds what a terminal can ask for: below it words would be cut.
const narrowest = 40

// Options say how a screen is written.
type Options struct {
	Width  int  // that lines may have; 0 for any
	Colour bool // of verdicts
}

// Screen is a writer of text for people. Lines that are too wide are folded between words.
type Screen struct {
	out    io.Writer
	width  int
	colour bool
	line   []byte // without its end
	err    error
}

// New returns a screen that writes to out.
func New(out io.Writer, o Options) *Screen {
	return &Screen{out: out, width: o.Width, colour: o.Colour}
}

// WidthOf returns how wide lines of a writer may be; 0 for any.
func WidthOf(w io.Writer) int {
	if s, ok := w.(*Screen); ok {
		return s.width
	}
	return 0
}

// Write implements io.Writer. The lines of a call are written at once; an incomplete one waits
// for its end, or Flush.
func (s *Screen) Write(p []byte) (int, error) {
	i := bytes.LastIndexByte(p, '\n')
	if i < 0 || s.err != nil {
		s.line = append(s.line, p...)
		return len(p), s.err
	}
	var out []byte
	for line := range bytes.Lines(append(s.line, p[:i+1]...)) {
		if s.width == 0 || len(line) <= s.width {
			out = append(out, line...)
			continue
		}
		for _, part := range Fold(string(line[:len(line)-1]), s.width) {
			out = append(append(out, part...), '\n')
		}
	}
	s.line = append(s.line[:0], p[i+1:]...)
	_, s.err = s.out.Write(out)
	return len(p), s.err
}

// Flush writes a line that has no end.
func (s *Screen) Flush() error {
	if len(s.line) > 0 && s.err == nil {
		_, s.err = s.out.Write(s.line)
		s.line = nil
	}
	return s.err
}

// Columns returns how wide lines may be: what COLUMNS says, else what the terminal says (0
// for none), else Usual.
func Columns(environ []string, terminal int) int {
	if n, err := strconv.Atoi(lookup(environ, "COLUMNS")); err == nil && n > 0 {
		return max(n, narrowest)
	}
	if terminal > 0 {
		return max(terminal, narrowest)
	}
	return Usual
}
