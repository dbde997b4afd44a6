package transform

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// dialing holds the world's numbering plans in the form that the common numbers
// need. The library's parser costs 10 µs and 30 allocations a number, five times
// all the rest of the transform; this answers from the library's own data for
// numbers whose reading leaves no choice, and says nothing of the others. A test
// holds the two to the same answers. It is immutable once made.
type dialing struct {
	codes   [1000]*plan    // by calling code; nil where there is none
	regions [26 * 26]*plan // by country, as firstTwo numbers them; nil where there is none
}

// plan is how the numbers of one region are written.
type plan struct {
	code    string  // calling code
	main    *plan   // judges all numbers of the calling code, and may be this one
	lengths lengths // of national numbers
	abroad  *prefix // dialled for calls abroad
	trunk   *prefix // dialled for calls inside, and no part of the number
	// rewrites is set when taking the trunk prefix away also puts something in
	// its place, such as an area code: left to the library.
	rewrites bool
	// assigned matches the whole of the numbers in assigned ranges. Compiled when
	// first needed: few regions ever need it, and the patterns are long.
	assigned func() *prefix
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

func newDialing() (*dialing, error) {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, fmt.Errorf("numbering plans: %w", err)
	}
	d := new(dialing)
	known := make(map[string]*prefix) // most regions share theirs with others
	for _, m := range all.GetMetadata() {
		code := int(m.GetCountryCode())
		if code <= 0 || code >= len(d.codes) {
			return nil, fmt.Errorf("numbering plan of %s: calling code %d is none", m.GetId(), code)
		}
		p, err := newPlan(m, known)
		if err != nil {
			return nil, fmt.Errorf("numbering plan of %s: %w", m.GetId(), err)
		}
		if m.GetId() == phonenumbers.GetRegionCodeForCountryCode(code) {
			d.codes[code], p.main = p, p
		}
		if len(m.GetId()) == 2 { // others are services of no country
			d.regions[firstTwo(m.GetId())] = p
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
	}
	return d, nil
}

func newPlan(m *phonenumbers.PhoneMetadata, known map[string]*prefix) (*plan, error) {
	abroad, trunk := m.GetInternationalPrefix(), m.GetNationalPrefixForParsing()
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
		code:     strconv.Itoa(int(m.GetCountryCode())),
		abroad:   known[abroad],
		trunk:    known[trunk],
		rewrites: m.GetNationalPrefixTransformRule() != "",
		assigned: sync.OnceValue(func() *prefix {
			whole, err := newPrefix("(?:" + m.GetGeneralDesc().GetNationalNumberPattern() + ")$")
			if err != nil {
				panic(err) // the library could not read its own data either
			}
			return whole
		}),
	}
	for _, n := range m.GetGeneralDesc().GetPossibleLength() {
		if n > 0 && n < 32 {
			p.lengths |= 1 << n
		}
	}
	return p, nil
}

// region returns the numbering plan of a country, nil where there is none.
func (d *dialing) region(country string) *plan {
	if len(country) != 2 || !isLetter(country[0]) || !isLetter(country[1]) {
		return nil
	}
	return d.regions[firstTwo(country)]
}

// appendInternational appends a number that begins with its calling code. ok is
// false, and dst as it was, when the number leaves a choice or is none.
func (d *dialing) appendInternational(dst, digits []byte) (normal []byte, ok bool) {
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
	if p.abroad.match(digits) != 0 {
		return dst, false
	}
	rest, found := bytes.CutPrefix(digits, []byte(p.code))
	if !found {
		return p.append(dst, digits)
	}
	// Calling code or the beginning of a national number? An Indian mobile may
	// begin with 91. It is certain only when the whole is too long.
	if len(digits) <= p.lengths.max() || p.trunk.match(rest) != 0 {
		return dst, false
	}
	return p.main.append(dst, rest)
}

// append appends the calling code and the national number without its trunk
// prefix. The steps are those of the library's parser.
func (p *plan) append(dst, national []byte) (normal []byte, ok bool) {
	if n := p.trunk.match(national); n != 0 {
		rest := national[n:]
		if p.rewrites || !p.lengths.has(len(rest)) {
			return dst, false
		}
		// With the prefix it can be a number, too, where lengths vary as much
		// as in Germany; then it is kept if only that one is assigned. That no
		// assigned number begins with a 0 is seen without the pattern.
		if !p.lengths.has(len(national)) ||
			p.assigned().match(national) == 0 || p.assigned().match(rest) != 0 {
			national = rest
		}
	}
	if !p.main.lengths.has(len(national)) || len(trimZeros(national)) == 0 {
		return dst, false
	}
	return append(append(dst, p.code...), national...), true
}
