package check

import (
	"errors"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/program"
	"github.com/tracklayer/amazon-capi/transform"
)

const (
	areaMapping = "mapping"
	areaSchemas = "schemas"
)

// Mapping checks a mapping for the contracts that its events are sent by; name is its
// file's, empty for the built-in one.
func Mapping(m *transform.Mapping, name string, contracts ...string) (l report.List) {
	s, err := m.Summary()
	if err != nil {
		l.Act(areaMapping, name, "", "%v", err)
		return l
	}
	if name == "" {
		name = "built-in"
	}
	l.Fine(areaMapping, name, "%s for %s, %s left out, others: %s",
		count.Of(s.Names, "name"), count.Of(len(s.Sent), "conversion"), count.Of(s.Filtered, "name"), s.Unmapped)
	switch s.Unmapped {
	case "pass":
		l.Look(areaMapping, name, "Map the names that you mean, and say unmapped: reject.", "unmapped: pass sends every other name to Amazon as OTHER, typing errors included")
	case "filter":
		l.Look(areaMapping, name, "Say unmapped: reject, and give action: filter to the names that are not meant.", "unmapped: filter silently leaves out a conversion whose name has a typing error")
	}
	if len(s.NotBuiltIn) > 0 {
		l.Look(areaMapping, name, "Add extends: default to keep them, if they are meant.", "no longer has the built-in conversions %s", some(s.NotBuiltIn))
	}
	if len(s.Forbidden) > 0 && slices.Contains(contracts, "events-v1") {
		l.Act(areaMapping, name, "Give them names without "+transform.ForbiddenInNames, "events-v1 takes no event of these conversions, because of their names: %s", some(s.Forbidden))
	}
	if len(s.UnusedTypes) > 0 {
		l.Look(areaMapping, name, "Give them to events, or remove them.", "types that no event of the table has: %s", some(s.UnusedTypes))
	}
	return l
}

// some lists a few of many.
func some(all []string) string {
	const most = 8
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:most], ", ") + ", …"
}

// needed are the fields that a schema must have: without them each of its events is refused,
// or is not worth sending.
var needed = []struct {
	path, without string
	level         report.Level
}{
	{"profile_id", "every event is refused", report.Act},
	{"occurred_at", "every event is refused", report.Act},
	{"action_source", "every event is refused whose name has no action_source in the mapping", report.Look},
	{"click_id", "no event can be credited to its click", report.Look},
	{"custom_data.value", "every purchase is refused", report.Look},
	{"custom_data.currency", "every purchase is refused", report.Look},
	{"user_data.country_code", "no postal code can be sent, and phone numbers need their calling code", report.Look},
	{"consent.ad_user_data", "consent cannot be respected", report.Look},
	{"consent.ad_storage", "consent cannot be respected", report.Look},
}

// ProducerSchema checks a schema that a producer intends to write with, by the mapping's aliases.
func ProducerSchema(name, text string, aliases *schemas.Aliases) (l report.List) {
	in, err := program.Inspect(text, aliases)
	if err != nil {
		advice := "Have it give the fields the names of TrackLayer's schema (amazon-capi schemas print), or aliases; or say under fields of the mapping which of its fields they are."
		if bad, ok := errors.AsType[*program.Error](err); ok && bad.Code == verdict.CodeBadSchema {
			advice = "Check it with an Avro tool first."
		} else if ok && bad.Code == verdict.CodeBadAlias {
			advice = "Fix that line of the mapping, or have it say optional: true if not all schemas have the field."
		}
		l.Act(areaSchemas, name, advice, "no record of it can be an event: %v", err)
		return l
	}
	l.Fine(areaSchemas, name, "%d of our %s can be read from it", len(in.Reads), count.Of(len(in.Reads)+len(in.Lacks), "field"))
	for _, a := range in.Aliases {
		l.Fine(areaSchemas, name, "%s", a)
	}
	for _, a := range in.Shadows {
		l.Look(areaSchemas, name, "Nothing, if that is meant. Otherwise remove the line.", "has %s, too, which is not read: %s", a.To, a)
	}
	for _, n := range needed {
		if slices.Contains(in.Lacks, n.path) {
			l = append(l, report.Finding{
				Level: n.level, Area: areaSchemas, Subject: name, Message: "has no " + n.path + ": " + n.without, Advice: "Add " + n.path + ".",
			})
		}
	}
	for _, r := range in.Refuses {
		l.Look(areaSchemas, name, "Remove it from the union, or see that no record holds it.", "%s may hold %s, which is not supported there: every event that does is refused", r.Path, r.Type)
	}
	for _, u := range in.Units {
		const advice = "Give it the logical type timestamp-millis, timestamp-micros or timestamp-nanos, whichever it counts."
		if u.Says != "" {
			l.Act(areaSchemas, name, advice, "%s is %s, which is taken for milliseconds since 1970, and its doc says %s: every event is refused", u.Path, u.Type, u.Says)
			continue
		}
		l.Look(areaSchemas, name, advice, "%s is %s, which is taken for milliseconds since 1970: in seconds, microseconds or nanoseconds every event is refused", u.Path, u.Type)
	}
	if !slices.ContainsFunc(in.Reads, func(path string) bool {
		return slices.Contains([]string{"user_data.email", "user_data.hashed_email", "user_data.phone", "user_data.hashed_phone", "user_data.madid"}, path)
	}) {
		l.Look(areaSchemas, name, "Add user_data with email, phone or madid, where consent and your rules allow it.", "has no identifier: events match by their click alone")
	}
	if len(in.Ignores) > 0 {
		l.Look(areaSchemas, name, "Nothing, if they are meant for others. A field of ours under another name needs an alias in the schema, or a line under fields in the mapping.", "fields that nobody here reads: %s", some(in.Ignores))
	}
	return l
}

// Embedded holds the schemas that the program comes with to its own decoder: what
// one version writes is read again whole.
func Embedded() (l report.List) {
	for _, v := range schemas.Versions() {
		text, err := v.Schema()
		if err == nil {
			_, err = program.Inspect(text, nil)
		}
		if err != nil {
			l.Act(areaSchemas, "", "This is a bug of the program.", "version %d, which the program comes with: %v", v, err)
			return l
		}
	}
	l.Fine(areaSchemas, "", "versions 1 to %d, which the program comes with, can be read", schemas.Latest)
	return l
}
