package transform

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// results are the findings that are neither passed nor beside the point, in
// their order, as "code: result".
func results(e Explanation, want ...Result) (list []string) {
	for _, f := range e.Findings {
		for _, r := range want {
			if f.Result == r {
				list = append(list, f.Rule.Code+": "+r.String())
			}
		}
	}
	return list
}

func TestExplainAsksEveryRuleOnce(t *testing.T) {
	seen := make(map[string]int)
	for _, f := range newTransformer(t, Options{Wide: true}).Explain(newEvent(), now).Findings {
		seen[f.Rule.Code]++
		if f.Rule.Help == "" || f.Rule.Field == "" {
			t.Errorf("%s says nothing of itself", f.Rule.Code)
		}
	}
	var all []string
	for _, e := range verdict.CodesBy("transform") {
		all = append(all, e.Name)
	}
	for _, name := range append(all, WarningNames()...) {
		if seen[name] != 1 {
			t.Errorf("%s is asked %d times", name, seen[name])
		}
		delete(seen, name)
	}
	if len(seen) > 0 {
		t.Errorf("rules that no document has: %v", seen)
	}
}

// TestExplainIsTransform: whatever the event, the verdict is the pipeline's, the
// rule that gives it was asked, and none before it failed.
func TestExplainIsTransform(t *testing.T) {
	all := eachTransformer(t)
	for _, unmapped := range []string{"filter", "pass"} {
		m := mapping(t, "extends: default\nunmapped: "+unmapped+"\nevents:\n  - match: [Lead]\n    action: filter\n  - match: [Subscribe]\n    name: S\n    event_type: SUBSCRIBE\n    value: none\n")
		all = append(all, newTransformer(t, Options{Mapping: m}))
	}
	gen := genEvent()
	rapid.Check(t, func(t *rapid.T) {
		ev := gen.Draw(t, "event")
		for _, tr := range all {
			var out Conversion
			reason, ok := tr.Transform(ev, now, &out)
			e := tr.Explain(ev, now)
			if e.OK != ok || e.Reason != reason || e.Conversion != out {
				t.Fatalf("explained as %v %v, transformed as %v %v", e.OK, e.Reason, ok, reason)
			}
			if ok && e.NoUserData && (out.HashedEmail.IsSet() || out.PostalCode != "") || ok && e.NoStorage && out.ClickID != "" {
				t.Fatalf("said to be withheld, and sent")
			}
			if failed := results(e, Failed); ok && len(failed) > 0 || !ok && (len(failed) == 0 || failed[0] != reason.Code+": failed") {
				t.Fatalf("verdict %v, findings %q", reason, failed)
			}
			for _, f := range e.Findings {
				if f.Result == 0 || (f.Message != "") != (f.Result == Failed || f.Result == LeftOut && strings.HasPrefix(f.Rule.Code, "attribute")) {
					t.Fatalf("finding %+v", f)
				}
				if ok && f.Result == NotReached {
					t.Fatalf("%s was not reached, and the event is sent", f.Rule.Code)
				}
			}
			for w, r := range WarningRules() {
				has := slices.Contains(results(e, LeftOut), r.Code+": left out")
				if ok && has != out.Warnings.Has(Warning(w)) {
					t.Fatalf("%s left out: %v, and the conversion says otherwise", r.Code, has)
				}
			}
		}
	})
}

// TestExplainSaysWhatIsNotAsked: "ok" of a rule that had nothing to judge would
// be read as praise of a field that is not there.
func TestExplainSaysWhatIsNotAsked(t *testing.T) {
	ev := newEvent()
	ev.User, ev.Custom, ev.ClickID, ev.EventName = schemas.UserData{}, schemas.CustomData{}, "", "Lead"
	want := []string{
		"event_type_unknown: not asked", "unmapped: not asked", "event_name_invalid: not asked",
		"consent_unknown: not asked", "consent: not asked", "platform_unknown: not asked", "country_unknown: not asked",
		"postal_code_invalid: not asked", "postal_code_without_country: not asked",
		"value_missing: not asked", "currency_without_value: not asked",
		"value_not_finite: not asked", "value_negative: not asked", "value_too_long: not asked",
		"currency_missing: not asked", "currency_unknown: not asked",
		"email_invalid: not asked", "email_hash_invalid: not asked", "phone_invalid: not asked", "phone_hash_invalid: not asked",
		"madid_invalid: not asked", "madid_zeros: not asked", "click_id_invalid: not asked",
	}
	if d := cmp.Diff(want, results(newTransformer(t, Options{}).Explain(ev, now), NotAsked)); d != "" {
		t.Error(d)
	}
	full := newEvent()
	full.EventType, full.Consent = "PURCHASE", schemas.Consent{AdStorage: "GRANTED", AdUserData: "GRANTED"}
	full.User.HashedEmail = strings.Repeat("ab", 32) // the raw address goes before it
	want = []string{"unmapped: not asked", "event_name_invalid: not asked", "consent: not asked", "platform_unknown: not asked", "email_hash_invalid: not asked", "phone_hash_invalid: not asked"}
	if d := cmp.Diff(want, results(newTransformer(t, Options{}).Explain(full, now), NotAsked, NotReached, LeftOut, Failed)); d != "" {
		t.Error(d)
	}
}

// TestExplainGoesOn: a source with several faults learns of all of them at once.
func TestExplainGoesOn(t *testing.T) {
	ev := newEvent()
	ev.ProfileID, ev.OccurredAt, ev.Custom.Currency, ev.User.Email = "", ev.OccurredAt/1000, "", "nobody"
	ev.User.CountryCode = "UK"
	e := newTransformer(t, Options{}).Explain(ev, now)
	want := []string{
		"profile_id_missing: failed", "profile_id_invalid: not reached",
		"occurred_at_too_old: failed",
		"country_unknown: failed", "postal_code_invalid: not reached", "postal_code_without_country: not reached",
		"currency_missing: failed", "currency_unknown: not reached",
		"email_invalid: left out",
		"phone_invalid: not reached", "phone_hash_invalid: not reached",
	}
	if d := cmp.Diff(want, results(e, Failed, NotReached, LeftOut)); d != "" {
		t.Error(d)
	}
	if e.Reason.Code != "profile_id_missing" || e.Conversion != (Conversion{}) {
		t.Errorf("verdict %v", e.Reason)
	}
}

func TestExplainStopsAtWhatIsFiltered(t *testing.T) {
	ev := newEvent()
	ev.Consent.AdStorage, ev.ProfileID, ev.Custom.Value = "DENIED", "", schemas.DecimalFromFloat(math.NaN(), 64)
	e := newTransformer(t, Options{ConsentDenied: ConsentFilter}).Explain(ev, now)
	if d := cmp.Diff([]string{"consent: failed"}, results(e, Failed)); d != "" || e.Reason.Class != verdict.Filtered {
		t.Errorf("%v\n%s", e.Reason, d)
	}
	if e.NoUserData || !e.NoStorage {
		t.Errorf("withheld: user data %v, storage %v", e.NoUserData, e.NoStorage)
	}
	for _, f := range e.Findings {
		if f.Rule.Code == "consent" && f.Rule.Field != "consent.ad_storage" {
			t.Errorf("the field at fault is %s", f.Rule.Field)
		}
		if f.Rule.Code == "profile_id_missing" && f.Result != NotReached {
			t.Errorf("an event that is left out on purpose is judged: %v", f)
		}
	}
}

// TestExplainKeepsTheOrder gives an event every two faults at once: which of them
// is the verdict depends on the order of the checks alone.
func TestExplainKeepsTheOrder(t *testing.T) {
	faults := map[string]func(*schemas.Event){
		"no name":        func(e *schemas.Event) { e.EventName = " " },
		"unknown name":   func(e *schemas.Event) { e.EventName = "Something" },
		"unknown type":   func(e *schemas.Event) { e.EventType = "Something" },
		"consent":        func(e *schemas.Event) { e.Consent.AdUserData = "DENIED" },
		"odd consent":    func(e *schemas.Event) { e.Consent.AdStorage = "perhaps" },
		"no id":          func(e *schemas.Event) { e.EventID = "" },
		"long id":        func(e *schemas.Event) { e.EventID += strings.Repeat("x", 512) },
		"blanks at id":   func(e *schemas.Event) { e.EventID += " " },
		"no profile":     func(e *schemas.Event) { e.ProfileID = "" },
		"odd profile":    func(e *schemas.Event) { e.ProfileID += " 7" },
		"no source":      func(e *schemas.Event) { e.ActionSource = "" },
		"odd source":     func(e *schemas.Event) { e.ActionSource = "shop" },
		"no time":        func(e *schemas.Event) { e.OccurredAt = 0 },
		"seconds":        func(e *schemas.Event) { e.OccurredAt /= 1000 },
		"nanoseconds":    func(e *schemas.Event) { e.OccurredAt *= 1e6 },
		"odd country":    func(e *schemas.Event) { e.User.CountryCode = "UK" },
		"no country":     func(e *schemas.Event) { e.User.CountryCode = "" },
		"no value":       func(e *schemas.Event) { e.Custom.Value = schemas.Decimal{} },
		"NaN":            func(e *schemas.Event) { e.Custom.Value = schemas.DecimalFromFloat(math.NaN(), 64) },
		"negative value": func(e *schemas.Event) { e.Custom.Value = schemas.NewDecimal(-1, 0) },
		"no currency":    func(e *schemas.Event) { e.Custom.Currency = "" },
		"odd currency":   func(e *schemas.Event) { e.Custom.Currency = "XYZ" },
	}
	for _, tr := range eachTransformer(t) {
		for nameA, a := range faults {
			for nameB, b := range faults {
				ev := newEvent()
				a(ev)
				b(ev)
				var out Conversion
				want, ok := tr.Transform(ev, now, &out)
				if e := tr.Explain(ev, now); e.OK != ok || e.Reason != want {
					t.Errorf("%s and %s: explained as %v, transformed as %v", nameA, nameB, e.Reason, want)
				}
			}
		}
	}
}
