// Package redact takes out of text what could name a person or open an account.
//
// Three kinds of text leave the process. What a stranger says (Amazon, a proxy, a
// registry, a broker, the author of a schema) passes through Message or Text, an
// error of a library through Error, as soon as it comes: everything in it that
// could be an identifier or a secret is masked, however it is spelled. A sentence
// of our own that has such parts in it is not masked again, or it would lose its
// numbers; Own looks only for what no sentence of ours has. And whatever is
// written to the log goes through Writer, which knows this process's secrets.
package redact

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// MessageLimit is how many bytes of a stranger's words are kept: enough for any
// validation message, too few to store a payload that was echoed whole.
const MessageLimit = 1024

// WordLimit is how many bytes are kept of what ought to be a word: a code, the path
// of a field.
const WordLimit = 128

const (
	// inputLimit bounds what is searched. Masks are shorter than what they
	// replace, so more than MessageLimit has to be read for that much to remain.
	inputLimit = 16 << 10
	// ownLimit bounds a sentence of ours: all that is wrong with a file.
	ownLimit = 4 << 10
	// longestIdentifier is how long what is masked can be. What is longer, and made
	// of words, is known by its beginning.
	longestIdentifier = 512
)

// masks are the words that stand in brackets for what was there.
var masks = []string{"secret", "identifier", "credentials", "token", "amazon-id", "masked", "email", "uuid", "hash", "number"}

// rule is one kind of secret or identifier. The order of rules matters: the
// wider forms that contain narrower ones come first.
type rule struct {
	find *regexp.Regexp
	mask string
	keep func(match string) bool // nil keeps nothing
	// guess: what is found can be something else. Sentences of ours are full of
	// numbers.
	guess bool
	// hints are what a match has one of, in lower case, and digits how many decimal
	// digits it has at least: most sentences have neither, and need not be searched.
	hints  []string
	digits int
}

// hinted reports whether a rule can match a text, which is in lower case.
func (r *rule) hinted(lower string, digits int) bool {
	return digits >= r.digits && (r.hints == nil || slices.ContainsFunc(r.hints, func(h string) bool { return strings.Contains(lower, h) }))
}

// The characters of an address. What delimits an address in a message is not
// among them, though addresses may have it.
const (
	mailText   = `[^\s"'<>(),;:=\[\]{}@&]`
	quotedText = `"[^"\n]{1,64}"`
	comment    = `(?:\([^()@]{1,64}\))?`
	// local is what stands before the @. What is before = is part of it if what follows
	// has a domain of its own, as in the return addresses of mailing lists.
	local  = `(?:` + mailText + `+=` + mailText + `+\.)?` + inner
	inner  = `(?:` + mailText + `|\b['&]\b)*`
	at     = comment + `(?: ?|\+)@(?: ?|\+)` + comment // a comment may stand on either side
	behind = `(?:` + mailText + `+|\[(?:IPv6:)?[0-9a-fA-F:.]{3,64}\])`
	// numbered is a domain that ends in a digit, with groups of digits behind it.
	numbered = mailText + `*\d(?:` + gaps + `{1,4}\d+)+`
	// gaps may stand between the digits of a phone number.
	gaps = `[\s().,;_|*~\-+/·•'’⁄∕]`
)

var (
	terminalSequences = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)`)
	ampersands        = regexp.MustCompile(`&(amp;|#38;|#0*38;|#[xX]0*26;)+`)

	email = regexp.MustCompile(`(?:` + quotedText + `|` + local + `)` + at + behind)
	// besideNumber is an address with the groups of a number right before its first digit
	// or right behind its last one. Taken alone it would take a part of a phone number
	// along, and what is left of that is too short to be known as one.
	besideNumber = regexp.MustCompile(
		local + `\+?\(?(?:\d+` + gaps + `{1,4})+\d` + inner + at + `(?:` + numbered + `|` + behind + `)|` +
			`(?:` + quotedText + `|` + local + `)` + at + numbered)
	// address is an email in a sentence of ours, whose @ may stand before an
	// offset.
	address = regexp.MustCompile(mailText + `+@` + mailText + `+\.` + mailText + `+`)
	hash    = regexp.MustCompile(`[0-9a-fA-F]{32,}`)
	uuid    = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	groups  = regexp.MustCompile(`[0-9a-fA-F]{2,16}(?:[ :._-][0-9a-fA-F]{2,16}){3,}`)
	// loose is a digest in groups of any length, with anything between them that
	// strangers write there. Of what it finds, only what has enough digits of both
	// kinds is a digest: sentences are full of numbers and of words such as "a".
	// The groups of a number beside it go along: alone they could be too few to be known.
	loose   = regexp.MustCompile(`(?:\+?\(?\d+` + gaps + `{1,4})*(?:0[xX])?[0-9a-fA-F]{1,31}(?:[ :.,;_|/*~·•\-]{1,3}(?:0[xX])?[0-9a-fA-F]{1,31})+(?:` + gaps + `{1,4}\d+)*`)
	phone   = regexp.MustCompile(`\+?\(?\d(?:` + gaps + `{0,4}\d){6,}`)
	chain   = regexp.MustCompile(`\d+(?::\d+)+`) // with fewer digits it is a time
	colons  = regexp.MustCompile(`(?:\d+` + gaps + `{1,4})*` + chain.String() + `(?:` + gaps + `{1,4}\d+)*`)
	day     = regexp.MustCompile(`^(19|20)\d{2}-(0[1-9]|1[0-2])-([0-2]\d|3[01])( [0-2]\d)?$`)
	letters = regexp.MustCompile(`(?i)^(bearer|basic)\s+[a-z]+$`)
)

// No rule needs what stands before a secret to be no letter or digit: it may be the
// last of a number, which is gone when that is masked.
var rules = []rule{
	{find: regexp.MustCompile(`://[^\s"'<>]*@`), mask: "://[credentials]@", hints: []string{"://"}},
	{find: regexp.MustCompile(`(?i)((?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:(?:bearer|basic|digest|negotiate)\s+)?[^\s"'<>,;&]+`), mask: "$1[credentials]", hints: []string{"authorization"}},
	// "Bearer token expired" is a message, not a secret.
	{find: regexp.MustCompile(`(?i)(bearer|basic)\s+[\w.~+/|=-]{8,}`), mask: "[credentials]", keep: letters.MatchString, hints: []string{"bearer", "basic"}},
	{find: regexp.MustCompile(`(?i)atz[a-z]\|[^\s"'<>,;&]*`), mask: "[token]", hints: []string{"|"}},
	{find: regexp.MustCompile(`(?i)amzn1\.[^\s"'<>,;&]*`), mask: "[amazon-id]", hints: []string{"amzn1."}},
	{find: regexp.MustCompile(`(?:\beyJ[\w-]+|eyJ[\w-]{6,})(\.[\w-]*)*`), mask: "[token]", hints: []string{"eyj"}},
	// As they stand in URLs and in payloads. A bare colon is not enough: it is
	// how "clickId: must not be blank" begins.
	{find: regexp.MustCompile(`(?i)(click_?id|refresh_?token|access_?token|client_?secret|password|passwd|api_?key)(=|"?\s*=\s*"?|"\s*:\s*")[^\s"'<>,;&]+`), mask: "$1$2[masked]", hints: []string{"=", `"`}},
	// With the name before it that an address book has, or behind it in brackets.
	{find: regexp.MustCompile(`(?:(?:` + quotedText + `|[\pL\pM.'’-]+(?:[ +][\pL\pM.'’-]+){0,2})[ +]?)?<` + email.String() + `>`), mask: "<[email]>", guess: true, hints: []string{"@"}},
	{find: besideNumber, mask: "[email]", guess: true, digits: 2, hints: []string{"@"}},
	{find: regexp.MustCompile(email.String() + `(?:[ +]?\([^()@]{1,64}\))?`), mask: "[email]", guess: true, hints: []string{"@"}},
	{find: address, mask: "[email]", hints: []string{"@"}},
	// As people write it where programs look for addresses.
	{find: regexp.MustCompile(`(?i)` + mailText + `+ ?[(\[{<] ?at ?[)\]}>] ?` + mailText + `+(?: ?[(\[{<] ?dot ?[)\]}>] ?` + mailText + `+)*`), mask: "[email]", guess: true, hints: []string{"at"}},
	{find: uuid, mask: "[uuid]", hints: []string{"-"}},
	// Decimal digits alone are a number, of which strangers' are masked below.
	{find: hash, mask: "[hash]", keep: func(m string) bool { return countDigits(m) == len(m) }},
	{find: loose, mask: "[hash]", guess: true, digits: leastOfKind, keep: func(m string) bool { return !looseDigest(m) }},
	{find: groups, mask: "[hash]", hints: []string{" ", ":", ".", "_", "-"}, keep: func(m string) bool { return !looseDigest(m) }},
	{find: colons, mask: "[number]", guess: true, digits: 7, keep: ofTimes, hints: []string{":"}},
	{find: phone, mask: "[number]", keep: day.MatchString, guess: true, digits: 7},
}

// leastOfKind is how many letters, and how many decimal digits, a digest has. One in
// a million of random MD5 sums has fewer letters.
const leastOfKind = 4

// looseDigest reports whether what is in groups has the digits of an MD5 sum or more:
// a list of partitions has decimal ones alone.
func looseDigest(m string) bool {
	digits, letters := countDigits(m), 0
	for i := range len(m) {
		switch c := lowerByte(m[i]); {
		case c == 'x':
			digits-- // the 0 before it
		case c >= 'a' && c <= 'f':
			letters++
		}
	}
	return letters >= leastOfKind && digits >= leastOfKind && letters+digits >= 32
}

// ofTimes reports whether what has colons between its digits may be a time, with other
// numbers beside it: those of a phone number would be left alone without it.
func ofTimes(m string) bool {
	return !slices.ContainsFunc(chain.FindAllString(m, -1), func(c string) bool { return countDigits(c) >= 7 })
}

// apply applies the rules to text that is normalised.
func apply(s string, guess bool) string {
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
	s, whole := normal(s)
	return ended(masked(s, nil), whole)
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
	s, whole := normal(s)
	return Line(ended(masked(s, spellings(identifiers)), whole), MessageLimit)
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
func Known(s string, identifiers ...string) string { return maskAll(s, spellings(identifiers)) }

// Own makes a sentence that our code has put together fit to show. What a stranger
// said in it has been masked before, so that only secrets and what no sentence of
// ours has by rights are looked for: numbers, ids of schemas and offsets stay.
func Own(s string) string {
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
func Line(s string, limit int) string {
	if len(s) <= limit && visibleASCII(s) && !strings.Contains(s, "  ") {
		return strings.Trim(s, " ")
	}
	if strings.Contains(s, "\x1b") {
		s = terminalSequences.ReplaceAllString(s, "")
	}
	var b strings.Builder
	gap := false
	for _, r := range s {
		if r = seen(r); r < 0 {
			continue
		}
		if r == ' ' {
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
