package schemas

import (
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

type (
	// Event is what the other stages see of an event. Its home is package event, so that
	// the rooms that read one need not know the decoder, which needs them.
	Event = event.Event
	// UserData, CustomData, Attribute and Consent are its parts.
	UserData   = event.UserData
	CustomData = event.CustomData
	Attribute  = event.Attribute
	Consent    = event.Consent

	// Alias and Aliases say where producers with names of their own have its fields.
	Alias   = event.Alias
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
