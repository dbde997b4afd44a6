package redact

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/count"
)

// Error is Message for an error of a library. What the error says of our side of
// things in fields of its own (the address that was dialled, a file's path) is
// shown as it is; the rest is a stranger's text.
func Error(err error) string {
	if err == nil {
		return ""
	}
	return shielded(func() string { return errorText(err) })
}

func errorText(err error) string {
	var keep []string
	if op, ok := errors.AsType[*net.OpError](err); ok {
		for _, addr := range []net.Addr{op.Source, op.Addr} {
			if addr != nil {
				keep = append(keep, addr.String())
			}
		}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		keep = append(keep, dns.Name, dns.Server)
	}
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		keep = append(keep, file.Path)
	}
	return Around(err.Error(), keep...)
}

// host is what an address may be of to be shown as it is.
var host = lazily(`^[A-Za-z0-9.:\[\]_/-]{1,253}$`)

// Around is Message for a text that has parts which are known to be ours, and which
// are shown as they are.
func Around(s string, ours ...string) string {
	return shielded(func() string { return around(s, ours) })
}

func around(s string, ours []string) string {
	ours = slices.DeleteFunc(ours, func(part string) bool {
		if _, err := netip.ParseAddrPort(part); err == nil {
			return false // one of IPv6 can have as many digits as a digest
		}
		return !host.MatchString(part) || apply(part, false) != part || secrets.has(part)
	})
	var b strings.Builder
	whole := len(s) <= inputLimit
	for s = head(s, inputLimit); s != ""; {
		at, part := -1, ""
		for _, one := range ours {
			// The longest of those that begin first: an address has its host in it.
			if i := strings.Index(s, one); i >= 0 && (at < 0 || i < at || i == at && len(one) > len(part)) {
				at, part = i, one
			}
		}
		if at < 0 {
			at = len(s)
		}
		said := s[:at]
		b.WriteString(padded(said, Text(said)))
		b.WriteString(part)
		s = s[at+len(part):]
	}
	return Line(ended(b.String(), whole), MessageLimit)
}

// padded gives text back the blanks that were around it.
func padded(before, text string) string {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(before, " ") {
		text = " " + text
	}
	if len(before) > 1 && strings.HasSuffix(before, " ") {
		text += " "
	}
	return text
}

// quotes are what parsers put around a part of what they parsed, up to the last one:
// what they quote can have quotes in it. Where the last is cut off all goes.
var quotes = lazily("(?s)\".*(?:\"|$)|'.*(?:'|$)|`.*(?:`|$)")

// Parser is Message for an error of a parser, without what it quotes of what it
// parsed: a file that holds a secret may have been given as another.
func Parser(err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Error(err)
	}
	return shielded(func() string { return Message(quotes.ReplaceAllString(cut(err.Error(), inputLimit), "…")) })
}

// quoteLimit is how much of a value is quoted, in characters.
const quoteLimit = 64

// Quote quotes a value that somebody has given, in a message that says what is
// wrong with it. A value that could be a secret or an identifier is described: it
// may have been meant for another setting.
func Quote(s string) string { return shielded(func() string { return quote(s) }) }

func quote(s string) string {
	n := utf8.RuneCountInString(s)
	if n <= quoteLimit && quotable(s) {
		return strconv.Quote(s)
	}
	if n == 1 {
		return "a value of one character"
	}
	return "a value of " + count.Of(n, "character")
}

// quotable reports whether s is plainly no secret: words, numbers and what stands
// between them, not the mixture of kinds that a secret is made of.
func quotable(s string) bool {
	if strings.ContainsFunc(s, func(r rune) bool { return seen(r) < 0 }) || strings.Contains(s, "@") || Text(s) != Line(s, len(s)) || secrets.has(s) {
		return false
	}
	return !secretive(s)
}

// secretive reports whether letters of both cases and digits alternate as in no
// word, whatever separates them.
func secretive(s string) bool {
	changes, n := 0, 0
	var kinds, last byte
	for i := range len(s) {
		k := kindOfByte(s[i])
		if k == 0 {
			continue
		}
		n++
		if last != 0 && k != last && !(last == 'u' && k == 'l') { // Word
			changes++
		}
		kinds |= map[byte]byte{'d': 1, 'u': 2, 'l': 4}[k]
		last = k
	}
	return kinds == 7 && changes >= 3 && n >= 8 || changes >= 5 && n >= 12
}

// Quoted describes what is quoted in a message about a mistake, where it could be a
// secret.
func Quoted(s string) string {
	return shielded(func() string { return doubleQuoted.ReplaceAllStringFunc(s, described) })
}

// described returns a quotation as Quote has it.
func described(quoted string) string {
	value, err := strconv.Unquote(quoted)
	if err != nil {
		value = strings.Trim(quoted, `"`)
	}
	if shown := Quote(value); shown != strconv.Quote(value) {
		return shown
	}
	return quoted
}

var doubleQuoted = lazily(`"(?:[^"\\]|\\.)*"`)

// Wrap returns an error that reads as Error has it, and is err otherwise. It is for
// what a library returns, before our own words are put around it: those are not to
// be masked.
func Wrap(err error) error {
	if err == nil {
		return nil
	}
	return wrapped{err}
}

type wrapped struct{ err error }

func (w wrapped) Error() string { return Error(w.err) }
func (w wrapped) Unwrap() error { return w.err }

// File is Error for one about a file that a setting names. The path is shown if it
// looks like one: a secret may have been given in place of its file's name.
func File(err error) error {
	file, ok := errors.AsType[*fs.PathError](err)
	if !ok || strings.ContainsAny(file.Path, "/.\\") && quotable(file.Path) {
		return Wrap(err)
	}
	return &fs.PathError{Op: file.Op, Path: "the file", Err: file.Err}
}
