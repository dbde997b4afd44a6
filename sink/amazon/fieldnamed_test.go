package amazon

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

func TestFieldNamed(t *testing.T) {
	for message, want := range map[string]string{
		"userInfo.postalCode needs userInfo.countryCode": "userInfo.postalCode",
		"invalid userInfo": "userInfo",
		"events[3].userInfo.hashedPhone must be 64 hex digits":        "userInfo.hashedPhone",
		"Event 7: 'value.currencyCode' is not ISO 4217.":              "value.currencyCode",
		"timestamp must not be in the future":                         "timestamp",
		"the value of field eventDescription.conversionType is wrong": "eventDescription.conversionType",
		"matchKeys[0].values must have one value":                     "matchKeys[0].values",
		"the name is of no value":                                     "",
		"see advertising-api.amazon.com or jane@example.com":          "",
		"":             "",
		"..[]. [ ] ..": "",
	} {
		if got := fieldNamed(message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

// TestARefusedRequestNamesItsField: by its location where there is one, by its
// words otherwise, and never with an identifier in it.
func TestARefusedRequestNamesItsField(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":"INVALID_USER_INFO","message":"userInfo.hashedEmail must be 64 hex digits"}`: "userInfo.hashedEmail",
		`{"code":"X","message":"clickId is bad","fieldLocation":"events[2].userInfo.madid"}`:  "userInfo.madid",
		`{"code":"X","details":"bad userInfo.` + strings.Repeat("ab", 32) + `"}`:              "userInfo.[hash]",
		`{"errors":[{"code":"X","message":"events[0].value.amount is negative"}]}`:            "value.amount",
		`422 invalid userInfo`:        "userInfo",
		`{"code":"X","message":"no"}`: "",
	} {
		doc := parseDocument([]byte(body))
		if got := doc.said(Response{Status: 422, Body: []byte(body)}).Reason(verdict.Rejected, 422, nil).Field; got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
