package phone

import (
	"bytes"

	"github.com/nyaruka/phonenumbers"
)

// appendNational appends a number without a + in its country, unless it may be one of another
// country.
func (d *Plans) appendNational(dst, digits []byte, home *plan) (normal []byte, ok bool) {
	normal, ok = home.appendNational(dst, digits)
	if ok && d.elsewhere(digits, home) {
		return dst, false
	}
	return normal, ok
}

// elsewhere reports whether digits are a number of another country that lost its +, or begin
// with North America's international prefix, and are no number of home. It is slow only for
// the few that another country's number could begin like.
func (d *Plans) elsewhere(digits []byte, home *plan) bool {
	if d.isDialled(digits, home) || d.hasStray(digits, home) {
		return true
	}
	if digits[0] == '0' || bytes.HasPrefix(digits, []byte(home.code)) && !home.lengths.has(len(digits)) {
		return false // a national number, or one with its calling code
	}
	// North America writes national numbers without a prefix. Checking that the area exists
	// is faster than finding out which country's numbers begin that way.
	if home.code == "1" && home.mobile().begins(digits, areaDigits) {
		return false
	}
	return d.onlyAbroad(digits, digits, home)
}

// isDialled reports whether digits begin with North America's 011, or with what a spreadsheet
// leaves of it, before a number of another country.
func (d *Plans) isDialled(digits []byte, home *plan) bool {
	const dialled = len(northAmerica)
	switch {
	case len(digits) <= 2*dialled || digits[1] != '1':
		return false
	case digits[0] == '0' && digits[2] == '1':
		return d.onlyAbroad(digits, digits[3:], home) || d.alsoAbroad(digits, digits[3:], home)
	case digits[0] == '1' && len(digits) >= minBare:
		return d.onlyAbroad(digits, digits[2:], home)
	}
	return false
}

// hasStray reports whether digits are an assigned number with other digits before its calling
// code, and no number of home. Those are a trunk prefix, a 1 that is left of 011 or that North
// America puts there, and the international prefixes of Japan, Russia and Cuba. That digits
// begin with home's own calling code proves nothing: some numbers of most countries begin so.
func (d *Plans) hasStray(digits []byte, home *plan) bool {
	switch digits[0] {
	case '0':
		return d.isStray(digits, 1, home) || bytes.HasPrefix(digits, []byte("010")) && d.isStray(digits, 3, home)
	case '1':
		return d.isStray(digits, 1, home) || bytes.HasPrefix(digits, []byte("119")) && d.isStray(digits, 3, home)
	case '8':
		return bytes.HasPrefix(digits, []byte("810")) && d.isStray(digits, 3, home)
	}
	return false
}

// isStray reports whether the first n of digits are what hasStray looks for.
func (d *Plans) isStray(digits []byte, n int, home *plan) bool {
	p, national := d.split(digits[n:])
	if p == nil {
		return false
	}
	national = p.main.cutTrunk(national)
	// The fastest check comes first.
	if len(national) == 0 || !p.main.lengths.has(len(national)) || !p.main.assigned().all(national) {
		return false
	}
	inside := home.cutTrunk(digits)
	if n == 1 && digits[0] == '0' && p.code != home.code && home.main.assigned().all(inside) {
		return false
	}
	return !isAssigned("+"+home.code+string(inside), "") && isAssigned("+"+p.code+string(national), "")
}

// longest is the maximum number of digits of a national number that is written with a trunk
// prefix. Plans whose numbers have no fixed length allow more, but no such number exists.
const longest = 11

// isTwofold reports whether digits are both a number of home, behind a single zero, and a whole
// number behind a superfluous zero: of a mobile abroad, of any phone abroad if it is too long
// for home, or of home with its calling code. A first group in the text that ends elsewhere than
// the calling code rules that out.
func (d *Plans) isTwofold(digits []byte, text string, home *plan) bool {
	const least = 8 // digits of a number with its calling code
	if digits[0] != '0' || len(digits) <= least || digits[1] == '0' {
		return false
	}
	p, national := d.split(digits[1:])
	if p == nil || !p.main.lengths.has(len(national)) {
		return false
	}
	inside := home.cutTrunk(digits)
	if home.mobile().all(inside) {
		return false
	}
	if n := firstGroup(text); n > 1 && n != 1+len(p.code) && n < len(digits) {
		return false
	}
	switch { // the fastest check first
	case !p.main.assigned().all(national):
		return false
	case p.code == home.code:
		return home.main.lengths.has(len(inside)) && isAssigned("+"+string(digits[1:]), "")
	case len(inside) > longest:
		return isAssigned("+"+string(digits[1:]), "")
	case p.main.shared:
		return isMobile("+" + string(digits[1:]))
	}
	return p.main.mobile().all(national) && isAssigned("+"+string(digits[1:]), "")
}

// isMobile reports whether the library knows s, which begins with a +, as a number of a mobile
// phone, or as one that may be. It is slow.
func isMobile(s string) (yes bool) {
	defer func() {
		if recover() != nil { // see appendParsed
			yes = false
		}
	}()
	n, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return false
	}
	typ := phonenumbers.GetNumberType(n)
	return typ == phonenumbers.MOBILE || typ == phonenumbers.FIXED_LINE_OR_MOBILE
}

// firstGroup returns the number of digits of a text's first group; a zero in parentheses is
// counted with those behind it.
func firstGroup(text string) (n int) {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			n++
		case n > 0 && (n > 1 || c != ')'):
			return n
		}
	}
	return n
}

// isBehindZero reports whether digits are a number of the country with its calling code, behind
// a zero that may also be the beginning of an international prefix there.
func (p *plan) isBehindZero(digits []byte) bool {
	if digits[0] != '0' {
		return false
	}
	national, found := bytes.CutPrefix(digits[1:], []byte(p.code))
	return found && p.main.assigned().all(p.main.cutTrunk(national))
}

// alsoAbroad reports whether abroad, which begins with a calling code, is a number, and digits
// are a number of home by their length, but no mobile. Shorter ones are of towns with area code
// 11, from Buenos Aires to Johannesburg.
func (d *Plans) alsoAbroad(digits, abroad []byte, home *plan) bool {
	const least = 9
	if len(abroad) < least || home.mobile().all(home.cutTrunk(digits)) {
		return false
	}
	p, national := d.split(abroad)
	return p != nil && p.lengths.has(len(national)) && p.assigned().all(national) && isAssigned("+"+string(abroad), "")
}

// onlyAbroad reports whether abroad, which begins with a calling code, is a number, and digits
// are none of home.
func (d *Plans) onlyAbroad(digits, abroad []byte, home *plan) bool {
	p, national := d.split(abroad)
	if p == nil || !p.lengths.has(len(national)) || p == home.main || !p.assigned().all(national) {
		return false
	}
	return !isAssigned(string(digits), home.region) && !isAssigned("+"+home.code+string(home.cutTrunk(digits)), "") &&
		isAssigned("+"+string(abroad), "")
}

// doubtful reports whether a national number cannot be what it seems: it is longer than a
// number can be, still has an international prefix, or has its calling code twice.
func (p *plan) doubtful(national []byte) bool {
	if len(p.code)+len(national) > maxE164 || beginsWithZeros(national) {
		return true
	}
	if national[0] != p.code[0] { // nearly all
		return false
	}
	rest, twice := bytes.CutPrefix(national, []byte(p.code))
	if !twice || len(rest) == 0 {
		return false
	}
	rest = p.cutTrunk(rest)
	return p.assigned().all(rest) && !p.assigned().all(national) || p.mobile().all(rest) && !p.mobile().all(national)
}

// abroadBefore returns the length of the international prefix, in the country or in most,
// before the calling code that ends at the zero of digits: 0 if there is none, -1 if that is
// uncertain.
func (d *Plans) abroadBefore(digits []byte, zero int, home *plan) (n int) {
	const usual = 2
	var own int
	if home != nil {
		own = home.abroad.match(digits)
	}
	zeros := beginsWithZeros(digits)
	if own == 0 && !zeros {
		return 0
	}
	isCode := func(n int) bool { return n > 0 && n < zero && d.isCode(digits[n:zero]) }
	switch yes, other := isCode(own), zeros && own != usual && isCode(usual); {
	case yes == other:
		return -1
	case yes:
		return own
	}
	return usual
}

// isCode reports whether digits are a calling code and no more.
func (d *Plans) isCode(digits []byte) bool {
	p, rest := d.split(digits)
	return p != nil && len(rest) == 0
}
