package schemas

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"pgregory.net/rapid"
)

func TestAnyEventSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawEvent(Latest).Draw(t, "event")
		data := EventJSON(want)
		if !json.Valid(data) || strings.Contains(string(data), "\n") {
			t.Fatalf("not one line of JSON: %s", data)
		}
		got, err := EventFromJSON(data)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if d := avrotest.Diff(want, got); d != "" {
			t.Fatalf("%s\n(-want +got):\n%s", data, d)
		}
	})
}

func TestEventJSONReadsLikeTheSchema(t *testing.T) {
	want := `{"event_id":"lead_9821","event_name":"Lead","occurred_at":"2026-04-23T10:15:30.12Z",` +
		`"user_data":{"country_code":"US"},"custom_data":{"value":129.95,"quantity":2,"attributes":{"a":"1","b":"\"2\""}},"consent":{"gpp":"g"}}`
	ev := &event.Event{EventID: "lead_9821", EventName: "Lead", OccurredAt: 1776939330120, User: event.UserData{CountryCode: "US"},
		Custom:  event.CustomData{Value: decimal.New(129950, 3), Quantity: 2, Attributes: []event.Attribute{{Key: "a", Value: "1"}, {Key: "b", Value: `"2"`}}},
		Consent: event.Consent{GPP: "g"}}
	if got := string(EventJSON(ev)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(EventJSON(&event.Event{})); got != "{}" {
		t.Errorf("an empty event is %s", got)
	}
}

func TestEventFromFriendlyJSON(t *testing.T) {
	want := &event.Event{EventID: "e", OccurredAt: 1776939330000, ClickCapturedAt: 5, Custom: event.CustomData{Value: decimal.New(1, 7)}}
	for _, data := range []string{
		`{"event_id":"e","occurred_at":"2026-04-23T10:15:30Z","click_captured_at":5,"custom_data":{"value":1e-7}}`,
		` { "occurred_at" : 1776939330000, "event_id" : "e", "click_captured_at":"1970-01-01T00:00:00.005Z", "custom_data":{"value":"0.0000001"} } ` + "\n",
		`{"event_id":"e","event_type":null,"user_data":null,"consent":{},"custom_data":{"value":"1E-7","quantity":null,"attributes":null},
		  "occurred_at":"2026-04-23T12:15:30+02:00","click_captured_at":5}`,
	} {
		got, err := EventFromJSON([]byte(data))
		if err != nil {
			t.Errorf("%s: %v", data, err)
		} else if d := avrotest.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", data, d)
		}
	}
	for _, amount := range []string{"129.95", "0.10", "10000000000000.01", "1e-7", "-5"} {
		got, err := EventFromJSON([]byte(`{"custom_data":{"value":` + amount + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := decimal.Parse(amount); !got.Custom.Value.Equal(want) {
			t.Errorf("%s reads as %s", amount, got.Custom.Value)
		}
	}
}

func TestEventFromJSONIsStrict(t *testing.T) {
	for data, says := range map[string]string{
		``:                                          "ends too early",
		`{`:                                         "ends too early",
		`{"event_id":"jane"`:                        "ends too early",
		`{"event_id":}`:                             "event_id: not JSON",
		`{"event_id":"jane",}`:                      "not JSON",
		`null`:                                      "want a JSON object",
		`["jane"]`:                                  "want a JSON object",
		`"jane"`:                                    "want a JSON object",
		`{} {}`:                                     "followed by something else",
		`{"event_id":"\xff"}`:                       "not JSON",
		"{\"event_id\":\"\xff\"}":                   "not valid UTF-8",
		`{"EventID":"jane"}`:                        `unknown field "EventID": want one of event_id, profile_id`,
		`{"user_data":{"emial":"jane"}}`:            `unknown field "user_data.emial": want one of email, phone`,
		`{"consent":{"user_data":{}}}`:              `unknown field "consent.user_data"`,
		`{"event_id":"a","event_id":"jane"}`:        `name "event_id" twice`,
		`{"event_id":17}`:                           "event_id: want a JSON string",
		`{"event_id":{}}`:                           "event_id: want a JSON string",
		`{"user_data":"jane"}`:                      "user_data: want a JSON object",
		`{"user_data":{"email":["jane"]}}`:          "user_data.email: want a JSON string",
		`{"occurred_at":"2026-04-23"}`:              "occurred_at: want a time such as",
		`{"occurred_at":1.5}`:                       "occurred_at: want a time such as",
		`{"occurred_at":true}`:                      "occurred_at: want a time such as",
		`{"custom_data":{"value":"12,50"}}`:         "custom_data.value: want a number",
		`{"custom_data":{"value":"NaN"}}`:           "custom_data.value: want a number",
		`{"custom_data":{"value":true}}`:            "custom_data.value: want a number",
		`{"custom_data":{"quantity":1.5}}`:          "custom_data.quantity: want a whole number",
		`{"custom_data":{"quantity":"2"}}`:          "custom_data.quantity: want a whole number",
		`{"custom_data":{"attributes":["jane"]}}`:   "custom_data.attributes: want a JSON object",
		`{"custom_data":{"attributes":{"jane":1}}}`: "custom_data.attributes: want JSON strings",
		`{"custom_data":{"attributes":{"jane":"1","b":"2","jane":"3"}}}`: "custom_data.attributes: has a name twice",
	} {
		ev, err := EventFromJSON([]byte(data))
		if err == nil {
			t.Errorf("%s is taken as %+v", data, ev)
			continue
		}
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %q, want it to say %q", data, err, says)
		}
		for _, value := range []string{"jane", "12,50", "04-23"} {
			if strings.Contains(strings.ReplaceAll(err.Error(), "2026-04-23T10:15:30Z", ""), value) {
				t.Errorf("%s: error %q has what was in it", data, err)
			}
		}
	}
}
