package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/schemas"
)

// country is where a person lives and pays.
type country struct {
	code, currency string
	decimals       int // of the currency
	// phones are ranges kept for fiction; none where the regulator keeps none.
	phones []phoneRange
	places []place
}

// phoneRange is of numbers that end in a counter.
type phoneRange struct {
	prefix string
	digits int // of the counter
	from   int
	to     int // exclusive
}

type place struct{ city, state, postal string }

var countries = []country{
	{"US", "USD", 2,
		[]phoneRange{{"+1 (212) 555-", 4, 100, 200}, {"415-555-", 4, 100, 200}, {"1.512.555.", 4, 100, 200}},
		[]place{{"New York", "NY", "10001"}, {"San Francisco", "California", "94105-1234"}, {"Austin", "TX", "73301"}, {"Charleston", "West Virginia", "25301"}}},
	{"GB", "GBP", 2,
		[]phoneRange{{"020 7946 ", 4, 0, 1000}, {"+44 161 496 ", 4, 0, 1000}, {"07700 900", 3, 0, 1000}},
		[]place{{"London", "", "SW1A 1AA"}, {"Manchester", "", "m1 1ae"}, {"Edinburgh", "", "EH1 1YZ"}}},
	{"DE", "EUR", 2,
		[]phoneRange{{"030 23125 ", 3, 0, 1000}, {"+49 40 66969 ", 3, 0, 1000}, {"0171 39200", 2, 0, 100}},
		[]place{{"Berlin", "BE", "10115"}, {"Hamburg", "", "20095"}, {"Köln", "NW", "50667"}}},
	{"FR", "EUR", 2,
		[]phoneRange{{"01 99 00 ", 4, 0, 10000}, {"+33 6 39 98 ", 4, 0, 10000}},
		[]place{{"Paris", "", "75001"}, {"Saint-Étienne", "", "42000"}}},
	{"SE", "SEK", 2,
		[]phoneRange{{"08-465 004 ", 2, 0, 100}, {"+46 70 174 06 ", 2, 5, 100}},
		[]place{{"Stockholm", "", "111 22"}, {"Malmö", "", "211 20"}}},
	{"AU", "AUD", 2,
		[]phoneRange{{"(02) 5550 ", 4, 0, 10000}, {"+61 491 570 ", 3, 156, 160}},
		[]place{{"Sydney", "NSW", "2000"}, {"Melbourne", "VIC", "3000"}}},
	{"CA", "CAD", 2,
		[]phoneRange{{"+1 416 555 ", 4, 100, 200}},
		[]place{{"Toronto", "ON", "M5V 2T6"}, {"Montréal", "Quebec", "H2Y 1C6"}}},
	{"JP", "JPY", 0, nil, []place{{"Tokyo", "", "100-0001"}, {"Osaka", "", "530-0001"}}},
	{"KW", "KWD", 3, nil, []place{{"Kuwait City", "", "13001"}}},
}

// person has a name as people write it and as their address spells it.
type name struct{ written, ascii string }

var (
	firstNames = []name{{"Jane", "jane"}, {"José", "jose"}, {"Zoë", "zoe"}, {"Ada", "ada"}, {"Mats", "mats"}, {"Aiko", "aiko"}, {"Noor", "noor"},
		{"Søren", "soren"}, {"Anne-Marie", "anne-marie"}, {"Wei", "wei"}, {"Tariq", "tariq"}, {"Léa", "lea"}}
	lastNames = []name{{"Doe", "doe"}, {"García", "garcia"}, {"O'Brien", "obrien"}, {"Müller", "mueller"}, {"Nguyễn", "nguyen"}, {"Svensson", "svensson"},
		{"Al-Sabah", "alsabah"}, {"Tanaka", "tanaka"}, {"Smith", "smith"}, {"Lefèvre", "lefevre"}}
	domains = []string{"example.com", "example.org", "example.net", "mail.example.com"}
)

// user makes the identifiers of somebody who lives in c, as shops collect them:
// some know the address, some only a hash, and people's typing is in it. A full
// one lacks neither address nor number.
func user(r *rand.Rand, c *country, v schemas.Version, full bool) schemas.UserData {
	first, last := pick(r, firstNames), pick(r, lastNames)
	at := pick(r, c.places)
	u := schemas.UserData{CountryCode: c.code}
	email := address(r, first, last)
	switch n := r.IntN(20); {
	case n < 12:
		u.Email = email
	case n < 14:
		u.Email = " " + strings.ToUpper(email[:1]) + email[1:] + " "
	case n < 15:
		u.Email = strings.Replace(email, "@", "+shop@", 1)
	case n < 17 && v > schemas.V1:
		u.HashedEmail = hashed(email)
	case full:
		u.Email = email
	}
	if len(c.phones) > 0 && (full || chance(r, 0.6)) {
		u.Phone = pick(r, c.phones).number(r)
	}
	if chance(r, 0.5) {
		u.FirstName, u.LastName = first.written, last.written
	}
	if full || chance(r, 0.7) {
		u.City, u.State, u.PostalCode = at.city, at.state, at.postal
	}
	if chance(r, 0.05) {
		u.CountryCode = strings.ToLower(u.CountryCode)
	}
	return u
}

// The texts below are appended, because fmt would take longer for them than all
// the rest of an event takes.

func address(r *rand.Rand, first, last name) string {
	var buf [48]byte
	b := append(append(append(buf[:0], first.ascii...), '.'), last.ascii...)
	b = append(strconv.AppendInt(b, int64(r.IntN(1000)), 10), '@')
	return string(append(b, pick(r, domains)...))
}

func (p phoneRange) number(r *rand.Rand) string {
	var buf [32]byte
	b := append(buf[:0], p.prefix...)
	n := p.from + r.IntN(p.to-p.from)
	for unit := pow10(p.digits - 1); unit > 0; unit /= 10 {
		b = append(b, '0'+byte(n/unit%10))
	}
	return string(b)
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// awkward amounts are the ones that floats and careless formatting get wrong.
var awkward = []string{"0", "0.1", "0.10", "0.0000001", "129.95", "10000000000000.01", "99999999.99", "1234567.89", "0.3", "1.005", "4.35", "1000000"}

func money(r *rand.Rand, c *country) (schemas.Decimal, string) {
	if chance(r, 0.03) {
		if d, err := schemas.ParseDecimal(pick(r, awkward)); err == nil {
			return d, c.currency
		}
	}
	// Up to 2,000 units, small sums more often than large ones.
	units := int64(r.Float64() * r.Float64() * 2000)
	unscaled := units
	for range c.decimals {
		unscaled = unscaled*10 + r.Int64N(10)
	}
	return schemas.NewDecimal(unscaled, c.decimals), c.currency
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func chance(r *rand.Rand, p float64) bool { return p > 0 && r.Float64() < p }
