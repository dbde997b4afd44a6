// Package redact takes out of text what could name a person or open an account.
// What a stranger's server says (Amazon, a proxy, a registry) passes through
// here before it reaches a log line, a page, an error or a dead letter's header.
package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MessageLimit is how many bytes of a stranger's words are kept: enough for any
// validation message, too few to store a payload that was echoed whole.
const MessageLimit = 1024

// inputLimit bounds what is searched. Masks are shorter than what they replace,
// so more than MessageLimit has to be read for that much to remain.
const inputLimit = 16 << 10

// idLimit bounds an event id in logs and headers; ids that are longer than this
// say no more, and some are as long as their sender could make them.
const idLimit = 256

// rule is one kind of secret or identifier. The order of rules matters: the
// wider forms that contain narrower ones come first.
type rule struct {
	find *regexp.Regexp
	mask string
	keep func(match string) bool // nil keeps nothing
}

var (
	email = regexp.MustCompile(`[^\s"'<>(),;:=\[\]{}@]+(@|%40)[^\s"'<>(),;:=\[\]{}@&]+`)
	// hash is any long run of hex. 32 digits is the shortest digest there is;
	// the word boundary is left out on purpose, so that a hash glued to a word
	// is found as well.
	hash = regexp.MustCompile(`[0-9a-fA-F]{32,}`)
	day  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
)

var rules = []rule{
	// Sixteen characters and more: "bearer token expired" is a message, not a secret.
	{find: regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w.~+/|=-]{16,}`), mask: "[credentials]"},
	{find: regexp.MustCompile(`(?i)\batz[a-z](\||%7c|\\u007c)[^\s"'<>,;&]*`), mask: "[token]"},
	{find: regexp.MustCompile(`(?i)\bamzn1\.[^\s"'<>,;&]*`), mask: "[amazon-id]"},
	{find: regexp.MustCompile(`\beyJ[\w-]+(\.[\w-]*)*`), mask: "[token]"},
	// As they stand in URLs and in payloads. A bare colon is not enough: it is
	// how "clickId: must not be blank" begins.
	{find: regexp.MustCompile(`(?i)(click_?id|refresh_token|access_token|client_secret)(=|\\?"?\s*[=:]\s*\\?")[^\s"'<>,;&\\]+`), mask: "$1$2[masked]"},
	{find: email, mask: "[email]"},
	{find: regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), mask: "[uuid]"},
	{find: hash, mask: "[hash]"},
	{find: regexp.MustCompile(`\+?\(?\d(?:[\s().\-/]{0,3}\d){6,}`), mask: "[number]", keep: day.MatchString},
}

// Text masks e-mail addresses, tokens and credentials, Amazon's ids and click
// ids, UUIDs, hex runs of 32 digits and more, and digit runs that could be a
// phone number. It errs on the side of masking: an order number lost from a
// message is an inconvenience, a phone number kept in one is a breach. Dates
// are left alone.
func Text(s string) string {
	for _, r := range rules {
		if !r.find.MatchString(s) {
			continue
		}
		if r.keep == nil {
			s = r.find.ReplaceAllString(s, r.mask)
			continue
		}
		s = r.find.ReplaceAllStringFunc(s, func(m string) string {
			if r.keep(m) {
				return m
			}
			return r.mask
		})
	}
	return s
}

// Message makes a stranger's words fit to keep: identifiers known beforehand
// are masked wherever they stand and in whichever case, then everything that
// Text masks; control characters become spaces, and the result is valid UTF-8
// of at most MessageLimit bytes.
func Message(s string, identifiers ...string) string {
	s = head(s, inputLimit)
	s = maskAll(s, identifiers)
	return Line(Text(s), MessageLimit)
}

// ID makes an event id fit for a log line or a header. Ids are there to be read
// and stay as they are, but some senders build them from an e-mail address or a
// hash; those parts are masked.
func ID(id string) string {
	if plain(id) {
		return id
	}
	id = head(id, inputLimit)
	if strings.Contains(id, "@") || strings.Contains(id, "%40") {
		id = email.ReplaceAllString(id, "[email]")
	}
	if len(id) >= 64 {
		id = hash.ReplaceAllStringFunc(id, func(m string) string {
			if len(m) < 64 {
				return m
			}
			return "[hash]"
		})
	}
	return Line(id, idLimit)
}

// plain tells whether ID would leave an id as it is, as nearly all are: receipts
// name every event, and that must not cost a copy each.
func plain(id string) bool {
	if len(id) >= 64 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' || c == '@' || c == '%' {
			return false
		}
	}
	return true
}

// Line makes s one line of valid UTF-8 with at most limit bytes: white space and
// control characters become single spaces. Nothing is masked.
func Line(s string, limit int) string {
	var b strings.Builder
	gap := false
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			gap = b.Len() > 0
			continue
		}
		n := utf8.RuneLen(r)
		if gap {
			n++
		}
		if b.Len()+n > limit {
			break
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r) // an invalid byte arrives here as U+FFFD
	}
	return b.String()
}

// head cuts s to at most limit bytes, back to the last gap between words: half
// an identifier at the cut would no longer be known as one.
func head(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	s = s[:limit]
	if i := strings.LastIndexAny(s, " \t\r\n\"',;"); i >= 0 {
		return s[:i]
	}
	return ""
}

// maskAll masks every occurrence of the identifiers in s, whatever the case of
// their ASCII letters. All are found before any is replaced: replacing one by
// one would let a short identifier match inside the masks of those before it.
func maskAll(s string, identifiers []string) string {
	hay := lowerASCII(s)
	var covered []bool
	for _, id := range identifiers {
		if id == "" || len(id) > len(hay) {
			continue
		}
		needle := lowerASCII(id)
		marked := 0 // up to where: overlapping matches need not be marked twice
		for from := 0; ; {
			i := strings.Index(hay[from:], needle)
			if i < 0 {
				break
			}
			if covered == nil {
				covered = make([]bool, len(s))
			}
			for j := max(marked, from+i); j < from+i+len(needle); j++ {
				covered[j] = true
			}
			marked = from + i + len(needle)
			from += i + 1
		}
	}
	if covered == nil {
		return s
	}
	var b strings.Builder
	for i := range covered {
		switch {
		case !covered[i]:
			b.WriteByte(s[i])
		case i == 0 || !covered[i-1]:
			b.WriteString("[identifier]")
		}
	}
	return b.String()
}

// lowerASCII keeps every byte in its place, which strings.ToLower does not:
// positions found in the result are positions in s.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
