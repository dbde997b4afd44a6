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

	warningCount
)

// warningTable names each as metrics and documents do, with its field and what is
// asked of it. It costs no event, so there is no class.
var warningTable = [warningCount]Rule{
	EmailInvalid:         {0, "email_invalid", "user_data.email", "an address has one @ with something on both sides, and no angle brackets"},
	EmailHashInvalid:     {0, "email_hash_invalid", "user_data.hashed_email", "a hash is 64 hex digits, and not that of nothing"},
	PhoneInvalid:         {0, "phone_invalid", "user_data.phone", "a number is one of its country, or has its calling code"},
	PhoneHashInvalid:     {0, "phone_hash_invalid", "user_data.hashed_phone", "a hash is 64 hex digits, and not that of nothing"},
	MADIDInvalid:         {0, "madid_invalid", "user_data.madid", "a device id is a UUID"},
	MADIDZeros:           {0, "madid_zeros", "user_data.madid", "a device id is not all zeros, which phones give out when their owner refuses tracking"},
	ClickIDInvalid:       {0, "click_id_invalid", "click_id", "a click id is what a URL's parameter can hold, in at most 1024 characters"},
	PostalCodeInvalid:    {0, "postal_code_invalid", "user_data.postal_code", "a postal code has at most 16 printable characters"},
	CurrencyWithoutValue: {0, "currency_without_value", "custom_data.currency", "a currency comes with its value"},
	ConsentUnknown:       {0, "consent_unknown", "consent", "a consent is GRANTED, DENIED or UNSPECIFIED; any other counts as denied"},
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

// WarningRules returns what is asked of optional fields, a rule for each Warning in
// the order of the constants. They have no class, since the event is sent without
// the field.
func WarningRules() []Rule { return append([]Rule(nil), warningTable[:]...) }

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
