package amazon

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// wrapped puts a reason with a code into others that have only a message.
func wrapped(t *rapid.T, reason string) string {
	for range rapid.IntRange(0, 4).Draw(t, "levels") {
		key := oneOf(t, "key", "errors", "error", "details", "cause", "reason", "inner", "Details", "extensions", "reasons")
		inner := reason
		if rapid.Bool().Draw(t, "list") {
			inner = "[" + reason + "]"
		}
		members := []string{fmt.Sprintf("%q:%s", key, inner)}
		if rapid.Bool().Draw(t, "message") {
			members = append(members, `"message":"one item was not taken"`)
		}
		if rapid.Bool().Draw(t, "no code") {
			members = append(members, oneOf(t, "empty", `"code":""`, `"code":null`))
		}
		if len(members) > 1 && rapid.Bool().Draw(t, "before") {
			members[0], members[1] = members[1], members[0]
		}
		reason = "{" + strings.Join(members, ",") + "}"
	}
	return reason
}

var someCodes = []string{
	"TOO_MANY_REQUESTS", "INTERNAL_ERROR", "CONFLICT", "503", "429", "ThrottlingException", "SERVICE_UNAVAILABLE", "CONTENT_TOO_LARGE", "413",
	"INVALID_ARGUMENT", "BAD_REQUEST", "400", "422", "UNAUTHORIZED", "E17",
}

// An item's code has the same outcome at any depth, and beside any message without one.
func TestAnItemsCodeDecidesAtAnyDepth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := oneOf(t, "code", someCodes...)
		key := oneOf(t, "code's key", "code", "Code", "errorCode", "error_code")
		reason := wrapped(t, fmt.Sprintf(`{%q:%q,"message":"why"}`, key, code))
		entries := []string{`{"index":0,` + reason[1:]}
		if rapid.Bool().Draw(t, "apart") { // the message has an entry of its own
			entries = append(entries, `{"index":0,"message":"one item was not taken"}`)
			if rapid.Bool().Draw(t, "before") {
				entries[0], entries[1] = entries[1], entries[0]
			}
		}
		body := fmt.Sprintf(`{"error":[%s],"success":[{"index":1}]}`, strings.Join(entries, ","))
		for _, k := range contracts(ContractOptions{}) {
			items := make([]Item, 2)
			a := k.ReadAnswer(Response{Status: 207, Body: []byte(body)}, items)
			if want := classify(code); a.Kind != Itemised || items[0].Outcome != want || items[1].Outcome != Taken {
				t.Fatalf("%s: %s: kind %d, outcomes %d and %d, want %d and taken", k.Name(), body, a.Kind, items[0].Outcome, items[1].Outcome, want)
			}
			if s := items[0].Said; s.code != code || s.message != "why" {
				t.Fatalf("%s: said %+v, want %s and its message", body, s, code)
			}
		}
	})
}

// The code of an answer as a whole has the same kind at any depth, whatever its status.
func TestAnAnswersCodeDecidesAtAnyDepth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := oneOf(t, "code", someCodes...)
		status := rapid.SampledFrom([]int{200, 207, 400, 401, 403, 409, 413, 422, 429, 500, 503}).Draw(t, "status")
		flat := fmt.Sprintf(`{"code":%q,"message":"why"}`, code)
		body := `{"a":` + wrapped(t, flat) + `}` // "error" at the top is the list of items
		read := func(body string) Answer {
			return offAmazon{}.ReadAnswer(Response{Status: status, Body: []byte(body)}, make([]Item, 2))
		}
		if got, want := read(body), read(flat); got.Kind != want.Kind || got.Said.code != want.Said.code {
			t.Fatalf("status %d, %s: kind %d, code %q; of %s: kind %d, code %q", status, body, got.Kind, got.Said.code, flat, want.Kind, want.Said.code)
		}
	})
}

func TestReasonsOfAnItem(t *testing.T) {
	for entry, want := range map[string]string{
		`"message":"m","errors":[{"code":"TOO_MANY_REQUESTS"}]`:                       "later TOO_MANY_REQUESTS||m",
		`"message":"outer","errors":[{"code":"CONFLICT","message":"inner"}]`:          "later CONFLICT||inner",
		`"message":"m","details":{"code":"INTERNAL_ERROR"}`:                           "later INTERNAL_ERROR||m",
		`"error":{"code":"INTERNAL_ERROR","message":"m"}`:                             "later INTERNAL_ERROR||m",
		`"errors":[{"message":"m"},{"code":"CONTENT_TOO_LARGE"}]`:                     "large CONTENT_TOO_LARGE||m",
		`"code":"BAD","message":"m","errors":[{"code":"CONFLICT"}]`:                   "refused BAD||m",
		`"status":503,"message":"m"`:                                                  "later 503||m",
		`"status":"error","message":"m"`:                                              "refused ||m",
		`"status":400,"errors":[{"code":"TOO_MANY_REQUESTS"}]`:                        "later TOO_MANY_REQUESTS||",
		`"status":503,"errors":[{"code":"INVALID"}]`:                                  "refused INVALID||",
		`"__type":"x#ThrottlingException","message":"m"`:                              "later x#ThrottlingException||m",
		`"event":{"code":"TOO_MANY_REQUESTS"},"message":"m"`:                          "refused ||m",
		`"message":"m","event":{"userInfo":{"countryCode":"503"}}`:                    "refused ||m",
		`"errors":[{"message":"m","fieldLocation":"events[0].value"},{"code":"BAD"}]`: "refused BAD|value|m",
		// The reason's own code decides, and not what is within or beside it.
		`"code":"TOO_MANY_REQUESTS","details":{"code":"burst.quota"}`:                    "later TOO_MANY_REQUESTS||{\"code\":\"burst.quota\"}",
		`"cause":{"code":"E17"},"code":"INTERNAL_ERROR"`:                                 "later INTERNAL_ERROR||",
		`"currency":{"code":"EUR"},"errors":[{"code":"ThrottlingException"}]`:            "later ThrottlingException||",
		`"errors":[{"code":"429","inner":{"code":"quota.exceeded"}}],"value":{"code":1}`: "later 429||",
		`"errors":"no"`: "refused ||refused without a reason",
	} {
		items := make([]Item, 1)
		offAmazon{}.ReadAnswer(Response{Status: 207, Body: []byte(`{"error":[{"index":0,` + entry + `}]}`)}, items)
		if got := said(items[0]); got != want {
			t.Errorf("%s is %q, want %q", entry, got, want)
		}
	}
}

// A web server or gateway without such a path has codes, too. What it answers is no refusal.
func TestCodesOfGateways(t *testing.T) {
	for body, want := range map[string]Kind{
		`{"error":{"code":"ResourceNotFound"}}`:                                                         Foreign,
		`{"fault":{"faultstring":"x","detail":{"errorcode":"messaging.adaptors.ApplicationNotFound"}}}`: Foreign,
		`{"errorCode":"route_not_found"}`:                                                               Foreign,
		`{"errors":[{"code":"NF"}]}`:                                                                    Foreign,
		`{"code":"EVENT_NOT_FOUND"}`:                                                                    RefusedWhole,
	} {
		for _, status := range []int{404, 405} {
			if a := (offAmazon{}).ReadAnswer(Response{Status: status, Body: []byte(body)}, make([]Item, 2)); a.Kind != want {
				t.Errorf("%d %s: kind %d, want %d", status, body, a.Kind, want)
			}
		}
	}
}

// A reason that is nested without end is read up to a bound.
func TestDeepReasonsEnd(t *testing.T) {
	deep := strings.Repeat(`{"details":`, 5000) + `{"code":"CONFLICT"}` + strings.Repeat("}", 5000)
	items := make([]Item, 1)
	offAmazon{}.ReadAnswer(Response{Status: 207, Body: []byte(`{"error":[{"index":0,"errors":[` + deep + `]}]}`)}, items)
	if items[0].Outcome != Refused {
		t.Errorf("%s", said(items[0]))
	}
}
