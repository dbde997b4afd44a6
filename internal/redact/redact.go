package redact

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// MessageLimit is how many bytes of a stranger's words are kept: enough for any
// validation message, too few to store a payload that was echoed whole.
const MessageLimit = 1024

// WordLimit is how many bytes are kept of what should be one word: a code, the path
// of a field.
const WordLimit = 128

const (
	// inputLimit bounds what is searched. Masks are shorter than what they
	// replace, so more than MessageLimit must be read for that much to remain.
	inputLimit = 16 << 10
	// ownLimit bounds a sentence of ours: all that is wrong with a file.
	ownLimit = 4 << 10
	// longestIdentifier is how long what is masked can be. What is longer, and made
	// of words, is known by its beginning.
	longestIdentifier = 512
)

// apply applies the rules to text that is normalised.
func apply(s string, guess bool) string {
	if guess {
		var times []string
		if s, times = withoutTimes(s); times != nil {
			return withTimes(applyRules(s, true), times)
		}
	}
	return applyRules(s, guess)
}

func applyRules(s string, guess bool) string {
	lower, digits := lowerASCII(s), countDigits(s)
	for i := range rules {
		r := &rules[i]
		if r.guess && !guess || !r.hinted(lower, digits) {
			continue
		}
		switch {
		case r.keep == nil && !r.find.MatchString(s):
		case r.keep == nil:
			s = r.find.ReplaceAllString(s, r.mask)
		default:
			s = r.find.ReplaceAllStringFunc(s, func(m string) string {
				if r.keep(m) {
					return m
				}
				return r.mask
			})
		}
	}
	return s
}

// Text masks what a stranger says: this process's secrets, credentials, tokens,
// e-mail addresses, Amazon's ids and click ids, UUIDs, digests in hex and base64,
// and digit runs that could be a phone number, however they are escaped or spelled.
// It errs on the side of masking: an order number lost from a message is an
// inconvenience, a phone number kept in one is a breach. Dates are left alone.
//
// The time it takes is in proportion to the text, of which it reads the first
// 16 KB.
func Text(s string) string {
	return shielded(func() string {
		s, whole := normal(s)
		return ended(masked(s, nil), whole)
	})
}

// masked masks what is in normalised text: as it stands, and as it reads without
// accents and in plain letters if more is found in that.
func masked(s string, identifiers []string) string {
	var known func(string) bool
	if len(identifiers) > 0 {
		known = func(decoded string) bool {
			decoded = lowerASCII(decoded)
			return slices.ContainsFunc(identifiers, func(id string) bool {
				return len(id) >= leastSecret && strings.Contains(decoded, lowerASCII(id))
			})
		}
	}
	s = maskAll(s, identifiers)
	out := maskEncoded(apply(s, true), known)
	if secrets.scattered(out) {
		return tooDeep
	}
	if bare := unadorned(s); bare != s {
		bare = maskEncoded(apply(maskAll(secrets.maskParts(secrets.mask(bare)), identifiers), true), known)
		// More is masked, or more of it.
		const part = 8
		if countMasks(bare) > countMasks(out) || utf8.RuneCountInString(bare)+part <= utf8.RuneCountInString(out) {
			return bare
		}
	}
	return out
}

func countMasks(s string) (n int) {
	for _, m := range masks {
		n += strings.Count(s, "["+m+"]")
	}
	return n
}

// Message is Text for one line of at most MessageLimit bytes. The identifiers of
// the events that it may be about are masked wherever they stand, too.
func Message(s string, identifiers ...string) string {
	if s == "" {
		return ""
	}
	return shielded(func() string {
		s, whole := normal(s)
		return Line(ended(masked(s, spellings(identifiers)), whole), MessageLimit)
	})
}

// spellings returns identifiers with what they read as once a text is normalised,
// for those that change.
func spellings(identifiers []string) []string {
	out := identifiers
	for _, id := range identifiers {
		if visibleASCII(id) && !strings.ContainsAny(id, `%\& `) {
			continue
		}
		if len(out) == len(identifiers) {
			out = slices.Clone(identifiers)
		}
		plain := id
		for range maxRounds {
			next := Line(unescape(fold(plain)), inputLimit)
			if next == plain {
				break
			}
			plain = next
		}
		out = append(out, plain, strings.ReplaceAll(plain, " ", "+"), strings.ToUpper(plain), strings.ToLower(plain), unadorned(plain))
	}
	return out
}

// ended returns text whose end is fit to show. Where text was cut it may end in half
// an identifier, which no pattern finds, so that as much goes as one can be long.
func ended(s string, whole bool) string {
	if whole {
		return s
	}
	if len(s) <= longestIdentifier {
		return tooDeep
	}
	return head(s, len(s)-longestIdentifier)
}

// Known masks the identifiers of the events that a text may be about, in a text
// that is fit to show otherwise.
func Known(s string, identifiers ...string) string {
	return shielded(func() string { return maskAll(s, spellings(identifiers)) })
}

// Own makes a sentence that our code has put together fit to show. What a stranger
// said in it has been masked before, so that only secrets and what no sentence of
// ours has by rights are looked for: numbers, ids of schemas and offsets stay.
func Own(s string) string { return shielded(func() string { return own(s) }) }

func own(s string) string {
	// More is searched than is shown: what the limit cuts in two is found whole.
	s = cut(strings.ToValidUTF8(s, "\ufffd"), ownLimit+2*longestIdentifier)
	long := len(s) > ownLimit
	s = apply(secrets.indexed().line.mask(s, "[secret]"), false)
	if long {
		s = cut(s, max(0, len(s)-2*longestIdentifier))
	}
	return Line(s, ownLimit)
}

// Line makes s one line of valid UTF-8 with at most limit bytes. White space
// becomes a single blank; what is not seen (controls, format characters, private
// use) goes. Nothing is masked.
func Line(s string, limit int) string { return squash(s, limit, false) }

// squash is Line, which may keep apart where a line ends: there what was encoded may be
// broken.
func squash(s string, limit int, breaks bool) string {
	if len(s) <= limit && visibleASCII(s) && !strings.Contains(s, "  ") {
		return strings.Trim(s, " ")
	}
	if strings.Contains(s, "\x1b") {
		s = terminalSequences.ReplaceAllString(s, "")
	}
	var b strings.Builder
	gap := byte(0)
	for _, one := range s {
		r := seen(one)
		if r < 0 {
			continue
		}
		if r == ' ' {
			switch {
			case b.Len() == 0:
			case breaks && (one == '\n' || one == '\r'):
				gap = '\n'
			case gap == 0:
				gap = ' '
			}
			continue
		}
		n := utf8.RuneLen(r)
		if gap != 0 {
			n++
		}
		if b.Len()+n > limit {
			break
		}
		if gap != 0 {
			b.WriteByte(gap)
			gap = 0
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
	// Not at a ; or &, which may be parts of an escape.
	if i := strings.LastIndexAny(s, " \t\r\n\"',"); i >= 0 {
		return s[:i]
	}
	return tooDeep
}

// cut is head for what has been masked, of which a part of a word may stay.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}

// maskAll masks every occurrence of the identifiers in s, whatever the case of
// their ASCII letters. All are found before any is replaced: replacing one by
// one would let a short identifier match inside the masks of those before it.
func maskAll(s string, identifiers []string) string {
	hay := lowerASCII(s)
	var covered []bool
	for _, id := range identifiers {
		if id != "" {
			covered = coverAll(covered, hay, lowerASCII(id))
		}
	}
	if close, at := squeeze(hay); at != nil {
		var inside []bool
		for _, id := range identifiers {
			if id = strings.ReplaceAll(id, " ", ""); len(id) >= leastApart {
				inside = coverAll(inside, close, lowerASCII(id))
			}
		}
		covered = spread(covered, inside, at, len(s))
	}
	if covered == nil {
		return s
	}
	return maskCovered(s, covered, "[identifier]")
}

// coverAll marks where needle is in hay. covered is made when it is needed.
func coverAll(covered []bool, hay, needle string) []bool {
	marked := 0 // up to where: overlapping matches need not be marked twice
	for from := 0; len(needle) <= len(hay); {
		i := strings.Index(hay[from:], needle)
		if i < 0 {
			break
		}
		if covered == nil {
			covered = make([]bool, len(hay))
		}
		for j := max(marked, from+i); j < from+i+len(needle); j++ {
			covered[j] = true
		}
		marked = from + i + len(needle)
		from += i + 1
	}
	return covered
}

// lowerASCII keeps every byte in its place, which strings.ToLower does not:
// positions found in the result are positions in s.
func lowerASCII(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' })
	if i < 0 {
		return s
	}
	b := []byte(s)
	for ; i < len(b); i++ {
		b[i] = lowerByte(b[i])
	}
	return string(b)
}
