package transform

import "github.com/tracklayer/amazon-capi/internal/verdict"

// Rule is one of the reasons for which an event is not sent. Its Code is what
// metrics, dead-letter headers and documents call it.
type Rule struct {
	Class verdict.Class // Validation or Filtered
	Code  string
	Field string // path of the field at fault in the source event
	Help  string // one line: what is asked of the field
}

// ruleID is a typed index into ruleTable, so that a reason without an entry in the
// table, and so without documentation, does not compile.
type ruleID uint8

const (
	eventNameMissing ruleID = iota
	eventNameInvalid
	eventNameUnmapped
	eventTypeUnknown
	eventIDMissing
	eventIDInvalid
	eventIDTooLong
	profileIDMissing
	profileIDInvalid
	actionSourceMissing
	actionSourceUnknown
	occurredAtMissing
	occurredAtTooOld
	occurredAtAhead
	countryUnknown
	postalCodeWithoutCountry
	valueMissing
	valueNotFinite
	valueNegative
	valueTooLong
	currencyMissing
	currencyUnknown
	filteredByRule
	filteredUnmapped
	filteredByConsent

	ruleCount
)

var ruleTable = [ruleCount]Rule{
	eventNameMissing:         {verdict.Validation, "event_name_missing", "event_name", "every event has a name"},
	eventNameInvalid:         {verdict.Validation, "event_name_invalid", "event_name", "a name that is sent as it came has at most 128 printable characters"},
	eventNameUnmapped:        {verdict.Validation, "event_name_unmapped", "event_name", "the mapping knows the name, or the event brings an event_type that it knows"},
	eventTypeUnknown:         {verdict.Validation, "event_type_unknown", "event_type", "an event_type, where there is one, is a type of Amazon's or one that the mapping declares under types"},
	eventIDMissing:           {verdict.Validation, "event_id_missing", "event_id", "every event has an id, since Amazon removes duplicates by it"},
	eventIDInvalid:           {verdict.Validation, "event_id_invalid", "event_id", "an id is printable text without spaces around it; it is never repaired, since a changed id is another event"},
	eventIDTooLong:           {verdict.Validation, "event_id_too_long", "event_id", "an id has at most 512 characters"},
	profileIDMissing:         {verdict.Validation, "profile_id_missing", "profile_id", "every event names the Amazon Ads profile it belongs to"},
	profileIDInvalid:         {verdict.Validation, "profile_id_invalid", "profile_id", "a profile id is digits, or with --profile-ids=any 1 to 64 of A-Z a-z 0-9 . _ -"},
	actionSourceMissing:      {verdict.Validation, "action_source_missing", "action_source", "every event says where it happened, such as WEBSITE or APP, or the mapping says it for its name"},
	actionSourceUnknown:      {verdict.Validation, "action_source_unknown", "action_source", "an action source is WEBSITE, APP (or its platform), OFFLINE or MEASUREMENT_ATTRIBUTION_PARTNER"},
	occurredAtMissing:        {verdict.Validation, "occurred_at_missing", "occurred_at", "every event has the time of the user's action, in milliseconds since 1970"},
	occurredAtTooOld:         {verdict.Validation, "occurred_at_too_old", "occurred_at", "no event is from before the year 2000; one from 1970 was written in seconds"},
	occurredAtAhead:          {verdict.Validation, "occurred_at_ahead", "occurred_at", "an event is at most ten minutes ahead of the clock, or as much as is set"},
	countryUnknown:           {verdict.Validation, "country_unknown", "user_data.country_code", "a country is two letters of ISO 3166-1"},
	postalCodeWithoutCountry: {verdict.Validation, "postal_code_without_country", "user_data.country_code", "a postal code comes with its country"},
	valueMissing:             {verdict.Validation, "value_missing", "custom_data.value", "a purchase has a value, and so has any event for which the mapping asks one"},
	valueNotFinite:           {verdict.Validation, "value_not_finite", "custom_data.value", "a value is a number, not NaN and not infinite"},
	valueNegative:            {verdict.Validation, "value_negative", "custom_data.value", "a purchase's value is zero or more"},
	valueTooLong:             {verdict.Validation, "value_too_long", "custom_data.value", "a value is written in at most 64 characters"},
	currencyMissing:          {verdict.Validation, "currency_missing", "custom_data.currency", "a purchase's value comes with its currency"},
	currencyUnknown:          {verdict.Validation, "currency_unknown", "custom_data.currency", "a currency is three letters of ISO 4217"},
	filteredByRule:           {verdict.Filtered, "rule", "event_name", "the mapping says action: filter for this name"},
	filteredUnmapped:         {verdict.Filtered, "unmapped", "event_name", "the mapping does not know the name and says unmapped: filter"},
	filteredByConsent:        {verdict.Filtered, "consent", "consent", "consent is denied and --consent-denied is filter; the field is the consent at fault"},
}

// Codes returns every rule that can keep an event from being sent, in the order of the
// documents.
func Codes() []Rule { return append([]Rule(nil), ruleTable[:]...) }

// because returns this rule's reason for refusing an event. The message is a sentence
// for whoever fixes the source. It ends up in logs and headers, so it contains values
// only as quote shows them.
func (id ruleID) because(message string) *verdict.Reason {
	r := &ruleTable[id]
	return &verdict.Reason{Class: r.Class, Code: r.Code, Field: r.Field, Message: message}
}
