package transform

import (
	"fmt"
	"time"
)

// IdentifierRules selects how email and phone are normalised before they are hashed. It is a
// setting because Amazon's own texts disagree, and a hash made by the wrong rules matches
// nobody.
type IdentifierRules uint8

const (
	// RulesAmazon follows Amazon's published tag.
	RulesAmazon IdentifierRules = iota
	// RulesPlain changes as little as possible: for teams whose other senders hash that way.
	RulesPlain
)

var identifierRulesNames = [...]string{RulesAmazon: "amazon", RulesPlain: "plain"}

// String returns the value of the flag.
func (r IdentifierRules) String() string { return name(identifierRulesNames[:], int(r)) }

// ParseIdentifierRules is the inverse of String.
func ParseIdentifierRules(s string) (IdentifierRules, error) {
	for i, n := range identifierRulesNames {
		if s == n {
			return IdentifierRules(i), nil
		}
	}
	return 0, fmt.Errorf("identifier rules %q are unknown: want amazon or plain", s)
}

// ConsentPolicy says what happens to an event whose consent is denied.
type ConsentPolicy uint8

const (
	// ConsentStrip sends the event without the fields that need the consent.
	ConsentStrip ConsentPolicy = iota
	// ConsentFilter does not send the event.
	ConsentFilter
)

var consentPolicyNames = [...]string{ConsentStrip: "strip", ConsentFilter: "filter"}

// String returns the value of the flag.
func (p ConsentPolicy) String() string { return name(consentPolicyNames[:], int(p)) }

// ParseConsentPolicy is the inverse of String.
func ParseConsentPolicy(s string) (ConsentPolicy, error) {
	for i, n := range consentPolicyNames {
		if s == n {
			return ConsentPolicy(i), nil
		}
	}
	return 0, fmt.Errorf("consent policy %q is unknown: want strip or filter", s)
}

func name(names []string, i int) string {
	if i >= len(names) {
		return fmt.Sprintf("unknown(%d)", i)
	}
	return names[i]
}

// DefaultMaxAhead is how far ahead of the clock an event may be: enough for clocks that
// disagree, too little for a local time mistaken for UTC.
const DefaultMaxAhead = 10 * time.Minute

// Options are the settings of a Transformer. The zero value has all defaults.
type Options struct {
	// Mapping names the conversions; nil is the embedded one.
	Mapping *Mapping
	// Identifiers says how email and phone are normalised.
	Identifiers IdentifierRules
	// ConsentDenied says what happens to events without consent.
	ConsentDenied ConsentPolicy
	// ProfileIDs says which profile ids are valid; 0 is AnyProfiles.
	ProfileIDs ProfileIDs
	// Wide fills Conversion.Wide as well. Set it only for contracts that send those fields:
	// each of their hashes takes as long as the email's.
	Wide bool
	// MaxAhead is how far ahead of the clock an event may be; 0 is
	// DefaultMaxAhead.
	MaxAhead time.Duration
}

func (o Options) check() error {
	switch {
	case int(o.Identifiers) >= len(identifierRulesNames):
		return fmt.Errorf("identifier rules %s: want amazon or plain", o.Identifiers)
	case int(o.ConsentDenied) >= len(consentPolicyNames):
		return fmt.Errorf("consent policy %s: want strip or filter", o.ConsentDenied)
	case int(o.ProfileIDs) >= len(profileIDsNames):
		return fmt.Errorf("profile ids %s: want digits or any", o.ProfileIDs)
	case o.MaxAhead < 0:
		return fmt.Errorf("max ahead %s: want zero or more", o.MaxAhead)
	}
	return nil
}
