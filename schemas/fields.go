package schemas

import "github.com/tracklayer/amazon-capi/internal/verdict"

// field is one field of TrackLayer's event: its place in the schema and in an Event.
// The Avro reader, the Avro encoder and the JSON form all use one table of fields, so
// that none can know a field that another does not.
type field struct {
	group string // the record it is in; empty for the event itself
	name  string

	// Exactly one of these is set and says which kind of field it is.
	text       func(*Event) *string
	instant    func(*Event) *int64 // Unix milliseconds
	amount     func(*Event) *Decimal
	count      func(*Event) *int64
	attributes func(*Event) *[]Attribute

	// incidental fields do not affect the conversion. If their type or value cannot
	// be read, the field is left out and the event is still read.
	incidental bool
}

func (f *field) path() string {
	if f.group == "" {
		return f.name
	}
	return f.group + "." + f.name
}

// wants names what the field holds, for errors.
func (f *field) wants() string {
	switch {
	case f.text != nil:
		return "text"
	case f.instant != nil:
		return "an instant (timestamp, milliseconds, or ISO 8601 with an offset)"
	case f.amount != nil:
		return "a decimal number"
	case f.count != nil:
		return "a whole number"
	}
	return "a map of text"
}

// refuses reports whether a field that was read with code makes the event unreadable.
// Text that is not UTF-8 always does: it shows that the bytes are not what they seem.
func (f *field) refuses(code verdict.Code) bool {
	return code != 0 && (!f.incidental || code == verdict.CodeInvalidUTF8)
}

// isSet reports whether the event has the field.
func (f *field) isSet(ev *Event) bool {
	switch {
	case f.text != nil:
		return *f.text(ev) != ""
	case f.instant != nil:
		return *f.instant(ev) != 0
	case f.amount != nil:
		return f.amount(ev).IsSet()
	case f.count != nil:
		return *f.count(ev) != 0
	}
	return len(*f.attributes(ev)) > 0
}

// The groups, in the order of the schema. The event's own fields come first, so that
// its id is known when a later field cannot be read.
var groups = [...]string{"", "user_data", "custom_data", "consent"}

// identifying fields must be in a schema for its records to be TrackLayer's events at
// all. Other missing fields are for the validation to report, event by event.
var identifying = [...]string{"event_id", "event_name"}

var fields = [...]field{
	{name: "event_id", text: func(e *Event) *string { return &e.EventID }},
	{name: "profile_id", text: func(e *Event) *string { return &e.ProfileID }},
	{name: "event_name", text: func(e *Event) *string { return &e.EventName }},
	{name: "event_type", text: func(e *Event) *string { return &e.EventType }},
	{name: "action_source", text: func(e *Event) *string { return &e.ActionSource }},
	{name: "platform", text: func(e *Event) *string { return &e.Platform }},
	{name: "occurred_at", instant: func(e *Event) *int64 { return &e.OccurredAt }},
	{name: "click_id", text: func(e *Event) *string { return &e.ClickID }},
	{name: "click_captured_at", instant: func(e *Event) *int64 { return &e.ClickCapturedAt }, incidental: true},
	{name: "aref_tokens", text: func(e *Event) *string { return &e.ArefTokens }},
	{name: "amazon_ad_event_key", text: func(e *Event) *string { return &e.AmazonAdEventKey }},
	{name: "partner", text: func(e *Event) *string { return &e.Partner }},

	{group: "user_data", name: "email", text: func(e *Event) *string { return &e.User.Email }},
	{group: "user_data", name: "phone", text: func(e *Event) *string { return &e.User.Phone }},
	{group: "user_data", name: "hashed_email", text: func(e *Event) *string { return &e.User.HashedEmail }},
	{group: "user_data", name: "hashed_phone", text: func(e *Event) *string { return &e.User.HashedPhone }},
	{group: "user_data", name: "madid", text: func(e *Event) *string { return &e.User.MADID }},
	{group: "user_data", name: "first_name", text: func(e *Event) *string { return &e.User.FirstName }},
	{group: "user_data", name: "last_name", text: func(e *Event) *string { return &e.User.LastName }},
	{group: "user_data", name: "city", text: func(e *Event) *string { return &e.User.City }},
	{group: "user_data", name: "state", text: func(e *Event) *string { return &e.User.State }},
	{group: "user_data", name: "country_code", text: func(e *Event) *string { return &e.User.CountryCode }},
	{group: "user_data", name: "postal_code", text: func(e *Event) *string { return &e.User.PostalCode }},
	{group: "user_data", name: "address", text: func(e *Event) *string { return &e.User.Address }},
	{group: "user_data", name: "ramp_id", text: func(e *Event) *string { return &e.User.RampID }},
	{group: "user_data", name: "match_id", text: func(e *Event) *string { return &e.User.MatchID }},
	{group: "user_data", name: "real_id", text: func(e *Event) *string { return &e.User.RealID }},
	{group: "user_data", name: "merkle_id", text: func(e *Event) *string { return &e.User.MerkleID }},
	{group: "user_data", name: "kantar_id", text: func(e *Event) *string { return &e.User.KantarID }},
	{group: "user_data", name: "fip", text: func(e *Event) *string { return &e.User.FIP }},
	{group: "user_data", name: "ip_address", text: func(e *Event) *string { return &e.User.IPAddress }},
	{group: "user_data", name: "user_agent", text: func(e *Event) *string { return &e.User.UserAgent }},

	{group: "custom_data", name: "value", amount: func(e *Event) *Decimal { return &e.Custom.Value }},
	{group: "custom_data", name: "currency", text: func(e *Event) *string { return &e.Custom.Currency }},
	{group: "custom_data", name: "quantity", count: func(e *Event) *int64 { return &e.Custom.Quantity }, incidental: true},
	{group: "custom_data", name: "order_reference", text: func(e *Event) *string { return &e.Custom.OrderReference }},
	{group: "custom_data", name: "attributes", attributes: func(e *Event) *[]Attribute { return &e.Custom.Attributes }, incidental: true},

	{group: "consent", name: "ad_storage", text: func(e *Event) *string { return &e.Consent.AdStorage }},
	{group: "consent", name: "ad_user_data", text: func(e *Event) *string { return &e.Consent.AdUserData }},
	{group: "consent", name: "tcf", text: func(e *Event) *string { return &e.Consent.TCF }},
	{group: "consent", name: "gpp", text: func(e *Event) *string { return &e.Consent.GPP }},
	{group: "consent", name: "data_processing", text: func(e *Event) *string { return &e.Consent.DataProcessing }},
}
