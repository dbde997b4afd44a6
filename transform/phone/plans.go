package phone

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"

	"github.com/nyaruka/phonenumbers"

	"github.com/tracklayer/amazon-capi/internal/ascii"
)

// Plans holds the world's numbering plans in a form optimised for common numbers. The library's
// parser takes 10 µs and 30 allocations a number, many times the rest of the transform. Plans
// answers from the library's own data for numbers that can be read in only one way, and leaves
// the others to the library; a test compares the two. It is immutable.
type Plans struct {
	codes   [1000]*plan    // by calling code; nil where there is none
	regions [26 * 26]*plan // by country, as regionIndex numbers them; nil where there is none
}

// plan is how the numbers of one region are written.
type plan struct {
	region  string  // the ISO 3166 code, or the library's name of a service of no country
	code    string  // calling code
	main    *plan   // judges all numbers of the calling code, and may be this one
	shared  bool    // of a main plan: other regions share its calling code
	lengths lengths // of national numbers
	abroad  *prefix // the international prefix
	trunk   *prefix // the prefix of national calls, not part of the number
	// rewrites is set if a prefix longer than the trunk prefix is not removed but replaced, by
	// an area code for example: such numbers are left to the library.
	rewrites bool
	// assigned matches whole numbers in assigned ranges, and mobile those of mobile phones. They
	// are compiled on first use: few regions ever need them, and the patterns are long.
	assigned, mobile func() *prefix
	// zeroless are the kinds of numbers that do not begin with 0, in a region without a trunk
	// prefix; none in others.
	zeroless func() []kind
}

// kind is a kind of numbers, with its usual lengths.
type kind struct {
	whole  *prefix
	digits int
}

// lengths is a set of numbers of digits.
type lengths uint32

func (l lengths) has(n int) bool { return n >= 0 && n < 32 && l&(1<<n) != 0 }

func (l lengths) max() int {
	n := 31
	for n > 0 && !l.has(n) {
		n--
	}
	return n
}

// New returns the plans, compiled from the library's data, or an error if that is not as
// expected.
func New() (*Plans, error) {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, fmt.Errorf("numbering plans: %w", err)
	}
	d := new(Plans)
	known := make(map[string]*prefix) // most regions share theirs with others
	for _, m := range all.GetMetadata() {
		code := int(m.GetCountryCode())
		if code <= 0 || code >= len(d.codes) {
			return nil, fmt.Errorf("numbering plan of %s: calling code %d is not valid", m.GetId(), code)
		}
		p, err := newPlan(m, known)
		if err != nil {
			return nil, fmt.Errorf("numbering plan of %s: %w", m.GetId(), err)
		}
		if m.GetId() == phonenumbers.GetRegionCodeForCountryCode(code) {
			d.codes[code], p.main = p, p
		}
		if len(m.GetId()) == 2 { // others are services of no country
			d.regions[regionIndex(m.GetId())] = p
		}
	}
	for _, p := range d.regions {
		if p == nil {
			continue
		}
		code, _ := strconv.Atoi(p.code)
		if p.main = d.codes[code]; p.main == nil {
			return nil, fmt.Errorf("numbering plans: calling code %s has no main region", p.code)
		}
		p.main.shared = p.main.shared || p.main != p
	}
	return d, nil
}

func newPlan(m *phonenumbers.PhoneMetadata, known map[string]*prefix) (*plan, error) {
	abroad, trunk := m.GetInternationalPrefix(), trunkPattern(m)
	for _, pattern := range []string{abroad, trunk} {
		if _, ok := known[pattern]; ok {
			continue
		}
		p, err := newPrefix(pattern)
		if err != nil {
			return nil, err
		}
		known[pattern] = p
	}
	p := &plan{
		region:   m.GetId(),
		code:     strconv.Itoa(int(m.GetCountryCode())),
		abroad:   known[abroad],
		trunk:    known[trunk],
		rewrites: m.GetNationalPrefixTransformRule() != "",
		assigned: lazyWhole(m.GetGeneralDesc()),
		mobile:   lazyWhole(m.GetMobile()),
		zeroless: func() []kind { return nil },
	}
	if p.trunk == nil {
		p.zeroless = sync.OnceValue(func() []kind { return zerolessKinds(m) })
	}
	for _, n := range m.GetGeneralDesc().GetPossibleLength() {
		if n > 0 && n < 32 {
			p.lengths |= 1 << n
		}
	}
	return p, nil
}

// zerolessKinds are the kinds of a region's numbers whose example does not begin with 0.
func zerolessKinds(m *phonenumbers.PhoneMetadata) (all []kind) {
	for _, desc := range []*phonenumbers.PhoneNumberDesc{
		m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(), m.GetSharedCost(), m.GetPersonalNumber(), m.GetVoip(), m.GetPager(), m.GetUan(), m.GetVoicemail(),
	} {
		if example := desc.GetExampleNumber(); example != "" && example[0] != '0' {
			if whole := lazyWhole(desc)(); whole != nil {
				all = append(all, kind{whole, len(example)})
			}
		}
	}
	return all
}

// lazyWhole returns a function that compiles the pattern of a kind of whole numbers on first
// use.
func lazyWhole(kind *phonenumbers.PhoneNumberDesc) func() *prefix {
	return sync.OnceValue(func() *prefix {
		pattern := kind.GetNationalNumberPattern()
		if pattern == "" {
			return nil
		}
		whole, err := newPrefix("(?:" + pattern + ")$")
		if err != nil {
			panic(err) // then the library could not read its own data either
		}
		return whole
	})
}

// trunkPattern returns the pattern of the prefix of national calls in a region. The library no
// longer has Mexico's: 01 for another town, 044 and 045 for a mobile, and 1 for a mobile from
// abroad. They ended in 2019 and 2020, but address books still have them. No Mexican number
// begins with 0 or 1.
func trunkPattern(m *phonenumbers.PhoneMetadata) string {
	pattern := m.GetNationalPrefixForParsing()
	if m.GetId() == "MX" && pattern == "" {
		return "0(?:1|4[45])|1"
	}
	return pattern
}

// region returns the numbering plan of a country, nil if there is none.
func (d *Plans) region(country string) *plan {
	if len(country) != 2 || !ascii.IsLetter(country[0]) || !ascii.IsLetter(country[1]) {
		return nil
	}
	return d.regions[regionIndex(country)]
}

// regionIndex numbers the countries by their two letters, in either case.
func regionIndex(country string) int {
	return int(country[0]|0x20-'a')*26 + int(country[1]|0x20-'a')
}

// split separates the calling code from the rest. The plan is nil if there is no calling code.
func (d *Plans) split(digits []byte) (p *plan, national []byte) {
	code := 0
	for i := 0; i < 3 && i < len(digits); i++ {
		code = code*10 + int(digits[i]-'0')
		if code == 0 { // no calling code begins with 0
			return nil, nil
		}
		// No calling code is the beginning of another.
		if p := d.codes[code]; p != nil {
			return p, digits[i+1:]
		}
	}
	return nil, nil
}

// appendInternational appends a number that begins with its calling code. ok is false, and dst
// unchanged, if the number is ambiguous or invalid.
func (d *Plans) appendInternational(dst, digits []byte) (normal []byte, ok bool) {
	code := 0
	for i := 0; i < 3 && i < len(digits); i++ {
		code = code*10 + int(digits[i]-'0')
		if code == 0 { // no calling code begins with 0
			return dst, false
		}
		// No calling code is the beginning of another.
		if p := d.codes[code]; p != nil {
			return p.append(dst, digits[i+1:])
		}
	}
	return dst, false
}

// appendNational is appendInternational for a number without a +, in the plan's
// country.
func (p *plan) appendNational(dst, digits []byte) (normal []byte, ok bool) {
	if beginsWithZeros(digits) || p.abroad.match(digits) != 0 {
		return dst, false
	}
	if rest, found := bytes.CutPrefix(digits, []byte(p.code)); found {
		// Calling code or the beginning of a national number? An Indian mobile may
		// begin with 91. It is certain only when the whole is too long.
		if len(digits) <= p.lengths.max() {
			return dst, false
		}
		return p.main.append(dst, rest)
	}
	// Without a prefix, so many digits may begin with another country's calling code. Mobiles
	// are what customers give, and often without the zero.
	if len(digits) >= minBare && p.lengths.has(len(digits)) && digits[0] != '0' &&
		p.trunk.match(digits) == 0 && !p.mobile().all(digits) {
		return dst, false
	}
	return p.append(dst, digits)
}

// appendOwn appends a number that begins with its country's calling code, followed by national.
// The whole may also be a national number. known is false if neither reading is clear.
func (p *plan) appendOwn(dst, digits, national []byte) (normal []byte, ok, known bool) {
	bare := p.main.cutTrunk(national)
	inside, abroad := p.assigned().all(digits), p.main.assigned().all(bare)
	if inside == abroad {
		if inside {
			inside, abroad = p.mobile().all(digits), p.main.mobile().all(bare)
		} else {
			// The length alone proves nothing for such a beginning.
			inside, abroad = false, p.main.lengths.has(len(bare)) && !p.lengths.has(len(digits))
		}
	}
	switch {
	case inside && abroad:
		return dst, false, true
	case abroad:
		normal, ok = p.main.append(dst, national)
	case inside:
		normal, ok = p.append(dst, digits)
	default:
		return dst, false, true
	}
	return normal, ok, ok
}

// replaces reports whether a prefix of that length is replaced by something. A prefix of one
// digit is only the trunk prefix, as before nearly every number of Japan.
func (p *plan) replaces(n int) bool { return p.rewrites && n > 1 }

// cutTrunk returns a national number without its trunk prefix.
func (p *plan) cutTrunk(national []byte) []byte {
	if n := p.trunk.match(national); n != 0 && !p.replaces(n) && p.lengths.has(len(national)-n) {
		return national[n:]
	}
	return national
}

// areaDigits are enough to see whether a number's area exists.
const areaDigits = 3

// strayZero reports whether a national number begins with a zero that it cannot have, or may
// not have, or is all zeros. In some countries lengths vary enough for the zero to pass as a
// digit. In Italy, which has no trunk prefix, 0312 345 6789 is a mobile with a superfluous zero,
// or a number of Como.
func (p *plan) strayZero(national []byte) bool {
	if national[0] != '0' {
		return false
	}
	if len(trimZeros(national)) == 0 || !p.assigned().begins(national, areaDigits) {
		return true
	}
	if p.trunk != nil {
		return false
	}
	for _, k := range p.zeroless() {
		if len(national)-1 == k.digits && k.whole.all(national[1:]) {
			return true
		}
	}
	return !p.assigned().all(national)
}

// append appends the calling code and the national number without its trunk prefix. The steps
// follow the library's parser.
func (p *plan) append(dst, national []byte) (normal []byte, ok bool) {
	if n := p.trunk.match(national); n != 0 {
		rest := national[n:]
		if p.replaces(n) || !p.lengths.has(len(rest)) {
			return dst, false
		}
		// Where lengths vary as much as in Germany, the digits can also be a number that
		// includes the prefix; the prefix is kept if only that reading is assigned. No
		// assigned number begins with a 0, so that needs no pattern.
		if !p.lengths.has(len(national)) || !p.assigned().all(national) || p.assigned().all(rest) {
			national = rest
		}
	}
	if main := p.main; !main.lengths.has(len(national)) || main.strayZero(national) || main.doubtful(national) {
		return dst, false
	}
	return append(append(dst, p.code...), national...), true
}
