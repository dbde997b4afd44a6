package transform

import (
	"strconv"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Warning names an optional field that was left out of a conversion because it was invalid.
// The event is still sent: a purchase without its phone is worth more than no purchase.
// Warnings are counted, so that the source can be fixed.
type Warning uint8

// The warnings. Their names (see String) are label values of metrics, so a name is never
// changed and never given a new meaning.
const (
	// EmailInvalid: user_data.email is not an address.
	EmailInvalid Warning = iota
	// EmailHashInvalid: user_data.hashed_email is not an SHA-256 in hex, or is the
	// hash of nothing.
	EmailHashInvalid
	// PhoneInvalid: user_data.phone is not a phone number of its country, or could be more than
	// one number.
	PhoneInvalid
	// PhoneHashInvalid is EmailHashInvalid for user_data.hashed_phone.
	PhoneHashInvalid
	// MADIDInvalid: user_data.madid is not a UUID.
	MADIDInvalid
	// MADIDZeros: user_data.madid is all zeros, which phones return when their owner
	// refuses tracking. It is separate from MADIDInvalid because it is not the
	// source's mistake, and on some days most iPhones send it.
	MADIDZeros
	// ClickIDInvalid: click_id has characters or a length that no click id has.
	ClickIDInvalid
	// PostalCodeInvalid is ClickIDInvalid for user_data.postal_code.
	PostalCodeInvalid
	// CurrencyWithoutValue: custom_data.currency came without an amount.
	CurrencyWithoutValue
	// ConsentUnknown: a consent is neither GRANTED, DENIED nor UNSPECIFIED, and counted as
	// DENIED.
	ConsentUnknown
	// PlatformUnknown: platform is not a platform of apps.
	PlatformUnknown

	// The warnings below are about Conversion.Wide alone.

	// NameInvalid: user_data.first_name or .last_name is too long or not valid UTF-8.
	NameInvalid
	// AddressInvalid is NameInvalid for user_data.address and .city.
	AddressInvalid
	// StateUnknown: no two-letter code is known for user_data.state.
	StateUnknown
	// PartnerIDInvalid is NameInvalid for the ids of identity services.
	PartnerIDInvalid
	// ArefInvalid: aref_tokens is not a list of tokens with their times.
	ArefInvalid
	// IPAddressInvalid: user_data.ip_address is not an IP address.
	IPAddressInvalid
	// UserAgentInvalid: user_data.user_agent is longer than 512 characters or
	// not printable.
	UserAgentInvalid
	// ConsentStringInvalid: consent.tcf or .gpp is too long or not visible ASCII.
	ConsentStringInvalid
	// QuantityInvalid: custom_data.quantity is negative or beyond 32 bits.
	QuantityInvalid
	// AttributeInvalid: a key or value of custom_data.attributes has a character other than
	// letters, digits and _, is too long, or is not of the type that the mapping gives it.
	AttributeInvalid
	// AttributesTooMany: there are more of them than fit.
	AttributesTooMany
	// DataProcessingUnknown: consent.data_processing asks for something unknown, and counted
	// as LIMITED_DATA_USE.
	DataProcessingUnknown
	// PartnerInvalid is NameInvalid for partner.
	PartnerInvalid
	// AdEventKeyInvalid is NameInvalid for amazon_ad_event_key.
	AdEventKeyInvalid

	warningCount
)

// Rule is a requirement on a field, identified by a reason code or a warning.
type Rule struct {
	Class verdict.Class // of the code; 0 for a warning, which refuses no event
	Code  string        // its name in metrics, headers and documents
	Field string        // path of the field at fault in the source event
	Help  string        // in one line
}

// warningTable has each warning's name in metrics and documents, its field, and its
// requirement. A warning refuses no event, so there is no class.
var warningTable = [warningCount]Rule{
	EmailInvalid:         {0, "email_invalid", "user_data.email", "an address has one @ with something on both sides, and no angle brackets"},
	EmailHashInvalid:     {0, "email_hash_invalid", "user_data.hashed_email", "a hash is 64 hex digits, and not the hash of an empty string"},
	PhoneInvalid:         {0, "phone_invalid", "user_data.phone", "a number belongs to the event's country or has a calling code, and can be read in only one way"},
	PhoneHashInvalid:     {0, "phone_hash_invalid", "user_data.hashed_phone", "a hash is 64 hex digits, and not the hash of an empty string"},
	MADIDInvalid:         {0, "madid_invalid", "user_data.madid", "a device id is a UUID"},
	MADIDZeros:           {0, "madid_zeros", "user_data.madid", "a device id is not all zeros, which phones return when their owner refuses tracking"},
	ClickIDInvalid:       {0, "click_id_invalid", "click_id", "a click id is what a URL's parameter can hold, in at most 1024 characters"},
	PostalCodeInvalid:    {0, "postal_code_invalid", "user_data.postal_code", "a postal code has at most 16 printable characters"},
	CurrencyWithoutValue: {0, "currency_without_value", "custom_data.currency", "a currency comes with its value"},
	ConsentUnknown:       {0, "consent_unknown", "consent", "a consent is GRANTED, DENIED or UNSPECIFIED; any other counts as denied"},
	PlatformUnknown:      {0, "platform_unknown", "platform", "a platform is ANDROID, IOS or FIRE_TV"},

	NameInvalid:           {0, "name_invalid", "user_data.first_name", "a first or last name is UTF-8 of at most 512 bytes"},
	AddressInvalid:        {0, "address_invalid", "user_data.address", "an address or city is UTF-8 of at most 512 bytes"},
	StateUnknown:          {0, "state_unknown", "user_data.state", "a state is the name or code of a state of the country"},
	PartnerIDInvalid:      {0, "partner_id_invalid", "user_data", "an id of an identity service has at most 512 printable characters"},
	ArefInvalid:           {0, "aref_invalid", "aref_tokens", "measurement tokens are ten characters, a dot and milliseconds each, with bars between them"},
	IPAddressInvalid:      {0, "ip_address_invalid", "user_data.ip_address", "an address is one of IPv4 or IPv6"},
	UserAgentInvalid:      {0, "user_agent_invalid", "user_data.user_agent", "a user agent has at most 512 printable characters"},
	ConsentStringInvalid:  {0, "consent_string_invalid", "consent.tcf", "a TCF or GPP string is visible ASCII of at most 8 KB"},
	QuantityInvalid:       {0, "quantity_invalid", "custom_data.quantity", "a quantity is a whole number, not negative, in 32 bits"},
	AttributeInvalid:      {0, "attribute_invalid", "custom_data.attributes", "an attribute has letters, digits and _ only, at most 256, and is of the type that the mapping gives it"},
	AttributesTooMany:     {0, "attributes_too_many", "custom_data.attributes", "besides brand, productId and category, at most 10 attributes are sent: those that the mapping names, or the first by key"},
	DataProcessingUnknown: {0, "data_processing_unknown", "consent.data_processing", "data processing is LIMITED_DATA_USE; any other word counts as that"},
	PartnerInvalid:        {0, "partner_invalid", "partner", "a partner's name has at most 512 printable characters"},
	AdEventKeyInvalid:     {0, "ad_event_key_invalid", "amazon_ad_event_key", "Amazon's key of an ad event has at most 512 printable characters"},
}

// String returns the name used in metrics and documents.
func (w Warning) String() string {
	if w >= warningCount {
		return "warning(" + strconv.Itoa(int(w)) + ")"
	}
	return warningTable[w].Code
}

// WarningNames returns every name that String can give, in the order of the
// constants, so that metrics can exist at zero before the first warning.
func WarningNames() []string {
	names := make([]string, warningCount)
	for w := range warningCount {
		names[w] = w.String()
	}
	return names
}

// WarningRules returns the requirements on optional fields, a rule for each Warning in the
// order of the constants. They have no class, since the event is sent without the field.
func WarningRules() []Rule { return append([]Rule(nil), warningTable[:]...) }

// Warnings is a set of Warning.
type Warnings uint32

// Add puts w into the set.
func (ws *Warnings) Add(w Warning) { *ws |= 1 << w }

// Has reports whether w is in the set.
func (ws Warnings) Has(w Warning) bool { return ws&(1<<w) != 0 }

// Each calls f for every warning in the set, in the order of the constants.
func (ws Warnings) Each(f func(Warning)) {
	for w := range warningCount {
		if ws.Has(w) {
			f(w)
		}
	}
}
