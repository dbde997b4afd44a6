package amazon

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"unicode"

	"pgregory.net/rapid"
)

// spelled draws a way to write a name that is given in words: camel, snake, kebab and
// the like, with some of its letters escaped.
func spelled(t *rapid.T, name string) string {
	list := strings.Fields(name)
	way := rapid.IntRange(0, 7).Draw(t, "spelling")
	for i, w := range list {
		switch {
		case way == 0 && i > 0, way == 1:
			list[i] = strings.ToUpper(w[:1]) + w[1:]
		case way == 2 || way == 6:
			list[i] = strings.ToUpper(w)
		}
	}
	key := strings.Join(list, []string{"", "", "_", "_", "-", " ", "-", "."}[way])
	var b strings.Builder
	b.WriteByte('"')
	escape := rapid.IntRange(-6, len(key)-1).Draw(t, "escape")
	for i, r := range key {
		if i == escape {
			fmt.Fprintf(&b, "\\u%04x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

func oneOf(t *rapid.T, what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }

// signOfFailure draws a member, or two, of an object that says that it failed.
func signOfFailure(t *rapid.T) string {
	blame := oneOf(t, "blame", "Internal server error", "Endpoint request timed out", "Service Unavailable", "Rate exceeded", "something went wrong",
		"User is not authorized to do that", "Bad Gateway", "could not be processed", "Missing Authentication Token", "Limit Exceeded", "please try again later",
		"Forbidden", "Too Many Requests", "no healthy upstream", "down for maintenance")
	member := func(key, value string) string { return spelled(t, key) + ":" + value }
	word := oneOf(t, "word", "error", "ERROR", "failed", "FAILURE", "Fail", "rejected", "INVALID_REQUEST", "denied", "UNAUTHORIZED", "throttled", "timeout",
		"SERVICE_UNAVAILABLE", "InternalServerError", "aborted", "not_accepted", "unsuccessful", "PARTIAL_FAILURE", "500", "503 Service Unavailable", "HTTP/1.1 502 Bad Gateway")
	switch rapid.IntRange(0, 8).Draw(t, "sign") {
	case 0:
		key := oneOf(t, "key", "success", "ok", "accepted", "is success", "successful", "request accepted", "success count", "num accepted", "accepted events", "acknowledged", "events received", "processed", "succeeded")
		return member(key, oneOf(t, "value", "false", "null", "0", "0.0", "-0", "0e3", `"false"`, `"no"`, `"FALSE"`, `""`, `"0"`, `"failed"`, `[]`, `{}`))
	case 1:
		key := oneOf(t, "key", "rejected", "failed", "errors", "failed count", "failed record count", "error count", "rejected events", "num failed", "failures", "unprocessed", "invalid events")
		return member(key, oneOf(t, "value", "1", "3", "1e2", "0.5", "-1", "true", `[{"index":0}]`, `["x"]`, `[1]`, `"2"`, "99999999999999999999999999", "1e999"))
	case 2:
		key := oneOf(t, "key", "error", "errors", "fault", "exception", "failure", "error message", "error details", "fault string", "exception message", "internal error")
		return member(key, oneOf(t, "value", `"boom"`, `"`+blame+`"`, `{"message":"boom"}`, `{"code":5}`, `[{"code":"X"}]`, `{"a":{"b":[true]}}`, "true", "42", `[null]`))
	case 3:
		return oneOf(t, "key", `"__type"`, `"__Type"`, `"type"`, `"@type"`, `"_type"`) + `:"` + oneOf(t, "namespace", "", "com.amazon.coral.service#", "x#", "https://errors.example/") +
			oneOf(t, "name", "Internal", "Throttling", "Validation", "AccessDenied", "Some") + oneOf(t, "suffix", "Failure", "Exception", "Error", "Fault") + oneOf(t, "rest", "", ":http://internal.amazon.com/x/") + `"`
	case 4:
		return member(oneOf(t, "key", "status", "state", "result", "outcome", "status code", "http status", "http status code", "response code", "status text", "result status"), `"`+word+`"`)
	case 5:
		return member(oneOf(t, "key", "status", "status code", "http status", "http status code", "response code", "code", "error code", "http code"),
			strconv.Itoa(rapid.IntRange(400, 599).Draw(t, "status")))
	case 6:
		return member("code", oneOf(t, "code", `"INTERNAL_ERROR"`, `"BAD_REQUEST"`, `"E1234"`, `"42"`, "1234", "-3")) + "," + member("message", `"`+oneOf(t, "message", blame, "m", "see the docs")+`"`)
	case 7:
		return member(oneOf(t, "key", "error code", "exception code", "failure code"), oneOf(t, "code", `"X"`, `"THROTTLED"`, "7", `"500"`))
	}
	return member(oneOf(t, "key", "message", "msg", "detail", "title", "reason", "description"), `"`+blame+`"`)
}

// neutral draws members that say nothing of success or failure.
func neutral(t *rapid.T, first string) string {
	parts := []string{first}
	for range rapid.IntRange(0, 3).Draw(t, "others") {
		other := oneOf(t, "other", `"requestId":"5f2b"`, `"Version":"1.0"`, `"timestamp":"2026-04-23T10:15:30Z"`, `"errors":[]`, `"error":null`, `"data":null`, `"meta":{"region":"NA","took":3}`,
			`"events":[]`, `"failed":0`, `"links":["a",{"b":[1,2]}]`, `"code":0`, `"message":""`, `"x":"a \\\" quote"`, `"countryCode":"US"`, `"warnings":[]`)
		if rapid.Bool().Draw(t, "before") {
			parts = append([]string{other}, parts...)
		} else {
			parts = append(parts, other)
		}
	}
	blank := oneOf(t, "blank", "", " ", "\n\t")
	return "{" + blank + strings.Join(parts, blank+","+blank) + blank + "}"
}

// nested draws where in a body an object stands: at the top or one level down.
func nested(t *rapid.T, object string) string {
	key := oneOf(t, "wrapper", "data", "result", "response", "Output", "body", "payload", "batch", "x", "results", "meta")
	switch rapid.IntRange(0, 4).Draw(t, "nesting") {
	case 0, 1:
		return object
	case 2:
		return neutral(t, `"`+key+`":`+object)
	case 3:
		return neutral(t, `"`+key+`":[`+oneOf(t, "first", "", `{"id":"a"},`)+object+`]`)
	}
	return neutral(t, `"body":`+strconv.Quote(object))
}

// What says that it failed, in any spelling, is no acceptance, whatever else it says.
func TestNoAnswerThatSaysItFailedIsAcceptance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := nested(t, neutral(t, signOfFailure(t)))
		n := rapid.IntRange(1, 4).Draw(t, "events")
		body = rapid.SampledFrom([]string{"", "\ufeff", " \r\n"}).Draw(t, "begin") + body
		for _, k := range contracts(ContractOptions{}) {
			for _, status := range []int{200, 201, 202, 204, 207} {
				items := make([]Item, n)
				a := k.ReadAnswer(Response{Status: status, Body: []byte(body)}, items)
				for i := range items {
					if items[i].Outcome == Taken {
						t.Fatalf("%s, %d, %d events: %s\ntakes event %d", k.Name(), status, n, body, i)
					}
				}
				if a.Kind != Itemised && a.Said == (Said{}) {
					t.Fatalf("%s, %d: %s\nis held without a reason", k.Name(), status, body)
				}
			}
		}
	})
}

// Lists that name each event as taken do not outweigh what says the contrary.
func TestListsDoNotHideAFailure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sign := signOfFailure(t)
		n := rapid.IntRange(1, 4).Draw(t, "events")
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"index":%d}`, i))
		}
		at := rapid.IntRange(0, n-1).Draw(t, "at")
		inside := rapid.Bool().Draw(t, "in an entry")
		if inside {
			list[at] = fmt.Sprintf(`{"index":%d,%s,"event":{}}`, at, sign)
		}
		body := `{"success":[` + strings.Join(list, ",") + `],"error":[]`
		if inside {
			body += "}"
		} else if rapid.Bool().Draw(t, "deeper") {
			body += `,"meta":` + neutral(t, sign) + "}"
		} else {
			body += "," + sign + "}"
		}
		for _, k := range contracts(ContractOptions{}) {
			items := make([]Item, n)
			k.ReadAnswer(Response{Status: 207, Body: []byte(body)}, items)
			for i := range items {
				// A message is no sign beside an explicit list.
				if items[i].Outcome == Taken && (!inside || i == at) && !onlyMessage(sign) {
					t.Fatalf("%s: %s\ntakes event %d", k.Name(), body, i)
				}
				if inside && i != at && items[i].Outcome != Taken {
					t.Fatalf("%s: %s\ndoes not take event %d, of which nothing bad is said", k.Name(), body, i)
				}
			}
		}
	})
}

func onlyMessage(sign string) bool {
	s := signsIn([]byte("{"+sign+"}"), expectation{taken: 1})
	return s.failure == ""
}

// TestAcceptanceIsTakenForThat has shapes in which servers say that all went well.
func TestAcceptanceIsTakenForThat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "events")
		count := strconv.Itoa(n)
		key := func(name string) string { return spelled(t, name) + ":" }
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"index":%d,"event":{"name":"Failed payment","eventType":"ERROR","eventId":"error","code":1,"success":false}}`, i))
		}
		listed := `"success":[` + strings.Join(list, ",") + `]`
		member := oneOf(t, "shape",
			`"requestId":"5f2b-error"`,
			key("success")+"true", key("ok")+"true", key("is success")+`"true"`, key("accepted")+"true",
			key("status")+`"`+oneOf(t, "word", "ok", "OK", "SUCCESS", "accepted", "Success", "succeeded", "200 OK", "no errors", "completed", "QUEUED", "pending")+`"`,
			key("status")+oneOf(t, "status", "200", "202", "204", "0", "null"), key("code")+oneOf(t, "code", "200", "0", `"OK"`, `"SUCCESS"`, `"200"`, `""`, "null"),
			key("accepted")+count+","+key("rejected")+"0", key("events received")+count, key("success count")+count+","+key("failed count")+"0",
			key("failed")+"[]", key("errors")+"{}", key("error")+`""`, key("has errors")+"false", key("no errors")+"true", key("error")+`{"code":null,"message":""}`,
			key("error message")+`"none"`, key("failures")+`"0"`,
			key("message")+`"`+oneOf(t, "message", "ok", "Success", "Events accepted", "Accepted without errors", "0 events failed, all accepted", "received")+`"`,
			key("success")+`true,"warnings":[{"code":"W1","message":"field x is deprecated"}]`, key("success")+`true,"message":"see the docs"`,
			`"data":{"success":true}`, `"data":[{"accepted":true},{"status":"ok"}]`, `"result":{"accepted":`+count+`}`, `"__type":"com.amazon.x#CreateEventsOutput"`,
			`"success":true,"processedInMs":0,"acceptedAt":null,"successUrl":"","errorRate":0.0`,
			listed, listed+`,"error":[]`, listed+`,"error":[],"requestId":"x"`, listed+`,"accepted":`+count+`,"rejected":0,"status":"SUCCESS"`,
		)
		body := neutral(t, member)
		for _, status := range []int{200, 201, 202} {
			items := make([]Item, n)
			a := offAmazon{}.ReadAnswer(Response{Status: status, Body: []byte(body)}, items)
			for i := range items {
				if a.Kind != Itemised || items[i].Outcome != Taken {
					t.Fatalf("%d, %d events: %s\nis %+v with %+v", status, n, body, a, items)
				}
			}
		}
	})
}

// A partial answer that also counts, or sums itself up, is still read item by item.
func TestSumsThatTheListsExplain(t *testing.T) {
	for _, more := range []string{
		`,"accepted":2,"rejected":1`, `,"successCount":2,"failedCount":1`, `,"status":"PARTIAL_SUCCESS"`, `,"status":"completed with errors"`, `,"code":"207"`,
		`,"failed":1,"message":"1 of 3 events was rejected"`, `,"errorCount":1,"requestId":"x"`, `,"summary":{"succeeded":2,"failed":1}`,
	} {
		body := `{"success":[{"index":0},{"index":2}],"error":[{"index":1,"code":"BAD"}]` + more + `}`
		items := make([]Item, 3)
		a := offAmazon{}.ReadAnswer(Response{Status: 207, Body: []byte(body)}, items)
		if a.Kind != Itemised || items[0].Outcome != Taken || items[1].Outcome != Refused || items[2].Outcome != Taken {
			t.Errorf("%s: %+v, %+v", body, a, items)
		}
	}
	// What is more than the lists say is not.
	for _, more := range []string{`,"rejected":2`, `,"accepted":1`, `,"__type":"InternalFailure"`, `,"status":"failed"`, `,"success":false`, `,"error":[]`} {
		body := `{"success":[{"index":0},{"index":2}],"error":[{"index":1,"code":"BAD"}]` + more + `}`
		items := make([]Item, 3)
		offAmazon{}.ReadAnswer(Response{Status: 207, Body: []byte(body)}, items)
		if items[0].Outcome == Taken || items[2].Outcome == Taken {
			t.Errorf("%s: %+v", body, items)
		}
	}
}

// A failure is classed by the status that it names, else held.
func TestAFailureIsClassedByTheStatusThatItNames(t *testing.T) {
	for body, want := range map[string]Kind{
		`{"success":false}`: Failed,
		`{"Output":{"__type":"x#InternalFailure"},"Version":"1.0"}`:         Failed,
		`{"__type":"ThrottlingException"}`:                                  Failed,
		`{"__type":"com.amazon.coral.service#AccessDeniedException"}`:       Forbidden,
		`{"__type":"x#ValidationException","message":"1 validation error"}`: RefusedWhole,
		`{"status":"error"}`:                                                     Failed,
		`{"message":"Internal server error"}`:                                    Failed,
		`{"message":"Forbidden"}`:                                                Failed,
		`{"events":[],"accepted":0,"rejected":1}`:                                Failed,
		`{"success":null,"error":null}`:                                          Failed,
		`{"code":"INTERNAL_ERROR","message":"m"}`:                                Failed,
		`{"code":"UNPROCESSABLE_ENTITY","message":"m"}`:                          RefusedWhole,
		`{"code":"BAD_REQUEST","message":"m"}`:                                   RefusedWhole,
		`{"statusCode":400,"body":"{\"message\":\"m\"}"}`:                        RefusedWhole,
		`{"status":401,"error":"Unauthorized"}`:                                  Unauthenticated,
		`{"data":{"httpStatusCode":"403"}}`:                                      Forbidden,
		`{"body":"{\"Version\":\"1.0\",\"message\":\"Internal server error\"}"}`: Failed,
		`{"body":"accepted in version 1.0","message":"Internal server error"}`:   Failed,
		`{"message":"version 1.0 failed"}`:                                       Failed,
		`{"status":429}`:                                                         Failed,
		`{"status":404,"error":"Not Found","path":"/x"}`:                         Foreign,
		`{"status":407}`:                                                         Foreign,
		`{"status":413,"code":"CONTENT_TOO_LARGE"}`:                              RefusedWhole,
		`{"status":422,"cause":{"status":503}}`:                                  Failed,
		`{"status":"503 Service Unavailable"}`:                                   Failed,
		`{"code":"TOO_MANY_REQUESTS"}`:                                           Failed,
		`{"errors":[{"extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":{}}`: Failed,
		`{"code":"WHO_KNOWS","message":"m"}`:                                     Failed,
		`[{"status":422}]`:                                                       RefusedWhole,
		`["ok"]`:                                                                 Failed, `"ok"`: Failed, `true`: Failed, `200`: Failed, `false`: Failed, `0`: Failed, `[]`: Failed,
	} {
		items := make([]Item, 2)
		a := offAmazon{}.ReadAnswer(Response{Status: 200, Body: []byte(body)}, items)
		if a.Kind != want || items[0].Outcome != Unsaid {
			t.Errorf("%s: kind %d, want %d: %+v", body, a.Kind, want, a)
		}
	}
}

// Bodies that are made to be read for long, or to no end.
func TestHostileBodiesAreNoAcceptance(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 500) + `{"success":false}` + strings.Repeat("}", 500)
	for name, body := range map[string]string{
		"deep":               deep,
		"deep with success":  `{"success":true,"x":` + deep + `}`,
		"keys without end":   `{` + strings.Repeat(`"a":1,`, signKeys+5) + `"b":2}`,
		"a sign behind them": `{` + strings.Repeat(`"a":1,`, signKeys+5) + `"success":false}`,
		"success first":      `{"success":true,` + strings.Repeat(`"a":[],`, 1000) + `"success":false}`,
		"success last":       `{"success":false,` + strings.Repeat(`"a":{},`, 1000) + `"success":true}`,
		"a list and a word":  `{"success":[{"index":0}],"success":false}`,
		"a word and a list":  `{"success":false,"success":[{"index":0}]}`,
		"two error lists":    `{"success":[{"index":0}],"error":[{"index":0,"code":"X"}],"error":[]}`,
		"long s":             `{"\u017fucce\u017f\u017f":false}`,
		"full width":         `{"\uff53\uff55\uff43\uff43\uff45\uff53\uff53":false}`,
		"lines":              "{\"success\":true}\n{\"success\":false}",
		"a surrogate":        `{"\ud800":1,"success":false}`,
		"bytes in a key":     "{\"\xff\xfe\":1,\"failed\":1}",
	} {
		items := make([]Item, 1)
		a := offAmazon{}.ReadAnswer(Response{Status: 200, Body: []byte(body)}, items)
		if items[0].Outcome == Taken {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestUnclearAnswersAreShownByTheirKeys(t *testing.T) {
	redact.Secret("summerhouse")
	for body, want := range map[string]string{
		``: "", `{}`: "", `{"success":true}`: "", `{"requestId":"x"}`: "requestId", `{"b":1,"a":2,"b":3}`: "a,b",
		`{"jane@example.com":1,"+15551234567":2}`: "other", `{"86e0b9e56c17cc4d12387e1949b85053":1,"id":2}`: "id,other",
		`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}`:    "other",
		`{"` + strings.Repeat("x", 33) + `":1}`:          "other",
		`{"amzn1.click.abc":1}`:                          "other",
		`{"amFuZUBleGFtcGxlLmNvbQ":1,"id":2}`:            "id,other", // an address in base64
		`{"summerhouse":1,"SummerHouse":2}`:              "other",    // a secret
		`{"state":"unknown","line\nbreak":1,"\u202e":1}`: "other,state",
	} {
		a := offAmazon{}.ReadAnswer(Response{Status: 200, Body: []byte(body)}, make([]Item, 1))
		if a.Kind != Itemised || a.Unclear != want {
			t.Errorf("%s: %+v, want %q", body, a, want)
		}
	}
}

func TestWords(t *testing.T) {
	for s, want := range map[string]string{
		"failedCount": "failed count", "FAILED_COUNT": "failed count", "failed-count": "failed count", "HTTPStatusCode": "http status code", "httpstatuscode": "http status code",
		"isSuccess": "is success", "successcount": "success count", "notok": "not ok", "nok": "nok", "internalerror": "internalerror", "__type": "type", "default": "default", "OK": "ok",
		"error2": "error 2", "ＳＵＣＣＥＳＳ": "success", "": "", "日本": "日本",
	} {
		if got := strings.Join(words(s), " "); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	for r := range unicode.MaxRune {
		words(string(r)) // does not fail
	}
}
