package redact

import (
	"slices"
	"strings"
)

// masks are the words that stand in brackets for what was there.
var masks = []string{"secret", "identifier", "credentials", "token", "amazon-id", "masked", "email", "uuid", "hash", "number"}

// rule is one kind of secret or identifier. The order of rules matters: the
// wider forms that contain narrower ones come first.
type rule struct {
	find *pattern
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
	terminalSequences = lazily(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)`)
	ampersands        = lazily(`&(amp;|#38;|#0*38;|#[xX]0*26;)+`)

	email = lazily(`(?:` + quotedText + `|` + local + `)` + at + behind)
	// besideNumber is an address with the groups of a number right before its first digit
	// or right behind its last one. Taken alone it would take a part of a phone number
	// along, and what is left of that is too short to be known as one.
	besideNumber = lazily(
		local + `\+?\(?(?:\d+` + gaps + `{1,4})+\d` + inner + at + `(?:` + numbered + `|` + behind + `)|` +
			`(?:` + quotedText + `|` + local + `)` + at + numbered)
	// address is an email in a sentence of ours, whose @ may stand before an
	// offset.
	address = lazily(mailText + `+@` + mailText + `+\.` + mailText + `+`)
	hash    = lazily(`[0-9a-fA-F]{32,}`)
	uuid    = lazily(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	groups  = lazily(`[0-9a-fA-F]{2,16}(?:[ :._-][0-9a-fA-F]{2,16}){3,}`)
	// loose is a digest in groups of any length, with anything between them that
	// strangers write there. Of what it finds, only what has enough digits of both
	// kinds is a digest: sentences are full of numbers and of words such as "a".
	// The neighbouring groups of a number go with it: alone they could be too few to be recognised.
	loose   = lazily(`(?:\+?\(?\d+` + gaps + `{1,4})*(?:0[xX])?[0-9a-fA-F]{1,31}(?:[ :.,;_|/*~·•\-]{1,3}(?:0[xX])?[0-9a-fA-F]{1,31})+(?:` + gaps + `{1,4}\d+)*`)
	phone   = lazily(`\+?\(?\d(?:` + gaps + `{0,4}\d){6,}`)
	chain   = lazily(`\d+(?::\d+)+`) // with fewer digits it is a time
	colons  = lazily(`(?:\d+` + gaps + `{1,4})*` + chain.String() + `(?:` + gaps + `{1,4}\d+)*`)
	day     = lazily(`^\(?(19|20)\d{2}-(0[1-9]|1[0-2])-([0-2]\d|3[01])( [0-2]\d)?$`)
	letters = lazily(`(?i)^(bearer|basic)\s+[a-z]+$`)
)

// No rule needs what stands before a secret to be no letter or digit: it may be the
// last of a number, which is gone when that is masked.
var rules = []rule{
	{find: lazily(`://[^\s"'<>]*@`), mask: "://[credentials]@", hints: []string{"://"}},
	{find: lazily(`(?i)((?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:(?:bearer|basic|digest|negotiate)\s+)?[^\s"'<>,;&]+`), mask: "$1[credentials]", hints: []string{"authorization"}},
	// "Bearer token expired" is a message, not a secret.
	{find: lazily(`(?i)(bearer|basic)\s+[\w.~+/|=-]{8,}`), mask: "[credentials]", keep: letters.MatchString, hints: []string{"bearer", "basic"}},
	{find: lazily(`(?i)atz[a-z]\|[^\s"'<>,;&]*`), mask: "[token]", hints: []string{"|"}},
	{find: lazily(`(?i)amzn1\.[^\s"'<>,;&]*`), mask: "[amazon-id]", keep: isPrefix, hints: []string{"amzn1."}},
	{find: lazily(`(?:\beyJ[\w-]+|eyJ[\w-]{6,})(\.[\w-]*)*`), mask: "[token]", hints: []string{"eyj"}},
	// As they stand in URLs and in payloads. A bare colon is not enough: it is
	// how "clickId: must not be blank" begins.
	{find: lazily(`(?i)(click_?id|refresh_?token|access_?token|client_?secret|password|passwd|api_?key)(=|"?\s*=\s*"?|"\s*:\s*")[^\s"'<>,;&]+`), mask: "$1$2[masked]", hints: []string{"=", `"`}},
	// With the name before it that an address book has, or behind it in brackets.
	{find: lazily(`(?:(?:` + quotedText + `|[\pL\pM.'’-]+(?:[ +][\pL\pM.'’-]+){0,2})[ +]?)?<` + email.String() + `>`), mask: "<[email]>", guess: true, hints: []string{"@"}},
	{find: besideNumber, mask: "[email]", guess: true, digits: 2, hints: []string{"@"}},
	{find: lazily(email.String() + `(?:[ +]?\([^()@]{1,64}\))?`), mask: "[email]", guess: true, hints: []string{"@"}},
	{find: address, mask: "[email]", hints: []string{"@"}},
	// As people write it where programs look for addresses.
	{find: lazily(`(?i)` + mailText + `+ ?[(\[{<] ?at ?[)\]}>] ?` + mailText + `+(?: ?[(\[{<] ?dot ?[)\]}>] ?` + mailText + `+)*`), mask: "[email]", guess: true, hints: []string{"at"}},
	{find: uuid, mask: "[uuid]", hints: []string{"-"}},
	// Decimal digits alone are a number, of which strangers' are masked below.
	{find: hash, mask: "[hash]", keep: func(m string) bool { return countDigits(m) == len(m) }},
	{find: loose, mask: "[hash]", guess: true, digits: leastOfKind, keep: func(m string) bool { return !looseDigest(m) }},
	{find: groups, mask: "[hash]", hints: []string{" ", ":", ".", "_", "-"}, keep: func(m string) bool { return !looseDigest(m) }},
	{find: colons, mask: "[number]", guess: true, digits: 7, keep: ofTimes, hints: []string{":"}},
	{find: phone, mask: "[number]", keep: day.MatchString, guess: true, digits: 7},
}

// isPrefix reports whether an id of Amazon's is only what all of its kind begin with, which
// errors ask for.
func isPrefix(id string) bool {
	switch strings.TrimRight(id, ".:…") {
	case "amzn1.ads1.ma1", "amzn1.adm.ds1.evnt1", "amzn1.application-oa2-client":
		return true
	}
	return false
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
