package testkit

import (
	"fmt"
	"regexp"
	"strings"
)

// Wording returns what is wrong with the numbers in a text that a person reads, or in
// JSON: 1 events, 3 event, a time that is not in UTC with a Z, a duration without its
// unit. Nouns that it does not know are let through.
func Wording(text string) []string {
	var found []string
	fault := func(at []int, format string, args ...any) {
		from, to := max(0, at[0]-30), min(len(text), at[1]+20)
		found = append(found, fmt.Sprintf("%q: %s", strings.ToValidUTF8(text[from:to], ""), fmt.Sprintf(format, args...)))
	}
	for _, m := range counted.FindAllStringSubmatchIndex(text, -1) {
		before, number, first, noun := text[max(0, m[0]-12):m[2]], text[m[2]:m[3]], text[m[4]:m[5]], text[m[6]:m[7]]
		if places.MatchString(before) || strings.HasPrefix(text[m[1]:], "=") { // a field of a log line
			continue
		}
		following := strings.TrimLeft(text[m[1]:min(len(text), m[1]+16)], " ")
		switch singular := Nouns[noun]; {
		case singular && number != "1" && !compound.MatchString(following):
			fault(m, "%s %s%s", number, first, noun)
		case !singular && number == "1" && IsPlural(noun):
			fault(m, "%s %s%s", number, first, noun)
		case number == "1" && (noun == "are" || noun == "were" || noun == "have"):
			fault(m, "%s %s", number, noun)
		}
	}
	times(text, fault)
	return found
}

// times finds times that are not in UTC with a Z, and durations without a unit.
func times(text string, fault func(at []int, format string, args ...any)) {
	for _, m := range dated.FindAllStringSubmatchIndex(text, -1) {
		if m[2] < 0 || text[m[2]:m[3]] != "Z" {
			fault(m, "a time that is not in UTC with a Z")
		}
	}
	for _, m := range bare.FindAllStringSubmatchIndex(text, -1) {
		fault(m, "a duration without a unit")
	}
	for _, m := range timed.FindAllStringSubmatchIndex(text, -1) {
		if !unit.MatchString(text[m[2]:m[3]]) {
			fault(m, "a duration whose name lacks its unit")
		}
	}
}

var (
	counted = regexp.MustCompile(`(?:^|[^\w.,:/+–-])(\d[\d,]*) ((?:more |open |new |other |dead |hex |printable )?)([a-z]+)\b`)
	// places end what comes before a number that counts nothing.
	places = regexp.MustCompile(`(?i)\b(rfc|iso|kip|partitions?|offsets?|lines?|status|version|id|ids|column|port|page|step|part|row|seed|character|exit|answers|code|account|profile|to|and|than|of|http) ?$`)
	// compound begins what follows the first part of a word of two: 3 event ids.
	compound = regexp.MustCompile(`^([a-z]+s|type|id)\b`)
	dated    = regexp.MustCompile(`\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(Z|[+-]\d\d:?\d\d| ?UTC)?`)
	bare     = regexp.MustCompile(`\b(?:after|within|every|took|takes|lasted|lasts|waited|waits|older than|younger than) \d+(?:\.\d+)?(?:[,;)"\n]|[.:](?:\s|$)|$)`)
	timed    = regexp.MustCompile(`(?i)"([a-z_]*(?:duration|elapsed|took|latency|timeout|uptime|delay|patience))":\s*\d`)
	unit     = regexp.MustCompile(`(?i)(_s|_ms|_us|_ns|seconds|millis|micros|nanos)$`)
)

// Nouns are what the program counts, in the singular.
var Nouns = func() map[string]bool {
	all := make(map[string]bool)
	for noun := range strings.FieldsSeq(`account alias attempt attribute batch broker byte case certificate
		character condition connection conversion copy core cpu day decimal digit duplicate entry error event
		failure field file finding group handle header hour id identifier item key lane letter level line list member
		message minute mistake name node offset other page part partition people person place problem profile
		proof question receipt record redrive refusal region replica request retry round row rule run sample
		schema second send source state step test time timeout token topic try type value verdict version word world`) {
		all[noun] = true
	}
	return all
}()

// IsPlural reports whether a word is the plural of a noun.
func IsPlural(word string) bool {
	one, ok := strings.CutSuffix(word, "s")
	if !ok {
		return false
	}
	y, isY := strings.CutSuffix(word, "ies")
	return Nouns[one] || isY && Nouns[y+"y"] || Nouns[strings.TrimSuffix(one, "e")]
}
