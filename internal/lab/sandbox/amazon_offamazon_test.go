package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestStrictness breaks one rule of the contract at a time. Each refusal is
// seen both ways: named by item, and as the status of the whole request.
func TestStrictness(t *testing.T) {
	const other = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	swap := func(old, new string) string {
		s := strings.Replace(purchase("ord_1"), old, new, 1)
		if s == purchase("ord_1") {
			t.Fatalf("%q is not in the event", old)
		}
		return s
	}
	for _, c := range []struct {
		name, event string
		status      int
		code, field string
	}{
		{"no object", `"ord_1"`, 400, "BAD_REQUEST", ""},
		{"null", `null`, 400, "BAD_REQUEST", ""},
		{"empty object", `{}`, 422, "MISSING_FIELD", ""},
		{"unknown field", swap(`{"name"`, `{"extra":1,"name"`), 400, "BAD_REQUEST", "extra"},
		{"unknown field of userInfo", swap(`"madid"`, `"email"`), 400, "BAD_REQUEST", "userInfo.email"},
		{"unknown field of value", swap(`"amount"`, `"total"`), 400, "BAD_REQUEST", "value.total"},
		{"field in another case", swap(`"eventId"`, `"eventID"`), 400, "BAD_REQUEST", "eventID"},
		{"field twice", swap(`{"name"`, `{"name":"Lead","name"`), 400, "BAD_REQUEST", "name"},

		{"no name", swap(`"name":"Purchase",`, ``), 422, "MISSING_FIELD", "name"},
		{"blank name", swap(`"Purchase"`, `" "`), 422, "INVALID_FIELD", "name"},
		{"name is null", swap(`"Purchase"`, `null`), 400, "BAD_REQUEST", "name"},
		{"name is a number", swap(`"Purchase"`, `7`), 400, "BAD_REQUEST", "name"},
		{"name with a space behind", swap(`"Purchase"`, `"Purchase "`), 422, "INVALID_FIELD", "name"},

		{"no type", swap(`"eventType":"PURCHASE",`, ``), 422, "MISSING_FIELD", "eventType"},
		{"type in small letters", swap(`"PURCHASE"`, `"Purchase"`), 422, "INVALID_FIELD", "eventType"},
		{"no source", swap(`"eventActionSource":"WEBSITE",`, ``), 422, "MISSING_FIELD", "eventActionSource"},
		{"unknown source", swap(`"WEBSITE"`, `"STORE"`), 422, "INVALID_FIELD", "eventActionSource"},

		{"no time", swap(`"timestamp":"2026-04-23T10:15:30Z",`, ``), 422, "MISSING_FIELD", "timestamp"},
		{"time in milliseconds", swap(`"2026-04-23T10:15:30Z"`, `1776939330000`), 400, "BAD_REQUEST", "timestamp"},
		{"time without zone", swap(`10:15:30Z`, `10:15:30`), 422, "INVALID_FIELD", "timestamp"},
		{"time that is none", swap(`04-23T`, `02-30T`), 422, "INVALID_FIELD", "timestamp"},
		{"time with a comma", swap(`10:15:30Z`, `10:15:30,5Z`), 422, "INVALID_FIELD", "timestamp"},
		{"time ahead", swap(`2026-04-23T10:15:30Z`, `2026-04-23T12:15:01Z`), 422, "INVALID_FIELD", "timestamp"},
		{"year 9999", swap(`2026-`, `9999-`), 422, "INVALID_FIELD", "timestamp"},

		{"blank click id", swap(clickID, ``), 422, "INVALID_FIELD", "clickId"},
		{"click id with a space", swap(clickID, `a b`), 422, "INVALID_FIELD", "clickId"},

		{"userInfo is a list", swap(`"countryCode":"US","postalCode":"10001"}`, `"countryCode":"US","postalCode":"10001"},"userInfo":[]`), 400, "BAD_REQUEST", "userInfo"},
		{"raw email", swap(hash, `jane@example.com`), 422, "INVALID_USER_INFO", "userInfo.hashedEmail"},
		{"hash in capitals", swap(hash, strings.ToUpper(hash)), 422, "INVALID_USER_INFO", "userInfo.hashedEmail"},
		{"hash too short", swap(hash, hash[1:]), 422, "INVALID_USER_INFO", "userInfo.hashedEmail"},
		{"hash of nothing", swap(hash, other), 422, "INVALID_USER_INFO", "userInfo.hashedEmail"},
		{"blank phone", swap(`"hashedPhone":"`+hash, `"hashedPhone":"`), 422, "INVALID_USER_INFO", "userInfo.hashedPhone"},
		{"blank madid", swap(madid, ``), 422, "INVALID_USER_INFO", "userInfo.madid"},
		{"country of three letters", swap(`"US"`, `"USA"`), 422, "INVALID_USER_INFO", "userInfo.countryCode"},
		{"country in small letters", swap(`"US"`, `"us"`), 422, "INVALID_USER_INFO", "userInfo.countryCode"},
		{"country that is none", swap(`"US"`, `"UK"`), 422, "INVALID_USER_INFO", "userInfo.countryCode"},
		{"postal code without country", swap(`"countryCode":"US",`, ``), 422, "INVALID_USER_INFO", "userInfo.postalCode"},
		{"blank postal code", swap(`"10001"`, `""`), 422, "INVALID_USER_INFO", "userInfo.postalCode"},

		{"purchase without value", swap(`"value":{"amount":129.95,"currencyCode":"USD"},`, ``), 422, "MISSING_FIELD", "value"},
		{"value is a number", swap(`{"amount":129.95,"currencyCode":"USD"}`, `129.95`), 400, "BAD_REQUEST", "value"},
		{"empty value", swap(`{"amount":129.95,"currencyCode":"USD"}`, `{}`), 422, "MISSING_FIELD", "value"},
		{"no amount", swap(`"amount":129.95,`, ``), 422, "MISSING_FIELD", "value.amount"},
		{"amount is text", swap(`129.95`, `"129.95"`), 400, "BAD_REQUEST", "value.amount"},
		{"negative amount", swap(`129.95`, `-0.01`), 422, "INVALID_VALUE", "value.amount"},
		{"endless amount", swap(`129.95`, `1e400`), 422, "INVALID_VALUE", "value.amount"},
		{"no currency", swap(`,"currencyCode":"USD"`, ``), 422, "MISSING_FIELD", "value.currencyCode"},
		{"unknown currency", swap(`"USD"`, `"USX"`), 422, "INVALID_VALUE", "value.currencyCode"},
		{"currency of old", swap(`"USD"`, `"DEM"`), 422, "INVALID_VALUE", "value.currencyCode"},
		{"two currencies", swap(`"USD"`, `"USD EUR"`), 422, "INVALID_VALUE", "value.currencyCode"},
		{"currency in small letters", swap(`"USD"`, `"usd"`), 422, "INVALID_VALUE", "value.currencyCode"},

		{"no event id", swap(`,"eventId":"ord_1"`, ``), 422, "MISSING_FIELD", "eventId"},
		{"blank event id", swap(`"ord_1"`, `""`), 422, "INVALID_FIELD", "eventId"},
		{"event id is a number", swap(`"ord_1"`, `10492`), 400, "BAD_REQUEST", "eventId"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t, Options{Behaviour: Behaviour{Refusal: RefuseItem}})
			got := h.send(lead("good"), c.event)
			got.wantStatus(t, http.StatusMultiStatus)
			if want := `{"index":1,"errors":[{"code":"` + c.code + `"`; !strings.Contains(got.body, want) {
				t.Errorf("answer %s, want it to begin the second event's errors as %s", got.body, want)
			}
			location := fmt.Sprintf(`"fieldLocation":"%s"`, location(1, c.field))
			if !strings.Contains(got.body, location) {
				t.Errorf("answer %s, want %s", got.body, location)
			}
			if h.Accepted("good") != 1 || h.Stats().Taken != 1 {
				t.Errorf("%+v, want the good event taken and no other", h.Stats().Totals)
			}

			h = newHarness(t, Options{})
			got = h.send(lead("good"), c.event)
			got.wantStatus(t, c.status)
			if strings.Contains(got.body, "index") || strings.Contains(got.body, "ord_1") || strings.Contains(got.body, "[1]") {
				t.Errorf("answer %s, want nothing that names the event", got.body)
			}
			if s := h.Stats(); s.Taken != 0 || s.Refused != 1 || s.Unjudged != 1 {
				t.Errorf("%+v, want one refused, one unjudged and none taken", s.Totals)
			}
		})
	}
}

// TestLeniency holds what the contract allows, so that strictness stays the
// contract's and does not grow rules of its own.
func TestLeniency(t *testing.T) {
	for name, event := range map[string]string{
		"every field":            purchase("e"),
		"no value":               lead("e"),
		"no userInfo":            `{"name":"Signup","eventType":"SIGN_UP","eventActionSource":"APP","timestamp":"2026-04-23T10:15:30.123Z","eventId":"e"}`,
		"offset instead of Z":    strings.Replace(lead("e"), "10:17:00Z", "15:47:00.5+05:30", 1),
		"a type of one's own":    strings.Replace(lead("e"), `"LEAD"`, `"TEST_DRIVE_2"`, 1),
		"amount with exponent":   strings.Replace(purchase("e"), "129.95", "1e-7", 1),
		"amount of zero":         strings.Replace(purchase("e"), "129.95", "0", 1),
		"a large amount":         strings.Replace(purchase("e"), "129.95", "10000000000000.01", 1),
		"a young currency":       strings.Replace(purchase("e"), "USD", "VES", 1),
		"ten minutes ahead":      strings.Replace(lead("e"), "10:17:00Z", "12:10:00Z", 1),
		"years ago":              strings.Replace(lead("e"), "2026-", "2019-", 1),
		"escapes and other text": strings.Replace(lead("e"), `"Lead"`, `"L\u00e9ad 日本"`, 1),
		"spaces and line breaks": strings.ReplaceAll(lead("e"), ",", " ,\n "),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, Options{})
			h.send(event).wantStatus(t, http.StatusOK)
			if h.Accepted("e") != 1 {
				t.Errorf("accepted %d times, want 1", h.Accepted("e"))
			}
		})
	}
}
