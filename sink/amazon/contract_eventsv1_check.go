package amazon

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/transform"
)

// Check refuses what Amazon's API does not take. Consent comes first: an event of a
// person who declined must not be kept in the dead-letter topic because its currency
// was also wrong.
func (v eventsV1) Check(c *transform.Conversion) *verdict.Reason {
	if why := v.checkConsent(c); why != nil {
		return why
	}
	typ, known := conversionType(c.EventType)
	switch source := eventSource(c); {
	case !known && v.opts.UnmappedType == UnmappedRefuse:
		return verdict.CodeConversionTypeUnsupported.Because("event_type " + c.EventType + ", which the mapping declares, is none of Amazon's: want one of those, or " + setting.UnmappedType.With("other"))
	case transform.ForbiddenInName(c.Name) >= 0:
		return verdict.CodeEventNameForbidden.Because("the event's name at Amazon has " + transform.WhyForbidden(c.Name) + ": want none of " + transform.ForbiddenInNames + ", or replace_forbidden in the mapping")
	case source == "":
		return verdict.CodePlatformMissing.Because("platform is absent of an event of an app: want ANDROID, IOS or FIRE_TV, there or as action_source")
	case c.CountryCode == "":
		return verdict.CodeCountryMissing.Because("user_data.country_code is absent: want two letters of ISO 3166-1")
	case c.Amount.IsFinite() && c.Amount.Decimals() > valueDecimals:
		return verdict.CodeValueDecimals.Because(fmt.Sprintf("custom_data.value has %s: want %d at most; rounding it would change what was paid", count.Of(c.Amount.Decimals(), "decimal"), valueDecimals))
	case typ == typePurchases && c.Currency != "" && !takesCurrency(c.Currency):
		return verdict.CodeCurrencyUnsupported.Because("custom_data.currency " + c.Currency + " is none that Amazon's Events API takes: want the amount in one that it does")
	case !hasMatchKey(c):
		return verdict.CodeMatchKeyMissing.Because("user_data has nothing to match by: want an email, phone number, name, address, postal code, device id or an id of an identity service")
	}
	return nil
}

func (v eventsV1) Asks() []verdict.Code {
	return []verdict.Code{
		verdict.CodeConsentDenied, verdict.CodeOccurredAtExpired, verdict.CodeConsentMissing, verdict.CodeConversionTypeUnsupported, verdict.CodeEventNameForbidden,
		verdict.CodePlatformMissing, verdict.CodeCountryMissing, verdict.CodeValueDecimals, verdict.CodeCurrencyUnsupported, verdict.CodeMatchKeyMissing,
	}
}

// valueDecimals is the maximum number of decimals of a value.
const valueDecimals = 2

// checkConsent: the contract takes no event without an identifier, so an event whose
// person denies identifiers cannot be sent at all.
func (v eventsV1) checkConsent(c *transform.Conversion) *verdict.Reason {
	switch {
	case c.Consent.UserData == transform.ConsentDenied:
		return verdict.CodeConsentDenied.Because("consent.ad_user_data is denied, and without identifiers the contract takes no event")
	case !asksConsent(c.CountryCode) || hasConsent(&c.Consent):
		return nil
	case v.opts.ConsentMissing == ConsentMissingDeny:
		return verdict.CodeConsentDenied.Because("consent is absent of an event from " + c.CountryCode + ", and counts as denied")
	}
	return verdict.CodeConsentMissing.Because("consent is absent of an event from " + c.CountryCode + ": want consent.ad_user_data, .tcf, .gpp or user_data.ip_address")
}

func hasConsent(c *transform.Consented) bool {
	return c.UserData != "" || c.TCF != "" || c.GPP != "" || c.IPAddress != ""
}

// asksConsent reports whether an event from a country must carry consent: the EU and
// its parts that have a code of their own, the rest of the EEA, and the United Kingdom.
func asksConsent(country string) bool {
	switch country {
	case "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
		"AX", "GF", "GP", "MF", "MQ", "RE", "YT",
		"IS", "LI", "NO",
		"GB":
		return true
	}
	return false
}

// hasMatchKey: Amazon allows fifteen, and there are no more kinds than that.
func hasMatchKey(c *transform.Conversion) bool {
	return c.HashedEmail.IsSet() || c.HashedPhone.IsSet() || c.FirstName.IsSet() || c.LastName.IsSet() || c.Address.IsSet() ||
		c.City.IsSet() || c.State.IsSet() || c.HashedPostal.IsSet() || c.MADID != "" || c.RampID != "" || c.MatchID != "" ||
		c.RealID != "" || c.MerkleID != "" || c.KantarID != "" || c.FIP != ""
}

// takesCurrency reports whether a currency is on Amazon's list, which is shorter than
// ISO 4217. (Amazon's second code for the Mexican peso is not in ISO 4217.)
func takesCurrency(code string) bool {
	switch code {
	case "AED", "ARS", "AUD", "AZN", "BBD", "BGN", "BHD", "BMD", "BND", "BOB", "BRL", "BSD", "CAD", "CHF", "CLP", "CNY", "COP", "CRC", "CZK",
		"DKK", "DOP", "DZD", "EGP", "EUR", "GBP", "GHS", "GTQ", "HKD", "HNL", "HRK", "HUF", "IDR", "ILS", "INR", "JMD", "JOD", "JPY",
		"KES", "KRW", "KWD", "KYD", "KZT", "LBP", "LKR", "MAD", "MUR", "MXN", "MYR", "NAD", "NGN", "NOK", "NZD", "PAB", "PEN", "PHP", "PKR", "PLN", "PYG",
		"QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TND", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "UYU", "VND", "XAF", "XCD", "XOF", "XPF", "ZAR":
		return true
	}
	return false
}
