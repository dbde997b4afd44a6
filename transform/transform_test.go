package transform

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

func TestConversionOfTheGuidesPurchase(t *testing.T) {
	tr := newTransformer(t, Options{})
	ev := newEvent()
	out := convert(t, tr, ev)
	want := Conversion{
		ProfileID:    "1234567890",
		EventID:      "ord_10492_purchase",
		Name:         "Purchase",
		EventType:    "PURCHASE",
		ActionSource: "WEBSITE",
		OccurredAt:   ev.OccurredAt,
		ClickID:      "amzn1.click.abc123",
		HashedEmail:  sha("jane.doe@example.com"),
		HashedPhone:  sha("15551234567"),
		MADID:        "AEBE52E7-03EE-455A-B3C4-E57283966239",
		CountryCode:  "US",
		PostalCode:   "10001",
		Amount:       schemas.NewDecimal(12995, 2),
		Currency:     "USD",
	}
	if out != want {
		t.Error(diff(want, out))
	}
}

// diff compares field by field; Conversion itself prints nothing of a person.
func diff(want, got Conversion) string {
	type (
		plain     Conversion
		plainWide Wide
		consent   Consented
	)
	text := func(c Conversion) string {
		return fmt.Sprintf("%+v\n%+v\n%+v\n%v", plain(c), plainWide(c.Wide), consent(c.Consent), c.Attributes.All())
	}
	return cmp.Diff(text(want), text(got))
}

// refusals has an event for every rule; edit changes the guide's purchase.
var refusals = []struct {
	name string
	code string
	opts Options
	edit func(*schemas.Event)
	says string // part of the message
}{
	{"no name", "event_name_missing", Options{}, func(e *schemas.Event) { e.EventName = "" }, "absent"},
	{"blank name", "event_name_missing", Options{}, func(e *schemas.Event) { e.EventName = " \t\u200b\u00a0" }, "blank"},
	{"unmapped name", "event_name_unmapped", Options{}, func(e *schemas.Event) { e.EventName = "Frobnicate" }, `"Frobnicate"`},
	{"unmapped long name", "event_name_unmapped", Options{}, func(e *schemas.Event) { e.EventName = strings.Repeat("x", 10000) }, `"xxxxxxxxxxxxxxxxxxxxxxxx"…`},
	{"own name too long", "event_name_invalid", Options{}, func(e *schemas.Event) { e.EventName, e.EventType = strings.Repeat("é", 257), "LEAD" }, "at most 256"},
	{"own name with control characters", "event_name_invalid", Options{}, func(e *schemas.Event) { e.EventName, e.EventType = "a\x00b", "LEAD" }, "printable"},
	{"own name of invalid UTF-8", "event_name_invalid", Options{}, func(e *schemas.Event) { e.EventName, e.EventType = "a\xffb", "LEAD" }, "printable"},
	{"unknown type", "event_type_unknown", Options{}, func(e *schemas.Event) { e.EventType = "PURCHSE" }, `"PURCHSE": want none, or one of PURCHASE`},

	{"no event id", "event_id_missing", Options{}, func(e *schemas.Event) { e.EventID = "" }, "absent"},
	{"blank event id", "event_id_missing", Options{}, func(e *schemas.Event) { e.EventID = " \n" }, "blank"},
	{"event id with blanks around", "event_id_invalid", Options{}, func(e *schemas.Event) { e.EventID = "ord_1 " }, "beginning or end"},
	{"event id with a zero-width blank before", "event_id_invalid", Options{}, func(e *schemas.Event) { e.EventID = "\u200bord_1" }, "beginning or end"},
	{"event id with a newline", "event_id_invalid", Options{}, func(e *schemas.Event) { e.EventID = "ord\n1" }, "control characters"},
	{"event id with a control character of Latin-1", "event_id_invalid", Options{}, func(e *schemas.Event) { e.EventID = "ord\u00801" }, "control characters"},
	{"event id of invalid UTF-8", "event_id_invalid", Options{}, func(e *schemas.Event) { e.EventID = "ord\xc3(" }, "UTF-8"},
	{"event id of 10,000 characters", "event_id_too_long", Options{}, func(e *schemas.Event) { e.EventID = strings.Repeat("x", 10000) }, "10000 bytes: want at most 512"},
	{"event id of 513 characters", "event_id_too_long", Options{}, func(e *schemas.Event) { e.EventID = strings.Repeat("é", 513) }, "at most 512"},

	{"no profile", "profile_id_missing", Options{}, func(e *schemas.Event) { e.ProfileID = "" }, "absent"},
	{"profile of spaces", "profile_id_missing", Options{}, func(e *schemas.Event) { e.ProfileID = "  " }, "blank"},
	{"profile with spaces", "profile_id_invalid", Options{}, func(e *schemas.Event) { e.ProfileID = "12 34" }, "blanks"},
	{"profile with a space after it", "profile_id_invalid", Options{}, func(e *schemas.Event) { e.ProfileID = "1234 " }, "blanks"},
	{"profile with a header injection", "profile_id_invalid", Options{}, func(e *schemas.Event) { e.ProfileID = "1\r\nX: y" }, "other characters"},
	{"profile of 65 characters", "profile_id_invalid", Options{}, func(e *schemas.Event) { e.ProfileID = strings.Repeat("1", 65) }, "too many"},

	{"no action source", "action_source_missing", Options{}, func(e *schemas.Event) { e.ActionSource = " " }, "WEBSITE or APP"},
	{"unknown action source", "action_source_unknown", Options{}, func(e *schemas.Event) { e.ActionSource = "FAX" }, `"FAX": want WEBSITE or APP`},
	{"ambiguous action source", "action_source_unknown", Options{}, func(e *schemas.Event) { e.ActionSource = "mobile" }, "WEBSITE or APP"},

	{"no time", "occurred_at_missing", Options{}, func(e *schemas.Event) { e.OccurredAt = 0 }, "absent"},
	{"seconds for milliseconds", "occurred_at_too_old", Options{}, func(e *schemas.Event) { e.OccurredAt /= 1000 }, "in the year 1970: want a time after the year 2000 (it looks like seconds"},
	{"before 1970", "occurred_at_too_old", Options{}, func(e *schemas.Event) { e.OccurredAt = -1 }, "before 1970: want"},
	{"1999", "occurred_at_too_old", Options{}, func(e *schemas.Event) { e.OccurredAt = earliest - 1 }, "in the year 1999"},
	{"eleven minutes ahead", "occurred_at_ahead", Options{}, func(e *schemas.Event) { e.OccurredAt = now.Add(11 * time.Minute).UnixMilli() }, "at most 10m0s ahead"},
	{"a millisecond too far ahead", "occurred_at_ahead", Options{}, func(e *schemas.Event) { e.OccurredAt = now.Add(DefaultMaxAhead).UnixMilli() + 1 }, "ahead"},
	{"ahead of a smaller limit", "occurred_at_ahead", Options{MaxAhead: time.Second}, func(e *schemas.Event) { e.OccurredAt = now.Add(2 * time.Second).UnixMilli() }, "at most 1s ahead"},
	{"year 9999", "occurred_at_ahead", Options{}, func(e *schemas.Event) {
		e.OccurredAt = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC).UnixMilli()
	}, "in the year 9999"},
	{"microseconds for milliseconds", "occurred_at_ahead", Options{}, func(e *schemas.Event) { e.OccurredAt *= 1000 }, "it looks like microseconds"},
	{"nanoseconds for milliseconds", "occurred_at_ahead", Options{}, func(e *schemas.Event) { e.OccurredAt *= 1000000 }, "it looks like nanoseconds"},
	{"end of time", "occurred_at_ahead", Options{}, func(e *schemas.Event) { e.OccurredAt = 1<<63 - 1 }, "after the year 9999"},
	{"beginning of time", "occurred_at_too_old", Options{}, func(e *schemas.Event) { e.OccurredAt = -1 << 63 }, "before 1970"},

	{"UK", "country_unknown", Options{}, func(e *schemas.Event) { e.User.CountryCode = "UK" }, `"UK": want GB`},
	{"three letters", "country_unknown", Options{}, func(e *schemas.Event) { e.User.CountryCode = "USA" }, "ISO 3166-1"},
	{"a country that is none", "country_unknown", Options{}, func(e *schemas.Event) { e.User.CountryCode = "ZZ" }, "ISO 3166-1"},
	{"postal code alone", "postal_code_without_country", Options{}, func(e *schemas.Event) { e.User.CountryCode = "" }, "user_data.country_code"},

	{"purchase without value", "value_missing", Options{}, func(e *schemas.Event) { e.Custom.Value = schemas.Decimal{} }, "absent"},
	{"purchase by its own type without value", "value_missing", Options{}, func(e *schemas.Event) {
		e.EventName, e.EventType, e.Custom.Value = "Whatever", "purchase", schemas.Decimal{}
	}, "absent"},
	{"NaN", "value_not_finite", Options{}, func(e *schemas.Event) { e.Custom.Value = schemas.DecimalFromFloat(nan, 64) }, "not a number"},
	{"NaN of a lead", "value_not_finite", Options{}, func(e *schemas.Event) {
		e.EventName, e.Custom.Value = "Lead", schemas.DecimalFromFloat(nan, 64)
	}, "not a number"},
	{"negative", "value_negative", Options{}, func(e *schemas.Event) { e.Custom.Value = schemas.NewDecimal(-1, 2) }, "negative"},
	{"a thousand digits", "value_too_long", Options{}, func(e *schemas.Event) {
		e.Custom.Value = schemas.DecimalFromBytes(append([]byte{1}, make([]byte, 400)...), 2)
	}, "at most 64"},
	{"no currency", "currency_missing", Options{}, func(e *schemas.Event) { e.Custom.Currency = "" }, "ISO 4217"},
	{"unknown currency", "currency_unknown", Options{}, func(e *schemas.Event) { e.Custom.Currency = "USX" }, `"USX"`},
	{"historic currency", "currency_unknown", Options{}, func(e *schemas.Event) { e.Custom.Currency = "DEM" }, `"DEM"`},

	{"consent for data denied", "consent", Options{ConsentDenied: ConsentFilter}, func(e *schemas.Event) { e.Consent.AdUserData = "denied" }, "consent.ad_user_data is DENIED"},
	{"consent for storage denied", "consent", Options{ConsentDenied: ConsentFilter}, func(e *schemas.Event) { e.Consent.AdStorage = "DENIED" }, "consent.ad_storage is DENIED"},
	{"consent not understood", "consent", Options{ConsentDenied: ConsentFilter}, func(e *schemas.Event) { e.Consent.AdStorage = "nope" }, `"nope", which counts as DENIED`},
}

var nan = func() float64 { var zero float64; return zero / zero }()

func TestRefusals(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			ev := newEvent()
			c.edit(ev)
			checkRefused(t, newTransformer(t, c.opts), ev, c.code, c.says)
		})
	}
}

// checkRefused holds a refusal to its code, its registered class and field, and
// an empty conversion.
func checkRefused(t *testing.T, tr *Transformer, ev *schemas.Event, code, says string) {
	t.Helper()
	out := Conversion{ClickID: "of the event before"}
	reason, ok := tr.Transform(ev, now, &out)
	if ok {
		t.Fatalf("taken, want %s", code)
	}
	rule := entryOf(t, code)
	if reason.Code != code || reason.Class != rule.Class || !strings.HasPrefix(reason.Field, rule.Field) || reason.Status != 0 {
		t.Errorf("reason %+v, want code %s, class %s, field %s", reason, code, rule.Class, rule.Field)
	}
	if !strings.Contains(reason.Message, says) {
		t.Errorf("message %q, want it to contain %q", reason.Message, says)
	}
	if out != (Conversion{}) {
		t.Error("out is not empty after a refusal")
	}
}

func entryOf(t *testing.T, code string) verdict.Entry {
	t.Helper()
	for _, e := range verdict.CodesBy("transform") {
		if e.Name == code {
			return e
		}
	}
	t.Fatalf("code %s is not registered", code)
	return verdict.Entry{}
}

// TestEveryRuleIsTested fails for a rule that is added without an event that
// breaks it. The two of the mapping's own actions are in TestMappingActions.
func TestEveryRuleIsTested(t *testing.T) {
	tested := []string{"rule", "unmapped"}
	for _, c := range refusals {
		tested = append(tested, c.code)
	}
	for _, e := range verdict.CodesBy("transform") {
		if !slices.Contains(tested, e.Name) {
			t.Errorf("rule %s has no test", e.Name)
		}
		if e.Field == "" || e.Class != verdict.Validation && e.Class != verdict.Filtered {
			t.Errorf("rule %+v is incomplete", e)
		}
	}
}

func TestTaken(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*schemas.Event)
		want func(*Conversion)
	}{
		{"action source in lower case", func(e *schemas.Event) { e.ActionSource = "website" }, func(*Conversion) {}},
		{"action source web", func(e *schemas.Event) { e.ActionSource = " Web " }, func(*Conversion) {}},
		{"action source app", func(e *schemas.Event) { e.ActionSource = "App" }, func(c *Conversion) { c.ActionSource = "APP" }},
		{"action source mobile app", func(e *schemas.Event) { e.ActionSource = "mobile_app" }, func(c *Conversion) { c.ActionSource = "APP" }},
		{"action source of a platform", func(e *schemas.Event) { e.ActionSource = "iOS" }, func(c *Conversion) { c.ActionSource, c.Platform = "APP", "IOS" }},
		{"action source with its platform", func(e *schemas.Event) { e.ActionSource, e.Platform = "app", "fire tv" }, func(c *Conversion) { c.ActionSource, c.Platform = "APP", "FIRE_TV" }},
		{"platform in the source's place wins", func(e *schemas.Event) { e.ActionSource, e.Platform = "android", "ios" }, func(c *Conversion) { c.ActionSource, c.Platform = "APP", "ANDROID" }},
		{"platform that is none", func(e *schemas.Event) { e.ActionSource, e.Platform = "app", "toaster" }, func(c *Conversion) {
			c.ActionSource = "APP"
			c.Warnings.Add(PlatformUnknown)
		}},
		{"platform of a site", func(e *schemas.Event) { e.Platform = "ios" }, func(*Conversion) {}},
		{"action source offline", func(e *schemas.Event) { e.ActionSource = "Offline" }, func(c *Conversion) { c.ActionSource = "OFFLINE" }},
		{"action source of a partner", func(e *schemas.Event) { e.ActionSource = "measurement attribution partner" }, func(c *Conversion) {
			c.ActionSource = "MEASUREMENT_ATTRIBUTION_PARTNER"
		}},
		{"event id of 512 characters", func(e *schemas.Event) { e.EventID = strings.Repeat("é", 512) }, func(c *Conversion) { c.EventID = strings.Repeat("é", 512) }},
		{"event id with spaces inside", func(e *schemas.Event) { e.EventID = "order 7/a" }, func(c *Conversion) { c.EventID = "order 7/a" }},
		{"profile of every character", func(e *schemas.Event) { e.ProfileID = "aZ09._-" }, func(c *Conversion) { c.ProfileID = "aZ09._-" }},
		{"ten minutes ahead", func(e *schemas.Event) { e.OccurredAt = now.Add(10 * time.Minute).UnixMilli() }, func(c *Conversion) { c.OccurredAt = now.Add(10 * time.Minute).UnixMilli() }},
		{"first moment of 2000", func(e *schemas.Event) { e.OccurredAt = earliest }, func(c *Conversion) { c.OccurredAt = earliest }},
		{"country and currency in lower case", func(e *schemas.Event) { e.User.CountryCode, e.Custom.Currency = "us", " usd" }, func(*Conversion) {}},
		{"postal code with blanks around", func(e *schemas.Event) { e.User.PostalCode = "\u00a0SW1A 1AA " }, func(c *Conversion) { c.PostalCode = "SW1A 1AA" }},
		{"blank postal code without country", func(e *schemas.Event) { e.User.CountryCode, e.User.PostalCode, e.User.Phone = "", " ", "" }, func(c *Conversion) {
			c.CountryCode, c.PostalCode, c.HashedPhone = "", "", Hash{}
		}},
		{"value of zero", func(e *schemas.Event) { e.Custom.Value = schemas.NewDecimal(0, 2) }, func(c *Conversion) { c.Amount = schemas.NewDecimal(0, 2) }},
		{"lead without value", func(e *schemas.Event) { e.EventName, e.Custom = "lead", schemas.CustomData{} }, func(c *Conversion) {
			c.Name, c.EventType, c.Amount, c.Currency = "Lead", "LEAD", schemas.Decimal{}, ""
		}},
		{"lead with a currency alone", func(e *schemas.Event) { e.EventName, e.Custom.Value = "lead", schemas.Decimal{} }, func(c *Conversion) {
			c.Name, c.EventType, c.Amount, c.Currency = "Lead", "LEAD", schemas.Decimal{}, ""
			c.Warnings.Add(CurrencyWithoutValue)
		}},
		{"lead with a score and not money", func(e *schemas.Event) {
			e.EventName, e.Custom.Currency, e.Custom.Value = "lead", " ", schemas.NewDecimal(-3, 0)
		}, func(c *Conversion) {
			c.Name, c.EventType, c.Amount, c.Currency = "Lead", "LEAD", schemas.NewDecimal(-3, 0), ""
		}},
		{"lead with a value", func(e *schemas.Event) { e.EventName = "lead" }, func(c *Conversion) { c.Name, c.EventType = "Lead", "LEAD" }},
		{"unknown name with a known type", func(e *schemas.Event) { e.EventName, e.EventType = " Newsletter ", "Sign Up" }, func(c *Conversion) {
			c.Name, c.EventType = "Newsletter", "SIGN_UP"
		}},
		{"own type over the table's", func(e *schemas.Event) { e.EventName, e.EventType = "Lead", "add-to-cart" }, func(c *Conversion) {
			c.Name, c.EventType = "Lead", "ADD_TO_CART"
		}},
		{"own type by a name of the table", func(e *schemas.Event) { e.EventName, e.EventType = "Newsletter", "CompleteRegistration" }, func(c *Conversion) {
			c.Name, c.EventType = "Newsletter", "SIGN_UP"
		}},
		{"bad optional fields", func(e *schemas.Event) {
			e.User.Email, e.User.Phone, e.User.MADID, e.User.PostalCode, e.ClickID = "jane", "555-1234", "x", "1\x002", "a b"
			e.User.HashedEmail, e.User.HashedPhone = "f2d2f6b9", "nothing"
		}, func(c *Conversion) {
			c.HashedEmail, c.HashedPhone, c.MADID, c.PostalCode, c.ClickID = Hash{}, Hash{}, "", "", ""
			for _, w := range []Warning{EmailInvalid, EmailHashInvalid, PhoneInvalid, PhoneHashInvalid, MADIDInvalid, PostalCodeInvalid, ClickIDInvalid} {
				c.Warnings.Add(w)
			}
		}},
		{"blank optional fields", func(e *schemas.Event) {
			u := &e.User
			u.Email, u.Phone, u.MADID, u.PostalCode, u.HashedEmail, u.HashedPhone, e.ClickID = " ", "\t", "\u2003", "\ufeff", "\u200b", "\n", " "
		}, func(c *Conversion) {
			c.HashedEmail, c.HashedPhone, c.MADID, c.PostalCode, c.ClickID = Hash{}, Hash{}, "", "", ""
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := newTransformer(t, Options{})
			want := convert(t, tr, newEvent())
			ev := newEvent()
			c.edit(ev)
			c.want(&want)
			if got := convert(t, tr, ev); got != want {
				t.Error(diff(want, got))
			}
		})
	}
}

// TestAPurchaseOfAnyValueNeedsACurrency: also one of nothing, which is a sale like any
// other, and other events with an amount go without.
func TestAPurchaseOfAnyValueNeedsACurrency(t *testing.T) {
	for _, value := range []schemas.Decimal{schemas.NewDecimal(0, 0), schemas.NewDecimal(0, 2), schemas.NewDecimal(1, 2), schemas.NewDecimal(12995, 2)} {
		for _, currency := range []string{"", " ", "\u00a0"} {
			ev := newEvent()
			ev.Custom.Value, ev.Custom.Currency = value, currency
			checkRefused(t, newTransformer(t, Options{}), ev, "currency_missing", "")
			ev.EventName = "lead"
			if got := convert(t, newTransformer(t, Options{}), ev); got.Amount != value || got.Currency != "" {
				t.Errorf("a lead of %v without a currency has amount %v and currency %q", value, got.Amount, got.Currency)
			}
		}
	}
}

// TestFilteredBeforeRefused: what consent or a rule leaves out must not end in
// the dead-letter topic because something else is wrong with it.
func TestFilteredBeforeRefused(t *testing.T) {
	ev := newEvent()
	ev.EventID, ev.Custom.Currency, ev.OccurredAt = "", "", 0
	ev.Consent.AdUserData = "DENIED"
	checkRefused(t, newTransformer(t, Options{ConsentDenied: ConsentFilter}), ev, "consent", "")
}

func TestNewRefusesBadOptions(t *testing.T) {
	for _, o := range []Options{{MaxAhead: -1}, {Identifiers: 9}, {ConsentDenied: 9}} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) took it", o)
		}
	}
}

func TestParseOptions(t *testing.T) {
	for _, r := range []IdentifierRules{RulesAmazon, RulesPlain} {
		if got, err := ParseIdentifierRules(r.String()); got != r || err != nil {
			t.Errorf("ParseIdentifierRules(%s) = %v, %v", r, got, err)
		}
	}
	for _, p := range []ConsentPolicy{ConsentStrip, ConsentFilter} {
		if got, err := ParseConsentPolicy(p.String()); got != p || err != nil {
			t.Errorf("ParseConsentPolicy(%s) = %v, %v", p, got, err)
		}
	}
	_, err := ParseIdentifierRules("Amazon")
	wantError(t, err, `"Amazon"`, "amazon", "plain")
	_, err = ParseConsentPolicy("")
	wantError(t, err, `""`, "strip", "filter")
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Fatalf("error %v, want it to contain %q", err, p)
		}
	}
}

func TestPrintingShowsNothingOfThePerson(t *testing.T) {
	out := convert(t, newTransformer(t, Options{}), newEvent())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{out, &out, out.HashedEmail, []Conversion{out}} {
			s := fmt.Sprintf(verb, v)
			for _, secret := range []string{string(out.HashedEmail[:]), string(out.HashedPhone[:]), out.MADID, out.ClickID, out.PostalCode, "[56 54"} {
				if strings.Contains(s, secret) {
					t.Errorf("%s of a %T shows an identifier", verb, v)
				}
			}
		}
	}
}
