package event

import (
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
)

// Field is one field of TrackLayer's event: its place in the schema and in an Event.
// The Avro reader, the Avro encoder and the JSON form all use one table of fields, so
// that none can know a field that another does not.
type Field struct {
	Group string // the record it is in; empty for the event itself
	Name  string

	// Exactly one of these is set and says which kind of field it is.
	Text       func(*Event) *string
	Instant    func(*Event) *int64 // Unix milliseconds
	Amount     func(*Event) *decimal.Decimal
	Count      func(*Event) *int64
	Attributes func(*Event) *[]Attribute

	// Incidental fields do not affect the conversion. If their type or value cannot
	// be read, the field is left out and the event is still read.
	Incidental bool
}

// Path is the field's place in the schema, such as user_data.email.
func (f *Field) Path() string {
	if f.Group == "" {
		return f.Name
	}
	return f.Group + "." + f.Name
}

// Wants names what the field holds, for errors.
func (f *Field) Wants() string {
	switch {
	case f.Text != nil:
		return "text"
	case f.Instant != nil:
		return "an instant (timestamp, milliseconds, or ISO 8601 with an offset)"
	case f.Amount != nil:
		return "a decimal number"
	case f.Count != nil:
		return "a whole number"
	}
	return "a map of text"
}

// Refuses reports whether a field that was read with code makes the event unreadable.
// Text that is not UTF-8 always does: it shows that the bytes are not what they seem.
func (f *Field) Refuses(code verdict.Code) bool {
	return code != 0 && (!f.Incidental || code == verdict.CodeInvalidUTF8)
}

// IsSet reports whether the event has the field.
func (f *Field) IsSet(ev *Event) bool {
	switch {
	case f.Text != nil:
		return *f.Text(ev) != ""
	case f.Instant != nil:
		return *f.Instant(ev) != 0
	case f.Amount != nil:
		return f.Amount(ev).IsSet()
	case f.Count != nil:
		return *f.Count(ev) != 0
	}
	return len(*f.Attributes(ev)) > 0
}

// Groups are the records that fields are in, in the order of the schema, and first the
// event itself: its id is then known when a later field cannot be read.
var Groups = [...]string{"", "user_data", "custom_data", "consent"}

// Identifying fields must be in a schema for its records to be TrackLayer's events at
// all. Other missing fields are for the validation to report, event by event.
var Identifying = [...]string{"event_id", "event_name"}

// Fields are all fields of an event, by group, in the order of the schema.
var Fields = [...]Field{
	{Name: "event_id", Text: func(e *Event) *string { return &e.EventID }},
	{Name: "profile_id", Text: func(e *Event) *string { return &e.ProfileID }},
	{Name: "event_name", Text: func(e *Event) *string { return &e.EventName }},
	{Name: "event_type", Text: func(e *Event) *string { return &e.EventType }},
	{Name: "action_source", Text: func(e *Event) *string { return &e.ActionSource }},
	{Name: "platform", Text: func(e *Event) *string { return &e.Platform }},
	{Name: "occurred_at", Instant: func(e *Event) *int64 { return &e.OccurredAt }},
	{Name: "click_id", Text: func(e *Event) *string { return &e.ClickID }},
	{Name: "click_captured_at", Instant: func(e *Event) *int64 { return &e.ClickCapturedAt }, Incidental: true},
	{Name: "aref_tokens", Text: func(e *Event) *string { return &e.ArefTokens }},
	{Name: "amazon_ad_event_key", Text: func(e *Event) *string { return &e.AmazonAdEventKey }},
	{Name: "partner", Text: func(e *Event) *string { return &e.Partner }},

	{Group: "user_data", Name: "email", Text: func(e *Event) *string { return &e.User.Email }},
	{Group: "user_data", Name: "phone", Text: func(e *Event) *string { return &e.User.Phone }},
	{Group: "user_data", Name: "hashed_email", Text: func(e *Event) *string { return &e.User.HashedEmail }},
	{Group: "user_data", Name: "hashed_phone", Text: func(e *Event) *string { return &e.User.HashedPhone }},
	{Group: "user_data", Name: "madid", Text: func(e *Event) *string { return &e.User.MADID }},
	{Group: "user_data", Name: "first_name", Text: func(e *Event) *string { return &e.User.FirstName }},
	{Group: "user_data", Name: "last_name", Text: func(e *Event) *string { return &e.User.LastName }},
	{Group: "user_data", Name: "city", Text: func(e *Event) *string { return &e.User.City }},
	{Group: "user_data", Name: "state", Text: func(e *Event) *string { return &e.User.State }},
	{Group: "user_data", Name: "country_code", Text: func(e *Event) *string { return &e.User.CountryCode }},
	{Group: "user_data", Name: "postal_code", Text: func(e *Event) *string { return &e.User.PostalCode }},
	{Group: "user_data", Name: "address", Text: func(e *Event) *string { return &e.User.Address }},
	{Group: "user_data", Name: "ramp_id", Text: func(e *Event) *string { return &e.User.RampID }},
	{Group: "user_data", Name: "match_id", Text: func(e *Event) *string { return &e.User.MatchID }},
	{Group: "user_data", Name: "real_id", Text: func(e *Event) *string { return &e.User.RealID }},
	{Group: "user_data", Name: "merkle_id", Text: func(e *Event) *string { return &e.User.MerkleID }},
	{Group: "user_data", Name: "kantar_id", Text: func(e *Event) *string { return &e.User.KantarID }},
	{Group: "user_data", Name: "fip", Text: func(e *Event) *string { return &e.User.FIP }},
	{Group: "user_data", Name: "ip_address", Text: func(e *Event) *string { return &e.User.IPAddress }},
	{Group: "user_data", Name: "user_agent", Text: func(e *Event) *string { return &e.User.UserAgent }},

	{Group: "custom_data", Name: "value", Amount: func(e *Event) *decimal.Decimal { return &e.Custom.Value }},
	{Group: "custom_data", Name: "currency", Text: func(e *Event) *string { return &e.Custom.Currency }},
	{Group: "custom_data", Name: "quantity", Count: func(e *Event) *int64 { return &e.Custom.Quantity }, Incidental: true},
	{Group: "custom_data", Name: "order_reference", Text: func(e *Event) *string { return &e.Custom.OrderReference }},
	{Group: "custom_data", Name: "attributes", Attributes: func(e *Event) *[]Attribute { return &e.Custom.Attributes }, Incidental: true},

	{Group: "consent", Name: "ad_storage", Text: func(e *Event) *string { return &e.Consent.AdStorage }},
	{Group: "consent", Name: "ad_user_data", Text: func(e *Event) *string { return &e.Consent.AdUserData }},
	{Group: "consent", Name: "tcf", Text: func(e *Event) *string { return &e.Consent.TCF }},
	{Group: "consent", Name: "gpp", Text: func(e *Event) *string { return &e.Consent.GPP }},
	{Group: "consent", Name: "data_processing", Text: func(e *Event) *string { return &e.Consent.DataProcessing }},
}

// IsGroup reports whether a path is that of a group.
func IsGroup(path string) bool { return slices.Contains(Groups[1:], path) }

// FieldAt returns our field of a path, or nil.
func FieldAt(path string) *Field {
	for i := range Fields {
		if Fields[i].Path() == path {
			return &Fields[i]
		}
	}
	return nil
}

// NamesIn lists the names of a group's fields, and of the groups in the event itself.
func NamesIn(group string) []string {
	var names []string
	for i := range Fields {
		if Fields[i].Group == group {
			names = append(names, Fields[i].Name)
		}
	}
	if group == "" {
		names = append(names, Groups[1:]...)
	}
	return names
}

// Under puts a name behind a path, which may be empty.
func Under(path, name string) string {
	return strings.TrimPrefix(path+"."+name, ".")
}
