package amazon

import "github.com/tracklayer/amazon-capi/internal/verdict"

// Codes of our own, in lower case; Amazon's are in capitals.
const (
	// CodeTooLarge marks an event that is more than a request has room for.
	CodeTooLarge = "event_too_large"
	// CodeExhausted marks events given up under DeadLetterExhausted. Their class
	// is rejected: it was Amazon's side that did not take them, and no other
	// class says even that. The code tells them from events that Amazon has
	// looked at.
	CodeExhausted = "exhausted"
)

// Code is a reason code that is given after the transform, and what it means.
type Code struct {
	Class verdict.Class
	Code  string
	Field string // path of the field at fault in the source event, if it is one
	Help  string
}

// because makes a reason of the code.
func (c Code) because(message string) *verdict.Reason {
	return &verdict.Reason{Class: c.Class, Code: c.Code, Field: c.Field, Message: message}
}

// What a contract does not take although the transform lets it through.
var (
	tooOld            = Code{verdict.Validation, "occurred_at_expired", "occurred_at", "an event is no older than its contract takes: 21 days by events-v1"}
	sourceUnsupported = Code{verdict.Validation, "action_source_unsupported", "action_source", "off-amazon-2023-11-13 knows events of sites and apps alone"}
	anyValueNegative  = Code{verdict.Validation, "value_negative", "custom_data.value", "by off-amazon-2023-11-13 every value is zero or more"}
	anyCurrencyless   = Code{verdict.Validation, "currency_missing", "custom_data.currency", "by off-amazon-2023-11-13 every value comes with its currency"}
	typeUnsupported   = Code{verdict.Validation, "conversion_type_unsupported", "event_type", "events-v1 has a type for it, or --unmapped-type=other"}
	platformMissing   = Code{verdict.Validation, "platform_missing", "platform", "by events-v1 an event of an app comes with its platform: ANDROID, IOS or FIRE_TV"}
	countryMissing    = Code{verdict.Validation, "country_missing", "user_data.country_code", "by events-v1 every event has a country"}
	identifierMissing = Code{verdict.Validation, "match_key_missing", "user_data", "by events-v1 every event has an identifier of the person or device"}
	valueTooFine      = Code{verdict.Validation, "value_decimals", "custom_data.value", "by events-v1 a value has two decimals at most; it is not rounded"}
	currencyForeign   = Code{verdict.Validation, "currency_unsupported", "custom_data.currency", "events-v1 takes the currency of a purchase"}
	consentMissing    = Code{verdict.Validation, "consent_missing", "consent", "by events-v1 an event from the EU, the EEA or the UK says what the person consented to, unless --consent-missing=deny"}
	consentDenied     = Code{verdict.Filtered, "consent", "consent", "by events-v1, which takes no event without identifiers: consent to send them is denied, or missing with --consent-missing=deny"}
)

// Codes returns all of them, for documents.
func Codes() []Code {
	return []Code{
		tooOld, sourceUnsupported, anyValueNegative, anyCurrencyless, typeUnsupported, platformMissing, countryMissing,
		identifierMissing, valueTooFine, currencyForeign, consentMissing, consentDenied,
		{verdict.Validation, CodeTooLarge, "", "an event, as Amazon is sent it, is no larger than the contract allows"},
		{verdict.Rejected, CodeExhausted, "", "only with --on-exhausted=dead-letter: timeouts, 429 or 5xx used up the event's attempts; nothing is known to be wrong with it"},
	}
}
