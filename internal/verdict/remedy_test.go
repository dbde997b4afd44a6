package verdict

import (
	"strings"
	"testing"
)

func TestEveryClassHasARemedy(t *testing.T) {
	seen := make(map[string]Class)
	for _, c := range Classes() {
		s := Remedy(Reason{Class: c})
		if len(s) < 10 || !strings.HasSuffix(s, ".") {
			t.Errorf("%s: %q is not a sentence", c, s)
		}
		if other, ok := seen[s]; ok {
			t.Errorf("%s and %s have the same remedy", c, other)
		}
		seen[s] = c
		if strings.Contains(s, "No verdict") {
			t.Errorf("%s is final, but its remedy says %q", c, s)
		}
	}
}

// What the guide says of these statuses must be what the operator is told.
func TestRemediesNameWhatTheGuideNames(t *testing.T) {
	for _, tt := range []struct {
		reason Reason
		want   []string
	}{
		{Reason{Class: Auth, Status: 401}, []string{"token", "--refresh-token", "--client-secret"}},
		{Reason{Class: Auth, Status: 403}, []string{"profile", "approved"}},
		{Reason{Class: Rejected, Status: 422}, []string{"normalised", "country", "blank"}},
		{Reason{Class: Rejected, Status: 207, Code: "INVALID_USER_INFO"}, []string{"normalised", "country", "blank"}},
		{Reason{Class: Rejected, Status: 207, Field: "userInfo.hashedEmail"}, []string{"normalised"}},
		{Reason{Class: Rejected, Status: 207, Field: "value.amount"}, []string{"currency"}},
		{Reason{Class: Rejected, Status: 207, Field: "timestamp"}, []string{"clock"}},
		{Reason{Class: Rejected, Status: 207, Field: "eventType"}, []string{"mapping"}},
		{Reason{Class: Rejected, Status: 207, Field: "clickId"}, []string{"landing page"}},
		{Reason{Class: Rejected, Status: 400}, []string{"--contract"}},
		{Reason{Class: Rejected, Status: 404}, []string{"--amazon-url"}},
		{Reason{Class: Rejected, Status: 409}, []string{"event id"}},
		{Reason{Class: Rejected, Status: 413}, []string{"too large"}},
		{Reason{Class: Rejected, Status: 207, Code: "CONTENT_TOO_LARGE"}, []string{"too large"}},
		{Reason{Class: Rejected, Status: 418}, []string{"message"}},
		{Reason{Class: Rejected, Status: 503, Code: "exhausted"}, []string{"Nothing is known to be wrong", "--on-exhausted", "redrive"}},
		{Reason{Class: Validation, Code: "event_too_large"}, []string{"shorten"}},
		{*CodeCurrencyMissing.Because(""), []string{"ISO 4217"}},
		{*CodeCurrencyUnknown.Because(""), []string{"ISO 4217"}},
		{*CodeCountryUnknown.Because(""), []string{"ISO 3166"}},
		{*CodePostalCodeWithoutCountry.Because(""), []string{"ISO 3166"}},
		{*CodeEventNameUnmapped.Because(""), []string{"mapping"}},
		{*CodeOccurredAtAhead.Because(""), []string{"milliseconds", "clock"}},
		{*CodeOccurredAtTooOld.Because(""), []string{"milliseconds", "clock"}},
		{Reason{Class: Decode}, []string{"Avro", "producer"}},
		{Reason{Class: Filtered, Code: "consent"}, []string{"--consent-denied"}},
		{Reason{Class: Filtered, Code: "rule"}, []string{"mapping"}},
	} {
		got := Remedy(tt.reason)
		for _, w := range tt.want {
			if !strings.Contains(got, w) {
				t.Errorf("Remedy(%v) = %q: want it to name %q", tt.reason, got, w)
			}
		}
	}
	if got := Remedy(Reason{}); !strings.Contains(got, "in flight") {
		t.Errorf("no class: %q", got)
	}
}

// TestRemediesFitTheirReason: what does not help is not advised.
func TestRemediesFitTheirReason(t *testing.T) {
	for _, tt := range []struct {
		reason    Reason
		want, not string
	}{
		{Reason{Class: Validation, Code: "action_source_unknown", Field: "action_source"}, "an event's own wins", "Name the event in the mapping"},
		{Reason{Class: Validation, Code: "action_source_missing", Field: "action_source"}, "as the action_source of this event's name", "Name the event in the mapping"},
		{Reason{Class: Validation, Code: "action_source_unsupported", Field: "action_source"}, "events-v1", "Name the event in the mapping"},
		{Reason{Class: Validation, Code: "event_type_unknown", Field: "event_type"}, "event's own event_type wins", "Name the event in the mapping"},
		{Reason{Class: Validation, Code: "conversion_type_unsupported", Field: "event_type"}, "--unmapped-type=other", "Name the event in the mapping"},
		{Reason{Class: Validation, Code: "event_name_missing", Field: "event_name"}, "event_name", "use a name that is in it"},
		{Reason{Class: Validation, Code: "event_name_unmapped", Field: "event_name"}, "Name the event in the mapping file", ""},
		{Reason{Class: Validation, Code: "value_negative", Field: "custom_data.value"}, "zero or more", "ISO 4217"},
		{Reason{Class: Validation, Code: "value_not_finite", Field: "custom_data.value"}, "NaN", "ISO 4217"},
		{Reason{Class: Validation, Code: "country_missing", Field: "user_data.country_code"}, "events-v1", "postal code"},
		{Reason{Class: Validation, Code: "event_id_too_long", Field: "event_id"}, "512", "fill in"},
		{Reason{Class: Decode, Code: "tombstone"}, "null", "registered"},
		{Reason{Class: Decode, Code: "unknown_schema"}, "--registry", "does not help"},
		{Reason{Class: Decode, Code: "truncated"}, "ends before the schema", "wire format"},
		{Reason{Class: Decode, Code: "trailing_bytes"}, "goes on", "wire format"},
		{Reason{Class: Validation, Code: "postal_code_without_country", Field: "user_data.country_code"}, "leave out both", "blank"},
		{Reason{Class: Validation, Code: "currency_unknown", Field: "custom_data.currency"}, "historic", "a purchase needs both"},
		{Reason{Class: Validation, Code: "occurred_at_missing", Field: "occurred_at"}, "since 1970", "its clock"},
		{Reason{Class: Validation, Code: "occurred_at_ahead", Field: "occurred_at"}, "Check this host's clock first", "Redrive does not help"},
		{Reason{Class: Rejected, Status: 422, Field: "eventTime"}, "clock", "blank"},
		{Reason{Class: Rejected, Status: 422, Field: "eventDescription.conversionType"}, "event_type", "blank"},
		{Reason{Class: Rejected, Status: 422, Field: "eventDescription.eventSource"}, "action_source", "blank"},
		{Reason{Class: Rejected, Status: 422, Field: "matchKeys[0].values[0]"}, "normalised first", ""},
		{Reason{Class: Rejected, Status: 422, Field: "events[12].userInfo.hashedEmail"}, "normalised first", ""},
		{Reason{Class: Rejected, Status: 422, Field: "events[12].value.amount"}, "ISO 4217", "blank"},
		{Reason{Class: Rejected, Status: 422, Field: "currencyCode"}, "ISO 4217", "blank"},
		{Reason{Class: Rejected, Field: "eventType"}, "that one wins: correct the source", "Check the mapping file"},
		{Reason{Class: Rejected, Field: "eventActionSource"}, "that one wins: correct the source", "Check the mapping file"},
		{Reason{Class: Filtered, Code: "unmapped"}, "unmapped: filter", ""},
	} {
		got := Remedy(tt.reason)
		if !strings.Contains(got, tt.want) || tt.not != "" && strings.Contains(got, tt.not) {
			t.Errorf("Remedy(%v) = %q: want %q in it, and not %q", tt.reason, got, tt.want, tt.not)
		}
	}
}

// TestRedriveIsAdvisedWhereItHelps: it sends the original once more, so that what
// the source has to change is as wrong as before.
func TestRedriveIsAdvisedWhereItHelps(t *testing.T) {
	const never, always, perhaps = "Redrive does not help", "Then redrive the event", "after a change in the source have it publish"
	for want, reasons := range map[string][]Reason{
		never: {
			{Class: Decode}, {Class: Decode, Code: "tombstone"}, {Class: Decode, Code: "truncated"}, {Class: Decode, Code: "bad_value"}, {Class: Decode, Code: "bad_schema"},
			{Class: Validation, Code: "event_id_missing", Field: "event_id"}, {Class: Validation, Code: "event_name_missing", Field: "event_name"},
			{Class: Validation, Code: "profile_id_missing", Field: "profile_id"}, {Class: Validation, Code: "action_source_unknown", Field: "action_source"},
			{Class: Validation, Code: "currency_missing", Field: "custom_data.currency"}, {Class: Validation, Code: "value_negative", Field: "custom_data.value"},
			{Class: Validation, Code: "country_unknown", Field: "user_data.country_code"}, {Class: Validation, Code: "occurred_at_too_old", Field: "occurred_at"},
			{Class: Validation, Code: "event_too_large"}, {Class: Validation},
			{Class: Rejected, Status: 413}, {Class: Rejected, Status: 422}, {Class: Rejected, Field: "value.amount"}, {Class: Rejected, Field: "timestamp"}, {Class: Rejected, Field: "clickId"},
		},
		always: {
			{Class: Decode, Code: "unknown_schema"}, {Class: Validation, Code: "action_source_unsupported", Field: "action_source"},
			{Class: Rejected, Status: 404}, {Class: Rejected, Status: 400}, {Class: Auth, Status: 401}, {Class: Auth, Status: 403}, {Class: Auth, Code: "profile_unknown"},
			{Class: Rejected, Field: "name"},
		},
		perhaps: {
			{Class: Validation, Code: "event_name_unmapped", Field: "event_name"}, {Class: Validation, Code: "event_type_unknown", Field: "event_type"},
			{Class: Validation, Code: "profile_id_invalid", Field: "profile_id"}, {Class: Validation, Code: "action_source_missing", Field: "action_source"},
			{Class: Validation, Code: "conversion_type_unsupported", Field: "event_type"}, {Class: Validation, Code: "consent_missing", Field: "consent"},
			{Class: Validation, Code: "occurred_at_ahead", Field: "occurred_at"}, // this host's clock may have been at fault
			{Class: Rejected, Field: "eventType"}, {Class: Rejected, Field: "userInfo.hashedEmail"}, {Class: Rejected, Status: 418},
		},
	} {
		for _, r := range reasons {
			if got := Remedy(r); !strings.Contains(got, want) || want == always && strings.Contains(got, perhaps) {
				t.Errorf("Remedy(%v) = %q: want %q", r, got, want)
			}
		}
	}
}

// TestMendSpeaksOfNoLetters: where nothing was delivered there is nothing to redrive.
func TestMendSpeaksOfNoLetters(t *testing.T) {
	var reasons []Reason
	for _, e := range Codes() {
		reasons = append(reasons, *e.Code.Because(""))
	}
	for _, c := range Classes() {
		for _, status := range []int{0, 207, 400, 401, 403, 404, 409, 413, 418, 422, 503} {
			for _, field := range []string{"", "event_name", "event_id", "user_data.x", "custom_data.x", "occurred_at", "userInfo", "value", "timestamp", "name", "eventType", "eventActionSource", "clickId"} {
				for _, code := range []string{"", "exhausted", "profile_unknown", "INVALID_USER_INFO", "not_retained"} {
					reasons = append(reasons, Reason{Class: c, Status: status, Field: field, Code: code})
				}
			}
		}
	}
	for _, r := range reasons {
		mend := Mend(r)
		if strings.Contains(strings.ToLower(mend), "redrive") || strings.Contains(mend, "dead letter ") || len(mend) < 10 || !strings.HasSuffix(mend, ".") {
			t.Errorf("Mend(%v) = %q", r, mend)
		}
		if !strings.HasPrefix(Remedy(r), mend) {
			t.Errorf("Remedy(%v) is not what to fix and then what to do: %q", r, Remedy(r))
		}
	}
}
