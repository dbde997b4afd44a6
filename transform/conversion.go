package transform

import (
	"strconv"

	"github.com/tracklayer/amazon-capi/schemas"
)

// Conversion is a validated event in Amazon's terms, before a contract encodes it. It has
// everything that a contract may send and nothing else: raw emails, phones and names do not
// survive the transform.
type Conversion struct {
	ProfileID string
	EventID   string
	Name      string // human-readable, such as "Purchase"
	EventType string // canonical, such as "PURCHASE"
	// ActionSource is WEBSITE, APP, OFFLINE or MEASUREMENT_ATTRIBUTION_PARTNER.
	// Contracts may accept only some of them.
	ActionSource string
	Platform     string // of an APP: ANDROID, IOS or FIRE_TV; empty when unknown

	// OccurredAt is the original event time in Unix milliseconds.
	OccurredAt int64

	ClickID     string
	HashedEmail Hash
	HashedPhone Hash
	MADID       string
	CountryCode string // ISO 3166-1 alpha-2, upper case
	PostalCode  string // only with CountryCode

	// Amount is absent if the event has no value. Currency is ISO 4217, upper case. Without a
	// currency an amount is not money but a number that the customer defines; purchases
	// always have a currency.
	Amount   schemas.Decimal
	Currency string

	Consent Consented

	Wide

	// Warnings names optional fields that were left out because they were invalid.
	Warnings Warnings
}

// String describes the conversion without identifying the person, in case one is printed by
// accident in an error or a test.
func (c Conversion) String() string {
	return "conversion " + strconv.Quote(c.EventID) + " of profile " + strconv.Quote(c.ProfileID)
}

// GoString is String, so that %#v shows nothing either.
func (c Conversion) GoString() string { return c.String() }

// reset makes c the zero Conversion. Wide is two thirds of it and is cleared only if it
// was ever filled: clearing it for each event of a contract that sends none of it took
// 5 % of a purchase's transform.
func (c *Conversion) reset() {
	if c.filled {
		c.Wide = Wide{}
	}
	c.ProfileID, c.EventID, c.Name, c.EventType = "", "", "", ""
	c.ActionSource, c.Platform, c.OccurredAt = "", "", 0
	c.ClickID, c.HashedEmail, c.HashedPhone = "", Hash{}, Hash{}
	c.MADID, c.CountryCode, c.PostalCode = "", "", ""
	c.Amount, c.Currency, c.Consent, c.Warnings = schemas.Decimal{}, "", Consented{}, 0
}

// Hash is a SHA-256 in lower-case hex, or all zero bytes if absent. It is an array rather
// than a string, so that hashing an identifier does not allocate.
type Hash [64]byte

// String shows only whether there is a hash, for the same reason as Conversion's; encoders
// use the bytes.
func (h Hash) String() string {
	if h.IsSet() {
		return "(hash)"
	}
	return "(no hash)"
}

// GoString is String.
func (h Hash) GoString() string { return h.String() }

// IsSet reports whether the hash is present.
func (h *Hash) IsSet() bool { return h[0] != 0 }
