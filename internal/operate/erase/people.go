package erase

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
	"github.com/tracklayer/amazon-capi/transform/iso"
)

// Bounds of what is given.
const (
	MaxIdentifiers = 10_000
	MaxEventIDs    = 100_000
	maxLine        = 4096
)

// Lines reads a list, one a line; blank lines and those that begin with # are skipped.
// Errors quote nothing: the lines are identifiers.
func Lines(r io.Reader, most int) (lines []string, err error) {
	in := bufio.NewScanner(textfile.NewReader(r))
	in.Buffer(make([]byte, 0, maxLine), maxLine)
	for n := 1; in.Scan(); n++ {
		s := strings.TrimSpace(in.Text())
		switch {
		case s == "", strings.HasPrefix(s, "#"):
			continue
		case len(lines) == most:
			return nil, fmt.Errorf("it has more than %d lines: want fewer at a time", most)
		}
		lines = append(lines, s)
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("a line has more than %d bytes: want one identifier or event id a line", maxLine)
	}
	return lines, in.Err()
}

// address and hash are what an identifier looks like that somebody gave for an event id.
var (
	address = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	hash    = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)
	phone   = regexp.MustCompile(`^\+[0-9 ()./-]{7,}$`)
)

// Identifies reports whether a text is plainly the identifier of a person.
func Identifies(s string) bool {
	return address.MatchString(s) || hash.MatchString(s) || phone.MatchString(s)
}

// People recognises events by the identifiers of persons: their email address, phone
// number or device id, or an id of an identity service, in whichever form the event and
// the list have them. It keeps hashes in memory and writes nothing.
type People struct {
	given []string
	plain map[string]bool // as they are, without case
	// tokens are the parts of those that may be lists of measurement tokens, as a cookie
	// has them. Other identifiers are not compared with a part.
	tokens map[string]bool
	rules  []*transform.Transformer
	// hashes are those that the identifiers become, by country, since a phone number may
	// need it.
	hashes map[string]map[transform.Hash]bool
	c      transform.Conversion
	ev     schemas.Event
}

// NewPeople returns what recognises the given identifiers.
func NewPeople(identifiers []string) (*People, error) {
	p := &People{given: identifiers, plain: make(map[string]bool), tokens: make(map[string]bool), hashes: make(map[string]map[transform.Hash]bool)}
	for _, s := range identifiers {
		p.plain[strings.ToLower(s)] = true
		for token := range tokens(s) {
			p.tokens[token] = true
		}
	}
	// By every rule that the program can send by: events were perhaps sent by another
	// than is set today.
	for _, rules := range []transform.IdentifierRules{transform.RulesAmazon, transform.RulesPlain} {
		t, err := transform.New(transform.Options{Identifiers: rules, Wide: true})
		if err != nil {
			return nil, err
		}
		p.rules = append(p.rules, t)
	}
	return p, nil
}

// None reports whether there is nobody to recognise.
func (p *People) None() bool { return p == nil || len(p.given) == 0 }

// Has reports whether an event is about one of the persons. What consent, the mapping or a
// rule would do to the event does not matter: it holds the identifier.
func (p *People) Has(ev *schemas.Event) bool {
	if p.None() {
		return false
	}
	u := &ev.User
	for _, s := range []string{u.Email, u.Phone, u.HashedEmail, u.HashedPhone, u.MADID, u.RampID, u.MatchID, u.RealID, u.MerkleID, u.KantarID, u.FIP, ev.ClickID, ev.ArefTokens} {
		if s != "" && p.plain[strings.ToLower(strings.TrimSpace(s))] {
			return true
		}
	}
	for token := range tokens(ev.ArefTokens) {
		if p.tokens[token] {
			return true
		}
	}
	known := p.of(u.CountryCode)
	for _, t := range p.rules {
		for _, h := range p.hashed(t, *u) {
			if known[h] {
				return true
			}
		}
	}
	return false
}

// tokens are the measurement tokens of a list, without case.
func tokens(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for token := range strings.SplitSeq(strings.ToLower(list), "|") {
			if token = strings.TrimSpace(token); token != "" && !yield(token) {
				return
			}
		}
	}
}

// of returns the hashes that the identifiers become in a country.
func (p *People) of(country string) map[transform.Hash]bool {
	// Whatever else events say of their country, there are as many as ISO has: to hash all
	// identifiers for each takes a second for ten thousand of them.
	country, _ = iso.Country(strings.TrimSpace(country))
	if known := p.hashes[country]; known != nil {
		return known
	}
	known := make(map[transform.Hash]bool)
	for _, s := range p.given {
		for _, t := range p.rules {
			for _, u := range []schemas.UserData{{Email: s}, {Phone: s}, {HashedEmail: s}, {HashedPhone: s}} {
				u.CountryCode = country
				for _, h := range p.hashed(t, u) {
					known[h] = true
				}
			}
		}
	}
	p.hashes[country] = known
	return known
}

// hashed returns the hashes of an email address and a phone number, as they are sent.
func (p *People) hashed(t *transform.Transformer, u schemas.UserData) (hashes []transform.Hash) {
	for _, country := range []string{u.CountryCode, ""} { // an invalid country must not hide the person
		p.ev = schemas.Event{EventID: "x", ProfileID: "1", EventName: "Lead", EventType: "LEAD", ActionSource: "WEBSITE", OccurredAt: whenever.UnixMilli()}
		p.ev.User = schemas.UserData{Email: u.Email, Phone: u.Phone, HashedEmail: u.HashedEmail, HashedPhone: u.HashedPhone, CountryCode: country}
		if _, ok := t.Transform(&p.ev, whenever, &p.c); !ok {
			continue
		}
		for _, h := range []transform.Hash{p.c.HashedEmail, p.c.HashedPhone} {
			if h.IsSet() {
				hashes = append(hashes, h)
			}
		}
		// Both of an address and its hash may be there, and differ.
		if u.HashedEmail != "" && u.Email != "" || u.HashedPhone != "" && u.Phone != "" {
			u.Email, u.Phone = "", ""
			return append(hashes, p.hashed(t, u)...)
		}
		break
	}
	return hashes
}
