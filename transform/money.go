package transform

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// maxAmount is the most bytes of an amount's text. Sums of money have less than
// twenty; a schema of 38 digits, the widest that warehouses make, has 41.
const maxAmount = 64

// checkMoney takes value and currency, both or neither. An amount without its
// currency is refused even where a value is optional: dropping it silently would
// turn revenue into none, and sending it alone is no value to Amazon. A currency
// without an amount loses nothing, so it is dropped with a warning.
func checkMoney(c *schemas.CustomData, want valueRule, out *Conversion) *verdict.Reason {
	if out.EventType == typePurchase {
		want = valueRequired // whatever the mapping says of the name
	}
	if want == valueNone {
		return nil
	}
	given := trim(c.Currency)
	if !c.Value.IsSet() {
		if want == valueRequired {
			return valueMissing.because("custom_data.value is absent: want an amount, since " + quote(out.Name) + " events have a value")
		}
		if given != "" {
			out.Warnings.Add(CurrencyWithoutValue)
		}
		return nil
	}
	switch {
	case !c.Value.IsFinite():
		return valueNotFinite.because("custom_data.value is not a number: want an amount of zero or more")
	case c.Value.Sign() < 0:
		return valueNegative.because("custom_data.value is negative: want an amount of zero or more")
	case c.Value.Len() > maxAmount:
		return valueTooLong.because(fmt.Sprintf("custom_data.value has too many digits: want at most %d characters", maxAmount))
	case given == "":
		return currencyMissing.because("custom_data.currency is absent: want the ISO 4217 code of the value's currency, such as USD")
	}
	code, ok := currency(given)
	if !ok {
		return currencyUnknown.because("custom_data.currency is " + quote(given) + ": want an ISO 4217 code in use, such as USD")
	}
	out.Amount, out.Currency = c.Value, code
	return nil
}
