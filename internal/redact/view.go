package redact

import (
	"slices"
	"strings"
)

// View is how tools show an event to an operator. The zero value shows no part of
// a value that could name a person, only that there is one.
type View struct {
	// Partial shows the ends of identifiers, j•••@•••.com, so that somebody who
	// knows them can tell whether they are the ones meant.
	Partial bool
}

// cover is what a masked part looks like.
const cover = "•••"

// Identifier shows a value that names a person; kind is what the value is, such as
// "email".
func (v View) Identifier(kind, value string) string {
	switch {
	case value == "":
		return ""
	case strings.TrimSpace(value) == "":
		return "[blank]"
	case v.Partial:
		return partial(value)
	}
	return "[" + kind + "]"
}

// partial keeps too little of a value to find out the rest.
func partial(s string) string {
	s = Line(s, inputLimit)
	if local, domain, ok := strings.Cut(s, "@"); ok {
		first := []rune(local)
		return string(first[:min(1, len(first))]) + cover + "@" + cover + lastLabel(domain)
	}
	r := []rune(s)
	switch n := len(r); {
	case n < 4:
		return cover
	case n < 12:
		return string(r[:1]) + cover
	default:
		return string(r[:2]) + cover + string(r[n-2:])
	}
}

// lastLabel is a domain's last label with its dot, if it can be one that everybody
// knows, such as com or museum; what else stands there may be a person's.
func lastLabel(domain string) string {
	label := domain[strings.LastIndexByte(domain, '.')+1:]
	if len(label) == len(domain) || len(label) < 2 || len(label) > 6 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return "." + label
}

// fields of an event in the JSON form of package schemas that are shown. All
// others are identifiers, or could be: a field that is new hides until it is
// listed here.
var (
	eventWords = []string{
		"event_name", "event_type", "action_source", "platform", "user_data.country_code",
		"custom_data.currency", "consent.ad_storage", "consent.ad_user_data", "consent.data_processing",
	}
	eventTimes = []string{"occurred_at", "click_captured_at"}
)

const attributes = "custom_data.attributes"

// Event shows an event that is in the JSON form of package schemas.
func (v View) Event(doc []byte) []byte {
	return whole(JSON(doc, func(path, value string) string {
		switch {
		case slices.Contains(eventTimes, path):
			return value
		case path == "event_id":
			return EventID(value)
		case path == "profile_id":
			return ProfileField(value)
		case slices.Contains(eventWords, path):
			return Line(Text(value), idLimit)
		}
		return v.Identifier(kindOf(path), value)
	}, func(path, name string) string {
		if path == attributes {
			return v.Identifier("attribute", name)
		}
		return Line(Text(name), idLimit)
	}))
}

// Payload shows an event as Amazon is sent it; identifiers are the values in it
// that name a person, in any field.
func (v View) Payload(doc []byte, identifiers []string) []byte {
	return whole(JSON(doc, func(path, value string) string {
		switch last := path[strings.LastIndexByte(path, '.')+1:]; {
		case last == "eventId":
			return EventID(value)
		case slices.Contains(identifiers, value):
			return v.Identifier(kindOf(last), value)
		case path == "customData.value": // the source's own, and of any kind
			return v.Identifier("text", value)
		case path == "customData.name":
			return v.Identifier("attribute", value)
		}
		return Line(Text(value), idLimit)
	}, func(_, name string) string { return Line(Text(name), idLimit) }))
}

// kindOf names what a field holds, by the field.
func kindOf(path string) string {
	name := strings.ToLower(strings.ReplaceAll(path[strings.LastIndexByte(path, '.')+1:], "_", ""))
	switch {
	case strings.HasPrefix(name, "hashed"):
		return "hash"
	case name == "email", name == "phone":
		return name
	case name == "madid":
		return "device id"
	case name == "clickid":
		return "click id"
	case name == "postalcode":
		return "postal code"
	case name == "orderreference":
		return "order reference"
	case strings.HasPrefix(path, attributes):
		return "text"
	}
	return "masked"
}

// whole hides a document that cannot be gone through.
func whole(doc []byte, err error) []byte {
	if err != nil {
		return []byte(`"[masked]"`)
	}
	return doc
}
