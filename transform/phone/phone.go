package phone

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

const (
	// maxText is in bytes; longer text contains a number rather than being one.
	maxText = 100
	// maxPhoneDigits is the most digits that the library accepts in a calling code and a
	// national number: 3 and 17.
	maxPhoneDigits = 20
	// maxE164 is the most digits that ITU-T E.164 allows a calling code and a national number
	// together. The library accepts longer ones, which reach nobody.
	maxE164 = 15
	// minBare is the fewest digits accepted as a number with its calling code if nothing says
	// that they begin with one. Shorter ones are national numbers of many countries, the
	// United States among them.
	minBare = 11
)

// Append appends the normalised form of a trimmed number: its digits with the calling code in
// front and no +. region is the event's country or empty. ok is false if s is not a phone number
// or could be more than one: the hash of a wrong number is another person's.
//
// A number whose country is certain is judged by its length, not by whether it is assigned:
// assignments change faster than any table of them. Assignment decides only if the same digits
// can be read in two ways.
func (d *Plans) Append(dst []byte, s, region string) (normal []byte, ok bool) {
	if len(s) > maxText {
		return dst, false
	}
	var buf [maxPhoneDigits]byte
	digits, plus, plain := scanPhone(&buf, s)
	home := d.region(region)
	switch {
	case !plain:
		return d.appendWritten(dst, s, home)
	case plus:
		normal, ok = d.appendInternational(dst, digits)
	case home != nil:
		if d.isTwofold(digits, s, home) {
			return dst, false
		}
		normal, ok = d.appendNational(dst, digits, home)
	}
	if ok {
		return normal, true
	}
	return d.appendUnclear(dst, digits, plus, home)
}

// zeroTwice begins a number with two trunk prefixes, or with the international prefix 00 in an
// unusual spelling; nothing shows which.
const zeroTwice = "0 0"

// mark is what a byte of a number's text is.
type mark uint8

const (
	markOther mark = iota // needs a closer look
	markDigit
	markGap  // between groups of digits, whatever is beside it
	markPlus // allowed once, at the beginning
	markDash // - or .: three in a row stand for masked digits
	markOpen // (
)

var marks = func() (all [256]mark) {
	for c := '0'; c <= '9'; c++ {
		all[c] = markDigit
	}
	all[' '], all[')'], all['+'], all['-'], all['.'], all['('] = markGap, markGap, markPlus, markDash, markDash, markOpen
	return all
}()

// scanPhone copies the digits of s to dst. plain is false if s has more than ASCII digits, a +
// before them and the usual punctuation between them, or if the punctuation may have a meaning:
// a zero in parentheses, zeros after a point, a slash, parentheses at the end, dots in place of
// masked digits.
func scanPhone(dst *[maxPhoneDigits]byte, s string) (digits []byte, plus, plain bool) {
	n := 0
	for i := range len(s) {
		c := s[i]
		switch marks[c] {
		case markDigit:
			if n == len(dst) {
				return nil, plus, false
			}
			dst[n] = c
			n++
		case markGap:
		case markDash:
			if i > 1 && s[i-1] == c && s[i-2] == c {
				return nil, plus, false
			}
		case markPlus:
			if plus || n > 0 {
				return nil, plus, false
			}
			plus = true
		case markOpen:
			if optionalZero(s[i+1:]) {
				return nil, plus, false
			}
		default:
			return nil, plus, false
		}
	}
	if n == 0 || s[0] == '0' && strings.HasPrefix(s, zeroTwice) {
		return nil, plus, false
	}
	switch last := s[len(s)-1]; last {
	case '0':
		return dst[:n], plus, !endsInZeros(s)
	case '.', ')', '-':
		return nil, plus, false
	}
	return dst[:n], plus, true
}

// appendUnclear appends a number that the shortcuts cannot read.
func (d *Plans) appendUnclear(dst, digits []byte, plus bool, home *plan) (normal []byte, ok bool) {
	switch {
	case plus:
		return d.appendAbroad(dst, digits)
	case beginsWithZeros(digits) || home != nil && home.abroad.match(digits) != 0:
		return d.appendDialled(dst, digits, home)
	case home == nil:
		return d.appendBare(dst, digits)
	case d.isDialled(digits, home) || d.hasStray(digits, home):
		return dst, false
	}
	if p, national := d.split(digits); p != nil {
		switch {
		case p.code == home.code:
			if normal, ok, known := home.appendOwn(dst, digits, national); known {
				return normal, ok
			}
		case len(digits) >= minBare && isAssigned("+"+string(digits), ""):
			// Databases keep numbers of travellers and emigrants with the calling code
			// but without the +.
			if home.assigned().all(digits) {
				return dst, false
			}
			return d.appendAbroad(dst, digits)
		}
	}
	normal, ok = d.appendParsed(dst, string(digits), home.region)
	if ok && d.elsewhere(digits, home) {
		return dst, false
	}
	return normal, ok
}

// beginsWithZeros reports whether digits begin with the international prefix 00.
func beginsWithZeros(digits []byte) bool {
	return len(digits) > 2 && digits[0] == '0' && digits[1] == '0'
}

// appendAbroad appends a number that begins with its calling code.
func (d *Plans) appendAbroad(dst, digits []byte) (normal []byte, ok bool) {
	if normal, ok = d.appendInternational(dst, digits); ok {
		return normal, true
	}
	if p, _ := d.split(digits); p == nil { // the library would read it as a national one
		return dst, false
	}
	return d.appendParsed(dst, "+"+string(digits), "")
}

// appendDialled appends a number that begins with an international prefix, of its country or
// another: numbers are stored with 00 even in countries that dial something else. In some of
// those, a carrier's code follows 00, or national numbers begin with it.
func (d *Plans) appendDialled(dst, digits []byte, home *plan) (normal []byte, ok bool) {
	var own int
	if home != nil {
		own = home.abroad.match(digits)
	}
	if home != nil && home.isBehindZero(digits) {
		return dst, false
	}
	const usual = 2
	if beginsWithZeros(digits) && (own == usual || home == nil) {
		return d.appendBehindZeros(dst, digits[usual:])
	}
	var candidates [3][]byte
	n := 0
	if own > 0 {
		candidates[n], n = digits[own:], n+1
	}
	if beginsWithZeros(digits) {
		candidates[n], n = digits[usual:], n+1
	}
	if own != len(northAmerica) && bytes.HasPrefix(digits, []byte(northAmerica)) {
		candidates[n], n = digits[len(northAmerica):], n+1
	}
	if isAssigned(string(digits), home.region) {
		return dst, false
	}
	only := d.onlyAssigned(candidates[:n])
	if only == nil {
		return dst, false
	}
	return d.appendAbroad(dst, only)
}

// appendBehindZeros appends a number that followed 00, where that is the prefix.
func (d *Plans) appendBehindZeros(dst, digits []byte) (normal []byte, ok bool) {
	p, national := d.split(digits)
	if p == nil {
		return dst, false
	}
	bare := p.main.cutTrunk(national)
	if len(digits) < minBare && !p.main.assigned().all(bare) {
		return dst, false // more likely a superfluous zero before a national number
	}
	if d.longerDialled(digits) && !isAssigned("+"+p.code+string(bare), "") {
		return dst, false
	}
	return d.appendAbroad(dst, digits)
}

// onlyAssigned returns the candidate that is an assigned number, nil if there is none or more
// than one.
func (d *Plans) onlyAssigned(candidates [][]byte) (only []byte) {
	for _, c := range candidates {
		p, national := d.split(c)
		if p == nil {
			continue
		}
		if len(candidates) == 1 && p.main.assigned().all(p.main.cutTrunk(national)) || isAssigned("+"+string(c), "") {
			if only != nil {
				return nil
			}
			only = c
		}
	}
	return only
}

// northAmerica is North America's international prefix.
const northAmerica = "011"

// longerDialled reports whether more digits of an international prefix follow the 00, as in
// Australia (0011), Thailand (001) and Brazil (0015, by carrier), before an assigned number. The
// length nearly always shows that this is not so.
func (d *Plans) longerDialled(digits []byte) bool {
	for more := range 2 {
		rest := digits[more+1:]
		if p, national := d.split(rest); p != nil && p.lengths.has(len(national)) && p.assigned().all(national) && isAssigned("+"+string(rest), "") {
			return true
		}
	}
	return false
}

// appendBare appends a number whose country is unknown: neither the event nor a + or 00 names
// it. It is accepted if it is long enough to begin with its calling code and is assigned under
// that. A leading zero begins a national number of some country; without it, the rest would be
// a number of another country.
func (d *Plans) appendBare(dst, digits []byte) (normal []byte, ok bool) {
	if len(digits) < minBare || digits[0] == '0' {
		return dst, false
	}
	p, national := d.split(digits)
	if p == nil || !p.main.assigned().all(p.main.cutTrunk(national)) {
		return dst, false
	}
	return d.appendAbroad(dst, digits)
}

// isAssigned reports whether the library knows s as an assigned number of the region,
// or of any region if s begins with a +. It is slow.
func isAssigned(s, region string) (yes bool) {
	defer func() {
		if recover() != nil { // see appendParsed
			yes = false
		}
	}()
	n, err := phonenumbers.Parse(s, region)
	return err == nil && phonenumbers.IsValidNumber(n) && (region == "" || phonenumbers.IsValidNumberForRegion(n, region))
}

// appendParsed is the library's reading of s, which is digits with or without a + before them:
// thorough, and about 100 times slower than the paths above, so it comes last.
//
// Numbers that work only inside one area code are refused: the caller's area is unknown, and
// without it the same digits belong to hundreds of people.
func (d *Plans) appendParsed(dst []byte, s, region string) (normal []byte, ok bool) {
	start := len(dst)
	// The library runs regular expressions over text from outside and has panicked on some
	// (fixed in its 1.8.1). One odd number must not end this process, and then every process
	// that reads it next.
	defer func() {
		if recover() != nil {
			normal, ok = dst[:start], false
		}
	}()
	n, err := phonenumbers.Parse(s, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE || n.GetNationalNumber() == 0 {
		return dst[:start], false
	}
	code, national := int(n.GetCountryCode()), []byte(phonenumbers.GetNationalSignificantNumber(n))
	if p := d.codes[code]; p == nil || p.strayZero(national) || p.doubtful(national) {
		return dst[:start], false
	}
	return append(strconv.AppendInt(dst, int64(code), 10), national...), true
}

func trimZeros(digits []byte) []byte {
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
	}
	return digits
}
