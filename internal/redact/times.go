package redact

import (
	"strings"
)

// timestamp is a date with the time of day, in ISO 8601's extended form: no number of a
// phone is written so.
var timestamp = lazily(`(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:[0-2]\d|3[01])[Tt ](?:[01]\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?(?:[Zz]|[+-][01]\d(?::?[0-5]\d)?)?`)

// firstPlace stands for the first timestamp. Private use never occurs in text that is
// normalised.
const (
	firstPlace = '\ue000'
	maxTimes   = 100
)

// withoutTimes puts a sign in place of each timestamp, so that no pattern takes a part
// of one for a number. Digits next to one are part of it or of something else.
func withoutTimes(s string) (text string, times []string) {
	if strings.IndexByte(s, ':') < 0 {
		return s, nil
	}
	var b strings.Builder
	from := 0
	for _, at := range timestamp.FindAllStringIndex(s, maxTimes) {
		if at[0] > 0 && isWord(s[at[0]-1]) || at[1] < len(s) && isWord(s[at[1]]) {
			continue
		}
		b.WriteString(s[from:at[0]])
		b.WriteRune(firstPlace + rune(len(times)))
		times = append(times, s[at[0]:at[1]])
		from = at[1]
	}
	if times == nil {
		return s, nil
	}
	return b.String() + s[from:], times
}

// withTimes puts them back, those that are not masked with what was around them.
func withTimes(s string, times []string) string {
	var b strings.Builder
	for _, r := range s {
		if n := int(r - firstPlace); n >= 0 && n < len(times) {
			b.WriteString(times[n])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
