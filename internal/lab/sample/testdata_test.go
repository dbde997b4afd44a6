package sample

import (
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/testdata"
	"github.com/tracklayer/amazon-capi/transform"
)

func embedded(t *testing.T) []Sample {
	t.Helper()
	samples, err := ReadAll(testdata.Events)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// TestSampleEvents holds the sample events to what they say of themselves, by
// the stages of the program and the sandbox Amazon.
func TestSampleEvents(t *testing.T) {
	j := newJudge(t, time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), transform.Options{})
	for _, s := range embedded(t) {
		if s.Expect == 0 {
			t.Errorf("%s (%s) does not say what becomes of it", s.key(), s.Why)
		}
		class, code := j.class(&s)
		if class != s.Expect || s.Code != "" && code != s.Code {
			t.Errorf("%s (%s): %s %s, want %s %s", s.key(), s.Why, class, code, s.Expect, s.Code)
		}
	}
	if amounts := j.amazon.Stats().Profiles["6789012345"].Taken; amounts != 14 {
		t.Errorf("%d events of the profile with the odd amounts were taken, want 14", amounts)
	}
}

// TestSampleEventsWithConsentFiltered: what the consent file says of itself.
func TestSampleEventsWithConsentFiltered(t *testing.T) {
	j := newJudge(t, time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), transform.Options{ConsentDenied: transform.ConsentFilter})
	filtered := map[string]bool{}
	for _, s := range embedded(t) {
		class, _ := j.class(&s)
		if class == verdict.Filtered {
			filtered[s.EventID()] = true
		} else if class != s.Expect {
			t.Errorf("%s: %s, want %s", s.key(), class, s.Expect)
		}
	}
	for _, id := range []string{"consent-1", "consent-2", "consent-3", "consent-4", "consent-5", "consent-7"} {
		if !filtered[id] {
			t.Errorf("%s was not filtered", id)
		}
	}
	if len(filtered) != 6 {
		t.Errorf("%d events filtered, want 6", len(filtered))
	}
}

// TestSampleEventsCoverage: the samples show what the demo is to show.
func TestSampleEventsCoverage(t *testing.T) {
	samples := embedded(t)
	if n := len(samples); n < 120 || n > 150 {
		t.Errorf("%d samples, want 120 to 150", n)
	}
	transformer, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
	classes, versions, types, profiles, ids := map[verdict.Class]int{}, map[schemas.Version]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	var warned, denied, old, ways int
	codes := map[string]bool{}
	for _, s := range samples {
		classes[s.Expect]++
		if s.Expect.DeadLetter() {
			if !codes[s.Why] {
				ways++
			}
			codes[s.Why] = true
		}
		if s.Expect != verdict.Accepted {
			continue
		}
		var c transform.Conversion
		if reason, ok := transformer.Transform(s.Event, now, &c); !ok {
			t.Fatalf("%s: %v", s.key(), reason)
		}
		versions[s.version()]++
		types[c.EventType]++
		profiles[c.ProfileID]++
		ids[c.EventID]++
		if c.Warnings != 0 {
			warned++
		}
		if s.Event.Consent.AdUserData == "DENIED" || s.Event.Consent.AdStorage == "DENIED" {
			denied++
		}
		if c.OccurredAt < now.AddDate(-1, 0, 0).UnixMilli() {
			old++
		}
	}
	for _, class := range []verdict.Class{verdict.Decode, verdict.Validation, verdict.Rejected, verdict.Auth} {
		if classes[class] < 2 {
			t.Errorf("%d samples of class %s, want two at least", classes[class], class)
		}
	}
	if ways < 12 {
		t.Errorf("broken in %d ways, want a dozen at least", ways)
	}
	for _, want := range []string{"PURCHASE", "ADD_TO_CART", "CHECKOUT", "LEAD", "SIGN_UP", "SUBSCRIBE", "PAGE_VIEW", "SEARCH", "CONTACT", "APPLICATION", "MOBILE_APP_FIRST_START", "OTHER"} {
		if types[want] == 0 {
			t.Errorf("no accepted event of type %s", want)
		}
	}
	for _, v := range schemas.Versions() {
		if versions[v] < 20 {
			t.Errorf("%d records by version %d, want 20 at least", versions[v], v)
		}
	}
	if len(profiles) < 5 || profiles[sandbox.ForbiddenProfile] > 0 {
		t.Errorf("%d profiles, want five at least, and none accepted of the forbidden one", len(profiles))
	}
	twice := 0
	for _, n := range ids {
		if n > 1 {
			twice++
		}
	}
	if twice != 2 || warned < 3 || denied < 3 || old < 3 {
		t.Errorf("%d ids twice, %d with warnings, %d denied, %d old; want 2, and three at least of the others", twice, warned, denied, old)
	}
}
