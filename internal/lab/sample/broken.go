package sample

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// Breakage is one way in which a sample can be bad, and what comes of it.
type Breakage struct {
	// Name is the reason's code, or what is done where the reason's code is
	// Amazon's to choose.
	Name  string
	Class verdict.Class
	why   string
	apply func(*Sample)
}

// Breakages returns all of them. Those of class auth hold up a lane before
// they are dead-lettered, so the generator leaves them out unless asked.
func Breakages() []Breakage {
	var all []Breakage
	for _, d := range Damages() {
		b := Breakage{string(d), verdict.Decode, damageWhy[d], func(s *Sample) { s.Damage = d }}
		if d == NotANumber {
			b.Name, b.Class = "value_not_finite", verdict.Validation
		}
		all = append(all, b)
	}
	all = append(all, invalid()...)
	for _, status := range []int{400, 404, 409, 422} {
		all = append(all, Breakage{fmt.Sprintf("sandbox-%d", status), verdict.Rejected,
			fmt.Sprintf("the sandbox Amazon answers %d to ids like this", status),
			event(func(e *schemas.Event) { e.EventID += fmt.Sprintf("_sandbox-%d", status) })})
	}
	return append(all, Breakage{"forbidden_profile", verdict.Auth, "the sandbox Amazon answers 403 to this profile",
		event(func(e *schemas.Event) { e.ProfileID = sandbox.ForbiddenProfile })})
}

var damageWhy = map[Damage]string{
	Tombstone:      "the value is null",
	Empty:          "the value has no bytes",
	NoMagic:        "plain JSON, from a producer without the registry",
	Short:          "cut off within the header",
	Truncated:      "cut off within the record",
	TrailingBytes:  "a line end behind the record",
	UnknownSchema:  "the registry has no schema of this id",
	NotTrackLayer:  "a heartbeat of something else in the same topic",
	InvalidUTF8:    "the event's name is Latin-1",
	UnexpectedType: "the event has a list of names",
	NotANumber:     "the value is NaN",
}

// event makes a change of an event one of a sample.
func event(change func(*schemas.Event)) func(*Sample) {
	return func(s *Sample) { change(s.Event) }
}

// invalid are the events that a rule of package transform refuses; each is
// named by the rule's code.
func invalid() []Breakage {
	type change = func(*schemas.Event)
	rule := func(code, why string, c change) Breakage {
		return Breakage{code, verdict.Validation, why, event(c)}
	}
	purchase := func(c change) change {
		return func(e *schemas.Event) {
			e.EventName, e.EventType = "Purchase", ""
			e.Custom.Value, e.Custom.Currency = schemas.NewDecimal(12995, 2), "USD"
			c(e)
		}
	}
	return []Breakage{
		rule("event_id_missing", "no id to remove duplicates by", func(e *schemas.Event) { e.EventID = "" }),
		rule("event_id_invalid", "an id with a space behind", func(e *schemas.Event) { e.EventID += " " }),
		rule("event_id_too_long", "an id of 10,000 characters", func(e *schemas.Event) { e.EventID += strings.Repeat("x", 10000-len(e.EventID)) }),
		rule("profile_id_missing", "no profile", func(e *schemas.Event) { e.ProfileID = "" }),
		rule("profile_id_invalid", "a profile id with spaces", func(e *schemas.Event) { e.ProfileID = "20 00" + e.ProfileID }),
		rule("event_name_missing", "a blank name", func(e *schemas.Event) { e.EventName = " " }),
		rule("event_name_unmapped", "a name that the mapping does not know", func(e *schemas.Event) { e.EventName, e.EventType = "Wishlist Shared", "" }),
		rule("event_type_unknown", "a type that nobody declared", func(e *schemas.Event) { e.EventType = "PURCHAES" }),
		rule("action_source_missing", "nobody says where it happened", func(e *schemas.Event) { e.EventName, e.EventType, e.ActionSource = "Lead", "", "" }),
		rule("action_source_unknown", "a place that the contract does not know", func(e *schemas.Event) { e.ActionSource = "STORE" }),
		rule("occurred_at_missing", "no time, which Avro writes as 1970", func(e *schemas.Event) { e.OccurredAt = 0 }),
		rule("occurred_at_too_old", "seconds where milliseconds belong", func(e *schemas.Event) { e.OccurredAt /= 1000 }),
		rule("occurred_at_ahead", "the year 9999", func(e *schemas.Event) {
			e.OccurredAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMilli()
		}),
		rule("country_unknown", "a country of three letters", func(e *schemas.Event) { e.User.CountryCode = "USA" }),
		rule("postal_code_without_country", "a postal code without its country", func(e *schemas.Event) { e.User.CountryCode, e.User.PostalCode = "", "10001" }),
		rule("value_missing", "a purchase without value", purchase(func(e *schemas.Event) { e.Custom.Value = schemas.Decimal{} })),
		rule("value_negative", "a refund sent as a purchase", purchase(func(e *schemas.Event) { e.Custom.Value = schemas.NewDecimal(-12995, 2) })),
		rule("currency_missing", "a value without currency", purchase(func(e *schemas.Event) { e.Custom.Currency = "" })),
		rule("currency_unknown", "a currency that is none", purchase(func(e *schemas.Event) { e.Custom.Currency = "XYZ" })),
	}
}

// Break makes the sample bad in this way and says so in it.
func (b Breakage) Break(s *Sample) {
	id := s.EventID()
	b.apply(s)
	if s.EventID() == "" && s.Key == "" {
		s.Key = id // so that its record can be told from others
	}
	s.Expect, s.Why, s.Code = b.Class, b.why, b.Name
	if b.Class == verdict.Rejected || b.Class == verdict.Auth {
		s.Code = ""
	}
}

// breakages finds breakages by name; none named means all but auth.
func breakages(names []string) ([]Breakage, error) {
	all := Breakages()
	if len(names) == 0 {
		return slices.DeleteFunc(all, func(b Breakage) bool { return b.Class == verdict.Auth }), nil
	}
	var out []Breakage
	for _, n := range names {
		i := slices.IndexFunc(all, func(b Breakage) bool { return b.Name == n })
		if i < 0 {
			var known []string
			for _, b := range all {
				known = append(known, b.Name)
			}
			return nil, fmt.Errorf("breakage %q is unknown: want one of %s", n, strings.Join(known, ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}
