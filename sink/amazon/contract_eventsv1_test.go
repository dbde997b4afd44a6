package amazon

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
)

// eventsNow is the clock of the transforms in these tests.
var eventsNow = time.Date(2026, 4, 23, 12, 0, 0, 0, time.UTC)

// wideSource is an event with all that there is.
func wideSource() *schemas.Event {
	return &schemas.Event{
		EventID: "ord_10492_purchase", ProfileID: "1234567890", EventName: "Order Completed", ActionSource: "WEBSITE",
		OccurredAt: millis("2026-04-23T10:15:30Z"), ClickID: goldenClick, ArefTokens: "aB3dE6gH9k.1776938990000|Zz0Zz0Zz0Z.1776938991000",
		User: schemas.UserData{
			Email: "Jane.Doe@example.com", Phone: "+1 (555) 123-4567", MADID: goldenMADID,
			FirstName: "José", LastName: "O'Brien", Address: "1 Market St", City: "San Francisco", State: "California",
			CountryCode: "US", PostalCode: "94105-1234",
			RampID: "XY1000ramp", MatchID: "cust-7", RealID: "real", MerkleID: "merkle", KantarID: "kantar", FIP: "fip",
			IPAddress: "192.0.2.7", UserAgent: `Mozilla/5.0 (X11; "Linux")`,
		},
		Custom: schemas.CustomData{
			Value: schemas.NewDecimal(12995, 2), Currency: "USD", Quantity: 3,
			Attributes: []schemas.Attribute{{Key: "brand", Value: "Alpine_1"}, {Key: "category", Value: "Shoes"}},
		},
		Consent: schemas.Consent{AdUserData: "GRANTED", AdStorage: "GRANTED", GPP: "DBAA", DataProcessing: "LIMITED_DATA_USE"},
	}
}

func transformed(t testing.TB, ev *schemas.Event) *transform.Conversion {
	t.Helper()
	mapping, err := transform.LoadMapping("test.yaml", []byte("extends: default\ntypes: [TEST_DRIVE]\nevents: [{match: [Test Drive], name: TestDrive, event_type: TEST_DRIVE}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	tr, err := transform.New(transform.Options{Wide: true, Mapping: mapping})
	if err != nil {
		t.Fatal(err)
	}
	var c transform.Conversion
	if why, ok := tr.Transform(ev, eventsNow, &c); !ok {
		t.Fatalf("refused by the transform: %v", why)
	}
	return &c
}

// edited is wideSource with a change.
func edited(edit func(*schemas.Event)) *schemas.Event {
	ev := wideSource()
	edit(ev)
	return ev
}

func appEvent() *schemas.Event {
	return &schemas.Event{
		EventID: "open_7", ProfileID: "1234567890", EventName: "first_open", ActionSource: "android",
		OccurredAt: millis("2026-04-23T10:17:00.250Z"),
		User:       schemas.UserData{MADID: goldenMADID, CountryCode: "DE"},
		Custom:     schemas.CustomData{Value: schemas.NewDecimal(-15, 1), Currency: "EUR", Quantity: 2},
		Consent:    schemas.Consent{AdUserData: "GRANTED", AdStorage: "DENIED", TCF: "CQPlaceholder"},
	}
}

func TestGoldenPayloadsOfEventsV1(t *testing.T) {
	for file, ev := range map[string]*schemas.Event{
		"purchase.json": wideSource(),
		"app.json":      appEvent(),
		"lead.json": {
			EventID: "lead_9821", ProfileID: "1234567890", EventName: "Lead", ActionSource: "WEBSITE", OccurredAt: millis("2026-04-23T10:17:00Z"),
			User: schemas.UserData{Email: "jane.doe@example.com", CountryCode: "US"},
		},
	} {
		path := "../../testdata/golden/events-v1/" + file
		c := transformed(t, ev)
		if why := Refusal(eventsV1{}, c, eventsNow); why != nil {
			t.Fatalf("%s: %v", file, why)
		}
		f := eventsV1{}.Frame()
		got := append([]byte(f.Open), eventsV1{}.AppendEvent(nil, c)...)
		got = append(got, f.Close...)
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(bytes.TrimSuffix(golden, []byte("\n"))), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// TestConversionTypes is the mapping's types in Amazon's closed list.
func TestConversionTypes(t *testing.T) {
	for typ, want := range map[string]string{
		"PURCHASE": "OFF_AMAZON_PURCHASES", "ADD_TO_CART": "ADD_TO_SHOPPING_CART", "CHECKOUT": "CHECKOUT", "LEAD": "LEAD", "SIGN_UP": "SIGN_UP",
		"SUBSCRIBE": "SUBSCRIBE", "PAGE_VIEW": "PAGE_VIEW", "SEARCH": "SEARCH", "CONTACT": "CONTACT", "APPLICATION": "APPLICATION",
		"MOBILE_APP_FIRST_START": "MOBILE_APP_FIRST_START", "OTHER": "OTHER",
	} {
		c := transformed(t, edited(func(e *schemas.Event) { e.EventType = typ }))
		event := string(eventsV1{}.AppendEvent(nil, c))
		if why := (eventsV1{}).Check(c); why != nil || !strings.Contains(event, `"conversionType":"`+want+`"`) {
			t.Errorf("%s: %v, %s", typ, why, event[:120])
		}
		if purchase := typ == "PURCHASE"; strings.Contains(event, "currencyCode") != purchase || strings.Contains(event, "unitsSold") != purchase {
			t.Errorf("%s: currency and units are for purchases alone, in %s", typ, event)
		}
	}
	for source, want := range map[string]string{"iOS": "IOS", "ANDROID": "ANDROID", "fire_tv": "FIRE_TV", "web": "WEBSITE", "offline": "OFFLINE",
		"Measurement Attribution Partner": "MEASUREMENT_ATTRIBUTION_PARTNER"} {
		c := transformed(t, edited(func(e *schemas.Event) { e.ActionSource = source }))
		if event := string(eventsV1{}.AppendEvent(nil, c)); (eventsV1{}).Check(c) != nil || !strings.Contains(event, `"eventSource":"`+want+`"`) {
			t.Errorf("source %s: %s", source, event[:160])
		}
	}
}

// TestRefusals has an event for every code that a contract gives.
func TestRefusals(t *testing.T) {
	deny, other := ContractOptions{ConsentMissing: ConsentMissingDeny}, ContractOptions{UnmappedType: UnmappedOther}
	inEurope := func(e *schemas.Event) {
		e.User.CountryCode, e.User.State, e.User.Phone, e.User.IPAddress, e.Consent = "FR", "", "", "", schemas.Consent{}
	}
	lead := func(e *schemas.Event) { e.EventName, e.Custom = "Lead", schemas.CustomData{} }
	tested := map[verdict.Code]bool{verdict.CodeEventTooLarge: true} // in a test of its own
	for _, c := range []struct {
		name     string
		contract Contract
		edit     func(*schemas.Event)
		want     verdict.Code // 0: taken
		says     string
	}{
		{"21 days", eventsV1{}, func(e *schemas.Event) { e.OccurredAt = eventsNow.Add(-21 * 24 * time.Hour).UnixMilli() }, 0, ""},
		{"a millisecond more", eventsV1{}, func(e *schemas.Event) { e.OccurredAt = eventsNow.Add(-21*24*time.Hour).UnixMilli() - 1 }, verdict.CodeOccurredAtExpired, "21 days ago: want 21 at most"},
		{"a year", eventsV1{}, func(e *schemas.Event) { e.OccurredAt = millis("2025-04-23T12:00:00Z") }, verdict.CodeOccurredAtExpired, "365 days"},
		{"a year by the guide", offAmazon{}, func(e *schemas.Event) { e.OccurredAt = millis("2025-04-23T12:00:00Z") }, 0, ""},
		{"a year, and denied", eventsV1{}, func(e *schemas.Event) {
			e.OccurredAt, e.Consent.AdUserData = millis("2025-04-23T12:00:00Z"), "DENIED"
		}, verdict.CodeConsentDenied, "denied"},

		{"offline by the guide", offAmazon{}, func(e *schemas.Event) { e.ActionSource = "OFFLINE" }, verdict.CodeActionSourceUnsupported, "want WEBSITE or APP"},
		{"platform by the guide", offAmazon{}, func(e *schemas.Event) { e.ActionSource = "IOS" }, 0, ""},
		{"name with a bang", eventsV1{}, func(e *schemas.Event) { e.EventName, e.EventType = "Book now!", "LEAD" }, verdict.CodeEventNameForbidden, `"!" at character 9`},
		{"name with a bar", eventsV1{}, func(e *schemas.Event) { e.EventName, e.EventType = "é|x", "LEAD" }, verdict.CodeEventNameForbidden, `"|" at character 2`},
		{"name of 256", eventsV1{}, func(e *schemas.Event) { e.EventName, e.EventType = strings.Repeat("é", 256), "LEAD" }, 0, ""},
		{"name with a bang by the guide", offAmazon{}, func(e *schemas.Event) { e.EventName, e.EventType = "Book now!", "LEAD" }, 0, ""},
		{"app without its platform", eventsV1{}, func(e *schemas.Event) { e.ActionSource = "APP" }, verdict.CodePlatformMissing, "want ANDROID"},
		{"type of one's own", eventsV1{}, func(e *schemas.Event) { e.EventName = "Test Drive" }, verdict.CodeConversionTypeUnsupported, "TEST_DRIVE"},
		{"type of one's own as other", eventsV1{opts: other}, func(e *schemas.Event) { e.EventName = "Test Drive" }, 0, ""},
		{"type of one's own by the guide", offAmazon{}, func(e *schemas.Event) { e.EventName = "Test Drive" }, 0, ""},

		{"no country", eventsV1{}, func(e *schemas.Event) { e.User.CountryCode, e.User.PostalCode = "", "" }, verdict.CodeCountryMissing, "two letters"},
		{"no country by the guide", offAmazon{}, func(e *schemas.Event) { e.User.CountryCode, e.User.PostalCode = "", "" }, 0, ""},
		{"nothing to match by", eventsV1{}, func(e *schemas.Event) { e.User = schemas.UserData{CountryCode: "US"} }, verdict.CodeMatchKeyMissing, "to match by"},
		{"a city alone", eventsV1{}, func(e *schemas.Event) { e.User = schemas.UserData{CountryCode: "US", City: "Austin"} }, 0, ""},

		{"three decimals", eventsV1{}, func(e *schemas.Event) { e.Custom.Value = schemas.NewDecimal(129955, 3) }, verdict.CodeValueDecimals, "3 decimals: want 2"},
		{"three decimals by the guide", offAmazon{}, func(e *schemas.Event) { e.Custom.Value = schemas.NewDecimal(129955, 3) }, 0, ""},
		{"zeros behind", eventsV1{}, func(e *schemas.Event) { e.Custom.Value = schemas.NewDecimal(1299500, 4) }, 0, ""},
		{"three decimals of a lead", eventsV1{}, func(e *schemas.Event) { lead(e); e.Custom.Value = schemas.NewDecimal(1, 3) }, verdict.CodeValueDecimals, "decimals"},
		{"negative lead", eventsV1{}, func(e *schemas.Event) { lead(e); e.Custom.Value = schemas.NewDecimal(-150, 2) }, 0, ""},
		{"negative lead by the guide", offAmazon{}, func(e *schemas.Event) {
			lead(e)
			e.Custom.Value, e.Custom.Currency = schemas.NewDecimal(-150, 2), "USD"
		}, verdict.CodeAnyValueNegative, "zero or more"},
		{"lead without currency by the guide", offAmazon{}, func(e *schemas.Event) { lead(e); e.Custom.Value = schemas.NewDecimal(150, 2) }, verdict.CodeAnyCurrencyMissing, "ISO 4217"},
		{"a currency that Amazon does not take", eventsV1{}, func(e *schemas.Event) { e.Custom.Currency = "ISK" }, verdict.CodeCurrencyUnsupported, "ISK"},
		{"of a lead, which has none there", eventsV1{}, func(e *schemas.Event) { lead(e); e.Custom.Value, e.Custom.Currency = schemas.NewDecimal(1, 0), "ISK" }, 0, ""},

		{"no consent in Europe", eventsV1{}, inEurope, verdict.CodeConsentMissing, "from FR"},
		{"no consent in Europe, denied", eventsV1{opts: deny}, inEurope, verdict.CodeConsentDenied, "counts as denied"},
		{"no consent in Europe by the guide", offAmazon{}, inEurope, 0, ""},
		{"no consent in the United Kingdom", eventsV1{}, func(e *schemas.Event) { inEurope(e); e.User.CountryCode = "GB" }, verdict.CodeConsentMissing, "from GB"},
		{"no consent in Norway", eventsV1{}, func(e *schemas.Event) { inEurope(e); e.User.CountryCode = "NO" }, verdict.CodeConsentMissing, "from NO"},
		{"no consent on Réunion", eventsV1{}, func(e *schemas.Event) { inEurope(e); e.User.CountryCode = "RE" }, verdict.CodeConsentMissing, "from RE"},
		{"no consent in Switzerland", eventsV1{}, func(e *schemas.Event) { inEurope(e); e.User.CountryCode = "CH" }, 0, ""},
		{"no consent in Brazil, denied", eventsV1{opts: deny}, func(e *schemas.Event) { inEurope(e); e.User.CountryCode = "BR" }, 0, ""},
		{"storage alone", eventsV1{}, func(e *schemas.Event) { inEurope(e); e.Consent.AdStorage = "GRANTED" }, verdict.CodeConsentMissing, "ad_user_data"},
		{"TCF", eventsV1{}, func(e *schemas.Event) { inEurope(e); e.Consent.TCF = "CQPlaceholder" }, 0, ""},
		{"GPP", eventsV1{}, func(e *schemas.Event) { inEurope(e); e.Consent.GPP = "DBAA" }, 0, ""},
		{"an address", eventsV1{}, func(e *schemas.Event) { inEurope(e); e.User.IPAddress = "192.0.2.1" }, 0, ""},
		{"denied anywhere", eventsV1{}, func(e *schemas.Event) { e.Consent.AdUserData = "DENIED" }, verdict.CodeConsentDenied, "denied"},
		{"denied by the guide", offAmazon{}, func(e *schemas.Event) { e.Consent.AdUserData = "DENIED" }, 0, ""},
		{"denied, and all else wrong", eventsV1{}, func(e *schemas.Event) {
			e.Consent.AdUserData, e.ActionSource, e.Custom.Value = "DENIED", "APP", schemas.NewDecimal(1, 3)
		}, verdict.CodeConsentDenied, "denied"},
	} {
		got := Refusal(c.contract, transformed(t, edited(c.edit)), eventsNow)
		if c.want != 0 {
			tested[c.want] = true
		}
		switch {
		case c.want == 0 && got != nil:
			t.Errorf("%s: refused by %s: %v", c.name, c.contract.Name(), got)
		case c.want == 0:
		case got == nil || *got != *c.want.Because(got.Message) || !strings.Contains(got.Message, c.says):
			t.Errorf("%s: %+v, want %s that says %q", c.name, got, c.want, c.says)
		}
	}
	for _, e := range verdict.CodesBy("sink/amazon") {
		if !tested[e.Code] {
			t.Errorf("code %s has no event that is refused by it", e.Code)
		}
	}
}

func TestConsentIsSentAsItWasGiven(t *testing.T) {
	for want, consent := range map[string]schemas.Consent{
		``: {},
		`"consent":{"amazonConsent":{"amznUserData":"GRANTED"}}`:                          {AdUserData: "granted"},
		`"consent":{"amazonConsent":{"amznUserData":"GRANTED","amznAdStorage":"DENIED"}}`: {AdUserData: "GRANTED", AdStorage: "DENIED"},
		`"consent":{"tcf":"CQ"}`: {AdUserData: "GRANTED", TCF: "CQ"},
		`"consent":{"amazonConsent":{"amznUserData":"GRANTED"},"gpp":"DBAA"}`: {AdUserData: "GRANTED", GPP: "DBAA"},
		`"consent":{"tcf":"CQ","gpp":"DBAA"}`:                                 {TCF: "CQ", GPP: "DBAA"},
	} {
		ev := edited(func(e *schemas.Event) { e.Consent, e.User.IPAddress = consent, "" })
		event := string(eventsV1{}.AppendEvent(nil, transformed(t, ev)))
		if want == "" && strings.Contains(event, "consent") || want != "" && !strings.Contains(event, ","+want+",") {
			t.Errorf("%+v: %s, want %s", consent, event, want)
		}
		if sent := strings.Contains(event, "arefMeasurementTokens"); sent != (consent.AdStorage != "DENIED") {
			t.Errorf("%+v: measurement tokens sent: %v", consent, sent)
		}
	}
}

func TestHeadersOfEventsV1(t *testing.T) {
	p := Principal{ClientID: "amzn1.application-oa2-client.x", ProfileID: "1234567890", AdvertiserID: "5550001"}
	h := http.Header{}
	eventsV1{}.SetHeaders(h, p)
	want := http.Header{"Amazon-Ads-Clientid": {p.ClientID}, "Amazon-Ads-Accountid": {"5550001"},
		"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	p.AdvertiserID = ""
	if (eventsV1{}).SetHeaders(h, p); h.Get("Amazon-Ads-AccountId") != "1234567890" {
		t.Error("without an advertiser id the profile's is not sent")
	}
	if (eventsV1{}).Path() != "/adsApi/v1/create/events" {
		t.Error("path")
	}
}

func TestIdentifiersOfEventsV1(t *testing.T) {
	c := transformed(t, edited(func(e *schemas.Event) { e.Consent.TCF = "CQPlaceholder" }))
	got := eventsV1{}.Identifiers(eventsV1{}.AppendEvent(nil, c))
	var want []string
	for _, h := range []*transform.Hash{&c.HashedEmail, &c.HashedPhone, &c.FirstName, &c.LastName, &c.Address, &c.City, &c.State, &c.HashedPostal} {
		want = append(want, string(h[:]))
	}
	want = append(want, c.MADID, c.RampID, c.MatchID, c.RealID, c.MerkleID, c.KantarID, c.FIP, c.ArefTokens, "192.0.2.7", "CQPlaceholder", "DBAA",
		c.UserAgent, `Mozilla/5.0 (X11; \"Linux\")`)
	less := func(a, b string) bool { return a < b }
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(less)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEncodingEventsV1AllocatesNothing(t *testing.T) {
	c := transformed(t, wideSource())
	buf := make([]byte, 0, 8192)
	if n := testing.AllocsPerRun(100, func() { _ = Refusal(eventsV1{}, c, eventsNow); buf = eventsV1{}.AppendEvent(buf[:0], c) }); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}

func BenchmarkEncodeEventsV1(b *testing.B) {
	c := transformed(b, wideSource())
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = eventsV1{}.AppendEvent(buf[:0], c)
	}
	b.SetBytes(int64(len(buf)))
}

// TestOnlyAnItemsStatusIsDelivery: this contract promises one for each event.
func TestOnlyAnItemsStatusIsDelivery(t *testing.T) {
	echo := string(eventsV1{}.AppendEvent(nil, transformed(t, wideSource())))
	for _, c := range []struct {
		status int
		body   string
		kind   Kind
		want   []Outcome
	}{
		{207, `{"success":[{"index":0,"event":` + echo + `},{"index":1,"event":{}}],"error":[]}`, Itemised, []Outcome{Taken, Taken}},
		{207, `{"success":[{"index":1,"event":{}}]}`, Itemised, []Outcome{Unsaid, Taken}},
		{207, `{"error":[{"index":0,"errors":[{"code":"FIELD_VALUE_IS_INVALID","message":"m","fieldLocation":"events[0].countryCode"}]}],"success":[{"index":1,"event":{}}]}`, Itemised, []Outcome{Refused, Taken}},
		{207, `{"error":[{"index":0,"errors":[{"code":"TOO_MANY_REQUESTS","message":"m"}]},{"index":1,"errors":[{"code":"CONTENT_TOO_LARGE","details":"d"}]}]}`, Itemised, []Outcome{Later, TooLarge}},
		{207, `{"error":[{"index":0,"errors":[{"code":"CONFLICT"}]},{"index":1,"errors":[{"code":"INTERNAL_ERROR"}]}]}`, Itemised, []Outcome{Later, Later}},
		{207, `{"error":[{"index":2,"errors":[{"code":"BAD_REQUEST"}]},{"index":-1,"errors":[{"code":"BAD_REQUEST"}]}]}`, Itemised, []Outcome{Unsaid, Unsaid}},
		{200, `{"success":[{"index":0,"event":{}},{"index":1,"event":{}}]}`, Itemised, []Outcome{Taken, Taken}},
		{200, `{}`, Failed, nil},
		{200, ``, Failed, nil},
		{202, `{"requestId":"x"}`, Failed, nil},
		{204, ``, Failed, nil},
		{207, `{}`, Failed, nil},
		{200, `<html>`, Foreign, nil},
		{400, `{"code":"BAD_REQUEST","message":"m"}`, RefusedWhole, nil},
		{404, `{"code":"NOT_FOUND","message":"m"}`, RefusedWhole, nil},
		{413, `{"code":"CONTENT_TOO_LARGE","message":"m"}`, RefusedWhole, nil},
		{401, `{"code":"UNAUTHORIZED","message":"m"}`, Unauthenticated, nil},
		{403, `{"code":"FORBIDDEN","message":"m"}`, Forbidden, nil},
		{429, `{"code":"TOO_MANY_REQUESTS","message":"m"}`, Failed, nil},
		{504, `{"code":"GATEWAY_TIMEOUT","message":"m"}`, Failed, nil},
	} {
		items := make([]Item, 2)
		a := eventsV1{}.ReadAnswer(Response{Status: c.status, ContentType: "application/json", Body: []byte(c.body)}, items)
		if a.Kind != c.kind {
			t.Errorf("%d %.60s: kind %d, want %d", c.status, c.body, a.Kind, c.kind)
			continue
		}
		for i, want := range c.want {
			if items[i].Outcome != want {
				t.Errorf("%d %.60s: event %d is %d, want %d", c.status, c.body, i, items[i].Outcome, want)
			}
		}
	}
}

func FuzzEncodeEventsV1(f *testing.F) {
	f.Add("Purchase", "ord_1", "Mozilla", "ramp", "brand", int64(12995), 2)
	f.Add("\"\\\x00\x1f\x7f<>&'", "\b\f\n\r\t", "\u2028\u2029", "\xff\xfe", "日本", int64(-5), 7)
	f.Fuzz(func(t *testing.T, name, id, agent, ramp, attribute string, amount int64, scale int) {
		c := transformed(t, wideSource())
		c.Name, c.EventID, c.UserAgent, c.RampID, c.MADID, c.Consent.GPP = name, id, agent, ramp, attribute, attribute
		if scale >= 0 && scale < 40 {
			c.Amount = schemas.NewDecimal(amount, scale)
		}
		event := eventsV1{}.AppendEvent(nil, c)
		var back struct {
			EventID string `json:"eventId"`
		}
		if err := json.Unmarshal(event, &back); err != nil {
			t.Fatalf("%v in %s", err, event)
		}
		if back.EventID != strings.ToValidUTF8(id, "\ufffd") && !strings.Contains(back.EventID, "\ufffd") {
			t.Fatalf("event id %q became %q", id, back.EventID)
		}
	})
}

func TestRegions(t *testing.T) {
	for country, want := range map[string]Region{"US": NorthAmerica, "BR": NorthAmerica, "GB": Europe, "IN": Europe, "ZA": Europe, "JP": FarEast, "SG": FarEast, "CH": RegionUnknown, "": RegionUnknown} {
		if got := (eventsV1{}).Region(country); got != want {
			t.Errorf("%q is in %s, want %s", country, got, want)
		}
		if got := (offAmazon{}).Region(country); got != RegionUnknown {
			t.Errorf("by the guide %q is in %s", country, got)
		}
	}
	for name, host := range map[string]string{"na": "https://advertising-api.amazon.com", "EU": "https://advertising-api-eu.amazon.com", "Fe": "https://advertising-api-fe.amazon.com"} {
		r, err := ParseRegion(name)
		if err != nil || r.Host() != host || r.String() != strings.ToUpper(name) {
			t.Errorf("%s: %s at %s, %v", name, r, r.Host(), err)
		}
	}
	if _, err := ParseRegion("APAC"); err == nil || !strings.Contains(err.Error(), `"APAC"`) || !strings.Contains(err.Error(), "NA, EU or FE") {
		t.Errorf("error %v", err)
	}
}
