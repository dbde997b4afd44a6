package redact

import (
	"io"
	"unicode/utf8"
)

// Writer passes on what is written, line by line as loggers do, without this
// process's secrets and without what is not seen. It is the last guard, for the
// text that somebody forgot to redact, and must not be the only one: it knows no
// identifiers.
//
// A line that has neither costs a look at each of its bytes.
func Writer(w io.Writer) io.Writer { return guard{w} }

type guard struct{ w io.Writer }

func (g guard) Write(p []byte) (int, error) {
	if clean := guarded(p); clean != nil {
		_, err := g.w.Write(clean)
		return len(p), err
	}
	return g.w.Write(p)
}

// guarded returns what to write in place of p, or nil for p itself.
func guarded(p []byte) []byte {
	ascii := true
	for _, c := range p {
		ascii = ascii && c < utf8.RuneSelf
	}
	text := string(p)
	clean := text
	if !ascii {
		clean = visible(clean)
	}
	clean = shielded(func() string { return secrets.indexed().line.mask(clean, "[secret]") })
	if clean == tooDeep {
		clean += "\n"
	}
	if clean == text {
		return nil
	}
	return []byte(clean)
}

// visible returns s without invisible characters, except for those that
// terminals and files are written with.
func visible(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r == '\n' || r == '\t' || r == '\r' || r == '\x1b' || seen(r) >= 0 {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}
