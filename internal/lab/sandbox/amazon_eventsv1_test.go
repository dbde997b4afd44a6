package sandbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// v1Purchase is a valid event with every field that the pipeline sends.
func v1Purchase(id string) string {
	return fmt.Sprintf(`{"eventDescription":{"name":"Purchase","conversionType":"OFF_AMAZON_PURCHASES","eventSource":"WEBSITE","eventIngestionMethod":"SERVER_TO_SERVER"},`+
		`"eventTime":"2026-04-23T10:15:30Z","countryCode":"US","matchKeys":[{"type":"EMAIL","values":[%q]},{"type":"MAID","values":[%q]}],`+
		`"value":129.95,"currencyCode":"USD","unitsSold":3,"eventId":%q,`+
		`"consent":{"geo":{"ipAddress":"192.0.2.7"},"amazonConsent":{"amznUserData":"GRANTED","amznAdStorage":"DENIED"},"tcf":"CQ","gpp":"DBAA"},`+
		`"customData":[{"name":"brand","dataType":"STRING","value":"Alpine_1"}],"dataProcessingOptions":{"options":"LIMITED_DATA_USE"},`+
		`"deviceInfo":{"userAgent":"Mozilla/5.0 (X11)"},"arefMeasurementTokens":"aB3dE6gH9k.1776938990000|Zz0Zz0Zz0Z.1776938991000"}`, hash, madid, id)
}

func v1Lead(id string) string {
	return fmt.Sprintf(`{"eventDescription":{"name":"Lead","conversionType":"LEAD","eventSource":"IOS","eventIngestionMethod":"SERVER_TO_SERVER"},`+
		`"eventTime":"2026-04-23T10:17:00.250Z","countryCode":"US","matchKeys":[{"type":"CITY","values":[%q]}],"value":-1.5,"eventId":%q}`, hash, id)
}

func (h *harness) sendV1(events ...string) answer {
	r := httptest.NewRequest(http.MethodPost, eventsV1{}.path(), strings.NewReader(`{"events":[`+strings.Join(events, ",")+`]}`))
	r.Header.Set("Authorization", "Bearer "+h.token)
	r.Header.Set("Amazon-Ads-ClientId", h.opts.Accounts[0].ClientID)
	r.Header.Set("Amazon-Ads-AccountId", profile)
	r.Header.Set("Content-Type", "application/json")
	return h.do(r)
}

// TestStrictnessOfEventsV1 breaks one rule at a time. What is not an event is refused
// with the whole request; all else is said of the event, and the others are taken.
func TestStrictnessOfEventsV1(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		whole          bool // 400
		code, field    string
	}{
		{"unknown field", `"eventId"`, `"clickId":"x","eventId"`, true, "BAD_REQUEST", "clickId"},
		{"no description", `"eventDescription":{"name":"Purchase","conversionType":"OFF_AMAZON_PURCHASES","eventSource":"WEBSITE","eventIngestionMethod":"SERVER_TO_SERVER"},`, ``, false, codeV1Missing, "eventDescription"},
		{"type of the guide", `"OFF_AMAZON_PURCHASES"`, `"PURCHASE"`, true, "BAD_REQUEST", "eventDescription.conversionType"},
		{"source of the guide", `"WEBSITE"`, `"APP"`, true, "BAD_REQUEST", "eventDescription.eventSource"},
		{"another way in", `"SERVER_TO_SERVER"`, `"PIXEL"`, true, "BAD_REQUEST", "eventDescription.eventIngestionMethod"},
		{"no type", `"conversionType":"OFF_AMAZON_PURCHASES",`, ``, false, codeV1Missing, "eventDescription.conversionType"},
		{"blank name", `"Purchase"`, `" "`, false, codeV1Invalid, "eventDescription.name"},
		{"no time", `"eventTime":"2026-04-23T10:15:30Z",`, ``, false, codeV1Missing, "eventTime"},
		{"no zone", `10:15:30Z`, `10:15:30`, true, "BAD_REQUEST", "eventTime"},
		{"ahead", `2026-04-23T10:15:30Z`, `2026-04-23T12:16:00Z`, false, codeV1Range, "eventTime"},
		{"22 days ago", `2026-04-23T10`, `2026-04-01T10`, false, codeV1Range, "eventTime"},
		{"no country", `"countryCode":"US",`, ``, false, codeV1Missing, "countryCode"},
		{"UK", `"US"`, `"UK"`, false, codeV1Invalid, "countryCode"},
		{"no match keys", `[{"type":"EMAIL","values":["` + hash + `"]},{"type":"MAID","values":["` + madid + `"]}]`, `[]`, true, "BAD_REQUEST", "matchKeys"},
		{"unknown key", `"MAID"`, `"IDFA"`, true, "BAD_REQUEST", "matchKeys[1].type"},
		{"two values", `["` + madid + `"]`, `["a","b"]`, true, "BAD_REQUEST", "matchKeys[1].values"},
		{"raw email", hash, `jane@example.com`, false, codeV1Invalid, "matchKeys[0].values"},
		{"hash in capitals", hash, strings.ToUpper(hash), false, codeV1Invalid, "matchKeys[0].values"},
		{"hash of nothing", hash, hashOfNothing, false, codeV1Invalid, "matchKeys[0].values"},
		{"value is text", `129.95`, `"129.95"`, true, "BAD_REQUEST", "value"},
		{"three decimals", `129.95`, `129.955`, false, codeV1Range, "value"},
		{"negative", `129.95`, `-1`, false, codeV1Range, "value"},
		{"endless", `129.95`, `1e999`, false, codeV1Range, "value"},
		{"currency that is not taken", `"USD"`, `"ISK"`, true, "BAD_REQUEST", "currencyCode"},
		{"currency of a lead", `"OFF_AMAZON_PURCHASES"`, `"LEAD"`, false, codeV1Forbidden, "currencyCode"},
		{"no units", `"unitsSold":3`, `"unitsSold":0`, false, codeV1Range, "unitsSold"},
		{"half a unit", `"unitsSold":3`, `"unitsSold":0.5`, true, "BAD_REQUEST", "unitsSold"},
		{"consent of another word", `"GRANTED"`, `"YES"`, true, "BAD_REQUEST", "consent.amazonConsent.amznUserData"},
		{"no consent to user data", `"amznUserData":"GRANTED",`, ``, false, codeV1Missing, "consent.amazonConsent.amznUserData"},
		{"address that is none", `192.0.2.7`, `192.0.2.777`, false, codeV1Invalid, "consent.geo.ipAddress"},
		{"custom data of other letters", `Alpine_1`, `Alpine 1`, false, codeV1Invalid, "customData[0].value"},
		{"custom data without value", `,"value":"Alpine_1"`, ``, false, codeV1Missing, "customData[0]"},
		{"custom data of another type", `"STRING"`, `"TEXT"`, true, "BAD_REQUEST", "customData[0].dataType"},
		{"another option", `"LIMITED_DATA_USE"`, `"NONE"`, true, "BAD_REQUEST", "dataProcessingOptions.options"},
		{"endless user agent", `Mozilla/5.0`, strings.Repeat("u", 513), false, codeV1Size, "deviceInfo.userAgent"},
		{"tokens in seconds", `1776938990000`, `1776938990`, false, codeV1Invalid, "arefMeasurementTokens"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(v1Purchase("bad"), c.old, c.new, 1)
			if bad == v1Purchase("bad") {
				t.Fatalf("%q is not in the event", c.old)
			}
			h := newHarness(t, Options{})
			got := h.sendV1(v1Lead("good"), bad)
			if c.whole {
				got.wantStatus(t, http.StatusBadRequest)
				if h.Accepted("good") != 0 {
					t.Error("the good event was taken although the request was refused")
				}
				h = newHarness(t, Options{Behaviour: Behaviour{Refusal: RefuseItem}})
				got = h.sendV1(v1Lead("good"), bad)
			}
			got.wantStatus(t, http.StatusMultiStatus)
			want := fmt.Sprintf(`{"index":1,"errors":[{"code":%q`, c.code)
			if !strings.Contains(got.body, want) || !strings.Contains(got.body, fmt.Sprintf(`"fieldLocation":"%s"`, location(1, c.field))) {
				t.Errorf("answer %s, want %s at %s", got.body, want, location(1, c.field))
			}
			if h.Accepted("good") != 1 || h.Accepted("bad") != 0 {
				t.Error("want the good event taken and the bad one not")
			}
		})
	}
}

func TestLeniencyOfEventsV1(t *testing.T) {
	for name, event := range map[string]string{
		"all":              v1Purchase("e"),
		"a few":            v1Lead("e"),
		"20 days ago":      strings.Replace(v1Lead("e"), "2026-04-23", "2026-04-03", 1),
		"exponent":         strings.Replace(v1Lead("e"), "-1.5", "-15e-1", 1),
		"zeros":            strings.Replace(v1Lead("e"), "-1.5", "-1.5000", 1),
		"no value":         strings.Replace(v1Lead("e"), `"value":-1.5,`, ``, 1),
		"another country":  strings.Replace(v1Lead("e"), `"US"`, `"OTHER"`, 1),
		"Europe, consents": strings.Replace(v1Purchase("e"), `"US"`, `"DE"`, 1),
	} {
		h := newHarness(t, Options{})
		if got := h.sendV1(event); got.status != http.StatusMultiStatus || h.Accepted("e") != 1 {
			t.Errorf("%s: status %d, body %s", name, got.status, got.body)
		}
	}
	h := newHarness(t, Options{})
	if got := h.sendV1(strings.Replace(v1Lead("e"), `"US"`, `"FR"`, 1)); h.Accepted("e") != 0 || !strings.Contains(got.body, "consent is required") {
		t.Errorf("Europe without consent: %s", got.body)
	}
}

// TestEventsV1Echoes: identifiers and all.
func TestEventsV1Echoes(t *testing.T) {
	h := newHarness(t, Options{})
	got := h.sendV1(v1Purchase("a"), v1Lead("b"), v1Lead("b"))
	got.wantStatus(t, http.StatusMultiStatus)
	want := `{"success":[{"index":0,"event":` + v1Purchase("a") + `},{"index":1,"event":` + v1Lead("b") + `},{"index":2,"event":` + v1Lead("b") + `}],"error":[]}`
	if got.body != want {
		t.Errorf("answer %s\nwant %s", got.body, want)
	}
}

func TestRequestsOfEventsV1(t *testing.T) {
	for name, c := range map[string]struct {
		header, value string
		status        int
	}{
		"no account":           {"Amazon-Ads-AccountId", "", 400},
		"an account of words":  {"Amazon-Ads-AccountId", "ENTITY1", 400},
		"no client":            {"Amazon-Ads-ClientId", "", 400},
		"another client":       {"Amazon-Ads-ClientId", "x", 403},
		"the forbidden one":    {"Amazon-Ads-AccountId", ForbiddenProfile, 403},
		"a token that is none": {"Authorization", "Bearer x", 401},
	} {
		h := newHarness(t, Options{})
		r := httptest.NewRequest(http.MethodPost, eventsV1{}.path(), strings.NewReader(`{"events":[`+v1Lead("e")+`]}`))
		r.Header.Set("Authorization", "Bearer "+h.token)
		r.Header.Set("Amazon-Ads-ClientId", h.opts.Accounts[0].ClientID)
		r.Header.Set("Amazon-Ads-AccountId", profile)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(c.header, c.value)
		if got := h.do(r); got.status != c.status {
			t.Errorf("%s: status %d, want %d", name, got.status, c.status)
		}
	}
}

// TestMagicIDsOfEventsV1: this contract has no 409 and no 422.
func TestMagicIDsOfEventsV1(t *testing.T) {
	for id, want := range map[string]int{"sandbox-400": 400, "sandbox-404": 404, "sandbox-413": 413, "sandbox-409": 207, "sandbox-422": 207} {
		h := newHarness(t, Options{})
		got := h.sendV1(v1Lead("good"), v1Lead(id))
		if got.status != want || (h.Accepted("good") == 1) != (want == 207) {
			t.Errorf("%s: status %d, good taken %d times", id, got.status, h.Accepted("good"))
		}
	}
}

func TestGoldenPayloadsAreTaken(t *testing.T) {
	for _, file := range []string{"purchase", "lead", "app"} {
		body, err := os.ReadFile("../../../testdata/golden/events-v1/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		h := newHarness(t, Options{Now: func() time.Time { return testNow }})
		event := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(body)), `{"events":[`), `]}`)
		if got := h.sendV1(event); got.status != http.StatusMultiStatus || h.Stats().Taken != 1 {
			t.Errorf("%s: %s", file, got.body)
		}
	}
}
