package transform

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform/iso"
)

// maxAmount bounds an amount's text, in bytes. Sums of money have fewer than twenty; 38
// digits, the widest column of warehouses, need 41.
const maxAmount = 64

// checkMoney reads value and currency. A purchase has both, and its value is not negative;
// the contract judges those of other events. A currency without an amount is dropped with a
// warning, since nothing is lost.
func checkMoney(c *schemas.CustomData, want valueRule, out *Conversion) *verdict.Reason {
	purchase := out.EventType == TypePurchase
	if purchase {
		want = valueRequired // whatever the mapping says about the name
	}
	if want == valueNone {
		return nil
	}
	given := trim(c.Currency)
	if !c.Value.IsSet() {
		if want == valueRequired {
			return verdict.CodeValueMissing.Because("custom_data.value is absent: want an amount, since " + quote(out.Name) + " events have a value")
		}
		if given != "" {
			out.Warnings.Add(CurrencyWithoutValue)
		}
		return nil
	}
	switch {
	case !c.Value.IsFinite():
		return verdict.CodeValueNotFinite.Because("custom_data.value is not a number: want an amount of zero or more")
	case purchase && c.Value.Sign() < 0:
		return verdict.CodeValueNegative.Because("custom_data.value of a purchase is negative: want an amount of zero or more")
	case c.Value.Len() > maxAmount:
		return verdict.CodeValueTooLong.Because(fmt.Sprintf("custom_data.value has too many digits: want at most %d characters", maxAmount))
	case given == "" && purchase:
		return verdict.CodeCurrencyMissing.Because("custom_data.currency of a purchase is absent: want the ISO 4217 code of its value's currency, such as USD")
	}
	out.Amount = c.Value
	if given == "" {
		return nil
	}
	code, ok := iso.Currency(given)
	if !ok {
		return verdict.CodeCurrencyUnknown.Because("custom_data.currency is " + quote(given) + ": want an ISO 4217 code in use, such as USD")
	}
	out.Currency = code
	return nil
}
