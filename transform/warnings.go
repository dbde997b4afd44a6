package transform

import "strconv"

// Warning names an optional field that was left out of a conversion because it
// was bad. The event is sent all the same: a purchase without its phone is worth
// more than no purchase. Counted, so that the source can be mended.
type Warning uint8

// The warnings. Their names (see String) are label values of metrics, so a name
// is never changed and never given a new meaning.
const (
	// EmailInvalid: no address can be made of user_data.email.
	EmailInvalid Warning = iota
	// EmailHashInvalid: user_data.hashed_email is no SHA-256 in hex, or is the
	// hash of nothing.
	EmailHashInvalid
	// PhoneInvalid: user_data.phone cannot be a phone number of its country.
	PhoneInvalid
	// PhoneHashInvalid is EmailHashInvalid for user_data.hashed_phone.
	PhoneHashInvalid
	// MADIDInvalid: user_data.madid is no UUID.
	MADIDInvalid
	// MADIDZeros: user_data.madid is the zeros that phones hand out when their
	// owner does not want to be tracked. Apart from MADIDInvalid because it is
	// no mistake of the source, and on some days most of the iPhones.
	MADIDZeros
	// ClickIDInvalid: click_id has characters or a length no click id has.
	ClickIDInvalid
	// PostalCodeInvalid is ClickIDInvalid for user_data.postal_code.
	PostalCodeInvalid
	// CurrencyWithoutValue: custom_data.currency came without an amount.
	CurrencyWithoutValue
	// ConsentUnknown: a consent is neither GRANTED, DENIED nor UNSPECIFIED and
	// was taken for DENIED.
	ConsentUnknown
	// PlatformUnknown: platform is none of an app's.
	PlatformUnknown

	// What follows is about Conversion.Wide alone.

	// NameInvalid: user_data.first_name or .last_name is too long or no UTF-8.
	NameInvalid
	// AddressInvalid is NameInvalid for user_data.address and .city.
	AddressInvalid
	// StateUnknown: no code of two letters is known for user_data.state.
	StateUnknown
	// PartnerIDInvalid is NameInvalid for the ids of identity services.
	PartnerIDInvalid
	// ArefInvalid: aref_tokens is no list of tokens with their times.
	ArefInvalid
	// IPAddressInvalid: user_data.ip_address is none.
	IPAddressInvalid
	// UserAgentInvalid: user_data.user_agent is longer than 512 characters or
	// not printable.
	UserAgentInvalid
	// ConsentStringInvalid: consent.tcf or .gpp has what no such string has.
	ConsentStringInvalid
	// QuantityInvalid: custom_data.quantity is negative or beyond 32 bits.
	QuantityInvalid
	// AttributeInvalid: a key or value of custom_data.attributes has other than
	// letters, digits and _, or is too long.
	AttributeInvalid
	// AttributesTooMany: there are more of them than fit.
	AttributesTooMany
	// DataProcessingUnknown: consent.data_processing asks for something that is
	// not known, and was taken for LIMITED_DATA_USE.
	DataProcessingUnknown

	warningCount
)

var warningNames = [warningCount]string{
	EmailInvalid:         "email_invalid",
	EmailHashInvalid:     "email_hash_invalid",
	PhoneInvalid:         "phone_invalid",
	PhoneHashInvalid:     "phone_hash_invalid",
	MADIDInvalid:         "madid_invalid",
	MADIDZeros:           "madid_zeros",
	ClickIDInvalid:       "click_id_invalid",
	PostalCodeInvalid:    "postal_code_invalid",
	CurrencyWithoutValue: "currency_without_value",
	ConsentUnknown:       "consent_unknown",

	PlatformUnknown:       "platform_unknown",
	NameInvalid:           "name_invalid",
	AddressInvalid:        "address_invalid",
	StateUnknown:          "state_unknown",
	PartnerIDInvalid:      "partner_id_invalid",
	ArefInvalid:           "aref_invalid",
	IPAddressInvalid:      "ip_address_invalid",
	UserAgentInvalid:      "user_agent_invalid",
	ConsentStringInvalid:  "consent_string_invalid",
	QuantityInvalid:       "quantity_invalid",
	AttributeInvalid:      "attribute_invalid",
	AttributesTooMany:     "attributes_too_many",
	DataProcessingUnknown: "data_processing_unknown",
}

// String returns the name used in metrics and documents.
func (w Warning) String() string {
	if w >= warningCount {
		return "warning(" + strconv.Itoa(int(w)) + ")"
	}
	return warningNames[w]
}

// WarningNames returns every name that String can give, in the order of the
// constants, so that metrics can exist at zero before the first warning.
func WarningNames() []string { return append([]string(nil), warningNames[:]...) }

// Warnings is a set of Warning.
type Warnings uint32

// Add puts w into the set.
func (ws *Warnings) Add(w Warning) { *ws |= 1 << w }

// Has tells whether w is in the set.
func (ws Warnings) Has(w Warning) bool { return ws&(1<<w) != 0 }

// Each calls f for every warning in the set, in the order of the constants.
func (ws Warnings) Each(f func(Warning)) {
	for w := range warningCount {
		if ws.Has(w) {
			f(w)
		}
	}
}
