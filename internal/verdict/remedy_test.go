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
			t.Errorf("%s: %q is no sentence", c, s)
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
		{Reason{Class: Validation, Field: "custom_data.currency"}, []string{"ISO 4217"}},
		{Reason{Class: Validation, Field: "user_data.country_code"}, []string{"ISO 3166"}},
		{Reason{Class: Validation, Field: "event_name"}, []string{"mapping"}},
		{Reason{Class: Validation, Field: "occurred_at"}, []string{"milliseconds"}},
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
