package javaprops

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/textfile"
)

// MaxBytes is the maximum size of a file; stores inline in it take some kilobytes.
const MaxBytes = 1 << 20

// Entry is a property of a file. A repeated name is an entry of its own; Java uses the last one.
type Entry struct {
	Name, Value string
	Line        int // where it begins
}

// Parse parses a file. Errors name the line and quote nothing of the text, which may be a secret.
//
// Java reads ISO-8859-1, and people write UTF-8. Text that is not UTF-8 is read as
// ISO-8859-1, and ASCII means the same in both.
func Parse(data []byte) ([]Entry, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("it has %d bytes, more than the %d of any properties file", len(data), MaxBytes)
	}
	data, err := textfile.Clean(data)
	if err != nil {
		return nil, err
	}
	text := string(data)
	if !utf8.ValidString(text) {
		runes := make([]rune, len(data))
		for i, b := range data {
			runes[i] = rune(b)
		}
		text = string(runes)
	}
	if at := strings.IndexByte(text, 0); at >= 0 {
		return nil, fmt.Errorf("line %d: there is a NUL in it: want a text file", 1+strings.Count(text[:at], "\n"))
	}
	var entries []Entry
	lines := splitLines(text)
	for i := 0; i < len(lines); i++ {
		line := strings.TrimLeft(lines[i], blanks)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		e := Entry{Line: i + 1}
		for continued(line) {
			line = line[:len(line)-1]
			if i++; i == len(lines) {
				break
			}
			line += strings.TrimLeft(lines[i], blanks)
		}
		name, value := split(line)
		if e.Name, err = unescape(name); err == nil {
			e.Value, err = unescape(value)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", e.Line, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

const blanks = " \t\f"

// splitLines ends lines like Java: at CR, LF, or both.
func splitLines(text string) []string {
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
}

// continued reports whether a line ends with an unescaped backslash.
func continued(line string) bool {
	n := len(line) - len(strings.TrimRight(line, `\`))
	return n%2 == 1
}

// split separates name and value, which are divided by =, : or blanks.
func split(line string) (name, value string) {
	at := 0
	for at < len(line) && !strings.ContainsRune("=:"+blanks, rune(line[at])) {
		if line[at] == '\\' {
			at++ // and what it escapes
		}
		at++
	}
	at = min(at, len(line))
	name, value = line[:at], strings.TrimLeft(line[at:], blanks)
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], blanks)
	}
	return name, value
}

var errEscape = errors.New(`\u wants four hexadecimal digits after it (in a Windows path, \\ or / for \)`)

// unescape resolves Java's escapes. A character beyond 16 bits is two \u.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	var units []uint16 // of \u, until something else follows
	flush := func() {
		b.WriteString(string(utf16.Decode(units)))
		units = units[:0]
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			flush()
			if s[i] != '\\' {
				b.WriteByte(s[i])
			}
			continue
		}
		i++
		if s[i] == 'u' {
			if i+4 >= len(s) {
				return "", errEscape
			}
			unit, err := strconv.ParseUint(s[i+1:i+5], 16, 16)
			if err != nil {
				return "", errEscape
			}
			units = append(units, uint16(unit))
			i += 4
			continue
		}
		flush()
		if at := strings.IndexByte("tnrf", s[i]); at >= 0 {
			b.WriteByte("\t\n\r\f"[at])
		} else {
			b.WriteByte(s[i])
		}
	}
	flush()
	return b.String(), nil
}
