package transform

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

const (
	// maxPhone is in bytes; what is longer is text that has a number in it.
	maxPhone = 100
	// maxPhoneDigits is the most digits of a calling code and a national
	// number that the library takes: 3 and 17.
	maxPhoneDigits = 20
	// E.164 has at most 15 digits, and no country's numbers are so short that
	// with the calling code they have less than 7.
	minE164, maxE164 = 7, 15
)

// appendPhone appends the normalised form of a trimmed number: the digits with
// the calling code in front, and a + before them by the plain rules. region is
// the event's country or empty. ok is false when s cannot be a phone number.
//
// A number is judged by its length for its country and not by whether it is
// assigned: assignments change faster than any table of them, and a wrong "no"
// loses a match while a wrong "yes" loses nothing.
func (t *Transformer) appendPhone(dst []byte, s, region string) (normal []byte, ok bool) {
	if len(s) > maxPhone {
		return dst, false
	}
	if t.rules == RulesPlain {
		dst = append(dst, '+')
	}
	var buf [maxPhoneDigits]byte
	digits, plus, plain := scanPhone(buf[:0], s)
	home := t.dialing.region(region)
	switch {
	case !plain:
	case plus:
		dst, ok = t.dialing.appendInternational(dst, digits)
	case home == nil:
		return appendUnplaced(dst, s)
	default:
		dst, ok = home.appendNational(dst, digits)
	}
	if ok {
		return dst, true
	}
	if dst, ok = appendParsed(dst, s, region, false); ok || plain && plus {
		return dst, ok
	}
	if !plain {
		if home != nil {
			return dst, false
		}
		return appendUnplaced(dst, s)
	}
	// No number of its country. 00 says "international" in most of the world,
	// if not in this country; and databases keep numbers of travellers and
	// emigrants with the calling code but without the +. The second is a guess,
	// so only an assigned number is taken for it.
	trimmed := trimZeros(digits)
	full := "+" + string(trimmed)
	return appendParsed(dst, full, "", len(digits)-len(trimmed) < 2)
}

// scanPhone appends the digits of s to dst. plain is false when there is more
// to s than ASCII digits, a + before them and the usual punctuation between
// them: letters, extensions, digits of other scripts, or too many digits. Those
// are left to the library.
func scanPhone(dst []byte, s string) (digits []byte, plus, plain bool) {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if len(dst) == cap(dst) {
				return dst, plus, false
			}
			dst = append(dst, c)
		case c == '+':
			if plus || len(dst) > 0 {
				return dst, plus, false
			}
			plus = true
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/':
		default:
			return dst, plus, false
		}
	}
	return dst, plus, len(dst) > 0
}

// appendUnplaced appends the digits of a number of which nothing is known but
// its digits: no country to place it in, and no + that would say it begins with
// a calling code. Leading zeros go, as Amazon's own tag has it.
func appendUnplaced(dst []byte, s string) ([]byte, bool) {
	start := len(dst)
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			d := asciiDigit(r)
			if d == '0' && len(dst) == start {
				continue
			}
			dst = append(dst, d)
		case r == utf8.RuneError || unicode.IsLetter(r):
			return dst[:start], false
		}
		if len(dst)-start > maxE164 {
			return dst[:start], false
		}
	}
	if len(dst)-start < minE164 {
		return dst[:start], false
	}
	return dst, true
}

// asciiDigit gives the digit of any script. Unicode keeps the ten digits of a
// script together and in order, so the distance to the first is the value.
func asciiDigit(r rune) byte {
	if r < utf8.RuneSelf {
		return byte(r)
	}
	zero := r
	for unicode.IsDigit(zero-1) && r-zero < 9 {
		zero--
	}
	return byte('0' + r - zero)
}

// appendParsed is the library's reading of s: thorough, and a hundred times as
// dear as the paths above, which is why it comes last. With assigned set, only
// numbers in assigned ranges are taken.
//
// Numbers that work only inside one area code are not taken: the caller's area
// is not known, and without it the same digits belong to hundreds of people.
func appendParsed(dst []byte, s, region string, assigned bool) (normal []byte, ok bool) {
	start := len(dst)
	// The library runs regular expressions over text from strangers and has
	// panicked on some (fixed in its 1.8.1). One odd number must not end the
	// process, to be read again by the next one and end that.
	defer func() {
		if recover() != nil {
			normal, ok = dst[:start], false
		}
	}()
	n, err := phonenumbers.Parse(s, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE ||
		n.GetNationalNumber() == 0 || assigned && !phonenumbers.IsValidNumber(n) {
		return dst[:start], false
	}
	return append(strconv.AppendInt(dst, int64(n.GetCountryCode()), 10), phonenumbers.GetNationalSignificantNumber(n)...), true
}

func trimZeros(digits []byte) []byte {
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
	}
	return digits
}
