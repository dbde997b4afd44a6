package schemas

import (
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

type (
	// Event is a TrackLayer event.
	Event = event.Event
	// UserData holds the identifiers of the person who acted. Nothing in it may be logged.
	UserData = event.UserData
	// CustomData is what was bought or done.
	CustomData = event.CustomData
	// Attribute is one entry of the event's free attributes.
	Attribute = event.Attribute
	// Consent is what the person allowed.
	Consent = event.Consent

	// Alias says where a producer with other names keeps a field.
	Alias = event.Alias
	// Aliases are those of a mapping.
	Aliases = event.Aliases

	// Decimal is an exact amount.
	Decimal = decimal.Decimal
)

// NewAliases returns the aliases of a list, or what is wrong with each.
func NewAliases(list []Alias) (_ *Aliases, wrong []error) { return event.NewAliases(list) }

// NewDecimal returns unscaled / 10^scale.
func NewDecimal(unscaled int64, scale int) Decimal { return decimal.New(unscaled, scale) }

// DecimalFromBytes reads the Avro form of a decimal.
func DecimalFromBytes(b []byte, scale int) Decimal { return decimal.FromBytes(b, scale) }

// DecimalFromFloat returns the shortest decimal that reads back as f.
func DecimalFromFloat(f float64, bits int) Decimal { return decimal.FromFloat(f, bits) }

// ParseDecimal reads a decimal number such as "129.95", "-3" or "1e-7".
func ParseDecimal(s string) (Decimal, error) { return decimal.Parse(s) }
