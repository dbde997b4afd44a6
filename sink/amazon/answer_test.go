package amazon

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

const webPage = "<!DOCTYPE html>\n<html><body><h1>Sign in</h1></body></html>"

// said spells an item as "outcome code field message" for comparing.
func said(it Item) string {
	names := map[Outcome]string{Unsaid: "unsaid", Taken: "taken", Later: "later", TooLarge: "large", Refused: "refused"}
	s := names[it.Outcome]
	if it.Said != nil {
		s += fmt.Sprintf(" %s|%s|%s", it.Said.code, it.Said.field, it.Said.message)
	}
	return s
}

func TestReadAnswer(t *testing.T) {
	all := func(s string) []string { return []string{s, s, s} }
	for name, tt := range map[string]struct {
		status int
		ctype  string
		body   string
		kind   Kind
		items  []string // of three; nil where none is set
	}{
		"200 and nothing":     {200, "", "", Itemised, all("taken")},
		"200 and white":       {200, "", " \r\n", Itemised, all("taken")},
		"200 and null":        {200, "", "null", Itemised, all("taken")},
		"200 and an object":   {200, "", `{"requestId":"x"}`, Itemised, all("taken")},
		"201":                 {201, "", `{}`, Itemised, all("taken")},
		"202":                 {202, "", ``, Itemised, all("taken")},
		"204":                 {204, "", ``, Itemised, all("taken")},
		"200 success: true":   {200, "", `{"success":true}`, Itemised, all("taken")},
		"byte order mark":     {200, "", "\ufeff{}", Itemised, all("taken")},
		"JSON said HTML":      {200, "text/html", `{}`, Itemised, all("taken")},
		"error: null":         {200, "", `{"error":null,"errors":[]}`, Itemised, all("taken")},
		"207 without items":   {207, "", `{}`, Failed, nil},
		"207 and nothing":     {207, "", ``, Failed, nil},
		"200 with a code":     {200, "", `{"code":"INTERNAL_ERROR","message":"m"}`, Failed, nil},
		"200 with an error":   {200, "", `{"error":"broken"}`, Failed, nil},
		"200 with errors":     {200, "", `{"errors":[{"code":"X"}]}`, Failed, nil},
		"200 with an array":   {200, "", `[{"index":0}]`, Failed, nil},
		"200 with a page":     {200, "text/html", webPage, Foreign, nil},
		"200 with words":      {200, "text/plain", "OK", Foreign, nil},
		"200 that breaks":     {200, "", `{"success":[{"ind`, Foreign, nil},
		"203":                 {203, "", `{}`, Foreign, nil},
		"206":                 {206, "", `{}`, Foreign, nil},
		"302":                 {302, "", ``, Foreign, nil},
		"304":                 {304, "", `{"code":"X","message":"m"}`, Foreign, nil},
		"400":                 {400, "", `{"code":"BAD_REQUEST","message":"m"}`, RefusedWhole, nil},
		"400 with nothing":    {400, "", ``, RefusedWhole, nil},
		"400 with words":      {400, "text/plain", `what is this`, RefusedWhole, nil},
		"400 with a page":     {400, "", webPage, Foreign, nil},
		"401":                 {401, "", `{"code":"UNAUTHORIZED"}`, Unauthenticated, nil},
		"401 with nothing":    {401, "", ``, Unauthenticated, nil},
		"401 with a page":     {401, "text/html", webPage, Foreign, nil},
		"403":                 {403, "", `{"code":"FORBIDDEN"}`, Forbidden, nil},
		"403 with a page":     {403, "", webPage, Foreign, nil},
		"404 of Amazon's":     {404, "", `{"code":"NOT_FOUND","message":"m"}`, RefusedWhole, nil},
		"404 of anybody's":    {404, "text/plain", "404 page not found\n", Foreign, nil},
		"404 of a gateway":    {404, "", `{"message":"Not Found"}`, Foreign, nil},
		"404 with nothing":    {404, "", "", Foreign, nil},
		"405 of anybody's":    {405, "", "", Foreign, nil},
		"407":                 {407, "", `{"code":"X"}`, Foreign, nil},
		"404 that repeats it": {404, "", `{"code":404,"message":"Not Found"}`, Foreign, nil},
		"410":                 {410, "", `{"code":"GONE"}`, RefusedWhole, nil},
		"415":                 {415, "", ``, RefusedWhole, nil},
		"421":                 {421, "", ``, Failed, nil},
		"425":                 {425, "", ``, Failed, nil},
		"426":                 {426, "", ``, Foreign, nil},
		"419":                 {419, "", ``, RefusedWhole, nil},
		"428":                 {428, "", ``, RefusedWhole, nil},
		"450":                 {450, "", ``, RefusedWhole, nil},
		"431":                 {431, "", ``, Foreign, nil},
		"440":                 {440, "", ``, Foreign, nil},
		"444":                 {444, "", ``, Failed, nil},
		"449":                 {449, "", ``, Failed, nil},
		"451":                 {451, "", ``, RefusedWhole, nil},
		"460":                 {460, "", ``, Failed, nil},
		"464":                 {464, "", ``, Foreign, nil},
		"494":                 {494, "", `{"code":"X","message":"m"}`, Foreign, nil},
		"498":                 {498, "", ``, Foreign, nil},
		"499":                 {499, "", ``, Failed, nil},
		"100":                 {100, "", ``, Foreign, nil},
		"199":                 {199, "", ``, Foreign, nil},
		"300":                 {300, "", `{}`, Foreign, nil},
		"520":                 {520, "", `{"code":"X"}`, Failed, nil},
		"530":                 {530, "", ``, Failed, nil},
		"600":                 {600, "", `{}`, Failed, nil},
		"999":                 {999, "", `{"success":[{"index":0}]}`, Failed, nil},
		"408":                 {408, "", ``, Failed, nil},
		"409":                 {409, "", `{"code":"CONFLICT"}`, RefusedWhole, nil},
		"413":                 {413, "", `{"code":"CONTENT_TOO_LARGE"}`, RefusedWhole, nil},
		"413 of a proxy":      {413, "text/html", webPage, RefusedWhole, nil},
		"418":                 {418, "", ``, RefusedWhole, nil},
		"422":                 {422, "", `{"code":"X","details":"d"}`, RefusedWhole, nil},
		"429":                 {429, "", ``, Failed, nil},
		"500":                 {500, "", `{"code":"X"}`, Failed, nil},
		"501":                 {501, "", ``, Failed, nil},
		"502 with a page":     {502, "text/html", webPage, Failed, nil},
		"503":                 {503, "", ``, Failed, nil},
		"504":                 {504, "", ``, Failed, nil},
		"599":                 {599, "", ``, Failed, nil},
		"nothing like HTTP":   {0, "", ``, Foreign, nil},
		"all in the success":  {207, "", `{"success":[{"index":0},{"index":1},{"index":2}],"error":[]}`, Itemised, all("taken")},
		"an echo": {207, "", `{"success":[{"index":2,"event":{"name":"n","index":0,"userInfo":{"hashedEmail":"` + goldenEmail + `"}}}]}`,
			Itemised, []string{"unsaid", "unsaid", "taken"}},
		"mixed": {207, "", `{"success":[{"index":1}],"error":[{"index":0,"errors":[{"code":"INVALID","message":"m","fieldLocation":"events[0].value.amount"}]},
			{"index":2,"errors":[{"code":"TOO_MANY_REQUESTS","message":"m2"}]}]}`,
			Itemised, []string{"refused INVALID|value.amount|m", "taken", "later TOO_MANY_REQUESTS||m2"}},
		"codes in the entry": {200, "", `{"error":[{"index":0,"code":"INTERNAL_ERROR","details":"d"},{"index":1,"code":"CONFLICT"},{"index":2,"code":"content_too_large","details":["a","b"]}]}`,
			Itemised, []string{"later INTERNAL_ERROR||d", "later CONFLICT||", `large content_too_large||["a","b"]`}},
		"numbers for codes": {207, "", `{"error":[{"index":0,"code":503},{"index":1,"code":"413"},{"index":2,"code":422}]}`,
			Itemised, []string{"later 503||", "large 413||", "refused 422||"}},
		"several reasons": {207, "", `{"error":[{"index":0,"errors":[{"code":"INTERNAL_ERROR"},{"code":"BAD","message":"m"}]},{"index":1,"errors":[{"code":"CONTENT_TOO_LARGE"},{"code":"CONFLICT"}]}],"success":[{"index":2}]}`,
			Itemised, []string{"refused BAD||m", "large CONTENT_TOO_LARGE||", "taken"}},
		"in both lists": {207, "", `{"success":[{"index":0},{"index":1},{"index":2}],"error":[{"index":0,"errors":[{"code":"BAD"}]},{"index":1,"code":"CONFLICT"}]}`,
			Itemised, []string{"refused BAD||", "later CONFLICT||", "taken"}},
		"out of range": {207, "", `{"success":[{"index":-1},{"index":3},{"index":99999999999999999999},{"index":1.5},{"index":"x"},{"index":null},{},null,7,{"index":"1"}],"error":[{"index":5,"code":"BAD"},3]}`,
			Itemised, []string{"unsaid", "taken", "unsaid"}},
		"more refused than there are": {207, "", `{"success":[{"index":0},{"index":1}],"error":[{"index":5,"code":"BAD"},{"code":"BAD"}]}`, Failed, all("unsaid")},
		"refused, but which":          {207, "", `{"success":[{"index":0},{"index":1},{"index":2}],"error":[{"code":"INTERNAL_ERROR"}]}`, Failed, all("unsaid")},
		"refused behind the last":     {207, "", `{"success":[{"index":0},{"index":1},{"index":2}],"error":[{"index":3,"code":"BAD"}]}`, Failed, all("unsaid")},
		"taken and refused twice": {207, "", `{"success":[{"index":0},{"index":0},{"index":2}],"error":[{"index":1,"code":"CONFLICT"},{"index":1,"code":"BAD"}]}`,
			Itemised, []string{"taken", "refused BAD||", "taken"}},
		"texts for indexes":      {207, "", `{"success":[{"index":"0"}],"error":[{"index":"2","code":"BAD"}]}`, Itemised, []string{"taken", "unsaid", "refused BAD||"}},
		"empty lists":            {200, "", `{"success":[],"error":[]}`, Itemised, all("unsaid")},
		"errors without reasons": {200, "", `{"error":[{"index":0},{"index":1,"errors":[]},{"index":2,"errors":"no"}]}`, Itemised, all("refused ||refused without a reason")},
		"400 that names items": {400, "", `{"error":[{"index":1,"errors":[{"code":"BAD","message":"m"}]}]}`,
			Itemised, []string{"unsaid", "refused BAD||m", "unsaid"}},
		"400 that takes":      {400, "", `{"code":"BAD","success":[{"index":0}]}`, RefusedWhole, all("unsaid")},
		"400 that names none": {400, "", `{"code":"BAD","message":"m","error":[]}`, RefusedWhole, nil},
	} {
		t.Run(name, func(t *testing.T) {
			items := make([]Item, 3)
			a := offAmazon{}.ReadAnswer(Response{Status: tt.status, ContentType: tt.ctype, Body: []byte(tt.body)}, items)
			if a.Kind != tt.kind || a.Status != tt.status {
				t.Fatalf("kind %d of status %d, want kind %d: %+v", a.Kind, a.Status, tt.kind, a)
			}
			if tt.items == nil {
				return
			}
			var got []string
			for _, it := range items {
				got = append(got, said(it))
			}
			if diff := cmp.Diff(tt.items, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestContradictionsAreCounted(t *testing.T) {
	items := make([]Item, 2)
	a := offAmazon{}.ReadAnswer(Response{Status: 207, Body: []byte(`{"success":[{"index":0},{"index":1}],"error":[{"index":1,"code":"BAD"}]}`)}, items)
	if a.Contradictions != 1 {
		t.Errorf("%d contradictions, want 1", a.Contradictions)
	}
}

func TestWhatAnAnswerSaysIsKeptShortAndMasked(t *testing.T) {
	ids := []string{goldenClick, "10001"}
	for name, tt := range map[string]struct {
		r    Response
		want verdict.Reason
	}{
		"code and message": {Response{Status: 422, Body: []byte(`{"code":"INVALID_USER_INFO","message":"postal code 10001 of jane@example.com\nis bad"}`)},
			verdict.Reason{Code: "INVALID_USER_INFO", Message: "postal code [identifier] of [email] is bad"}},
		"details": {Response{Status: 400, Body: []byte(`{"code":"BAD","details":{"click":"` + goldenClick + `"}}`)},
			verdict.Reason{Code: "BAD", Message: `{"click":"[identifier]"}`}},
		"words":      {Response{Status: 400, Body: []byte("no such thing: " + goldenEmail)}, verdict.Reason{Message: "no such thing: [hash]"}},
		"error list": {Response{Status: 400, Body: []byte(`{"errors":[{"code":"A","message":"m","fieldLocation":"events[3]"}]}`)}, verdict.Reason{Code: "A", Message: "m"}},
		"a page":     {Response{Status: 413, Body: []byte(webPage)}, verdict.Reason{}},
		"a long one": {Response{Status: 400, Body: []byte(strings.Repeat("word ", 100_000))}, verdict.Reason{Message: strings.TrimSpace(strings.Repeat("word ", 205))[:1024]}},
	} {
		a := offAmazon{}.ReadAnswer(tt.r, make([]Item, 1))
		tt.want.Class, tt.want.Status = verdict.Rejected, tt.r.Status
		got := a.Said.Reason(verdict.Rejected, tt.r.Status, ids)
		if name == "a long one" {
			got.Message, tt.want.Message = got.Message[:1000], tt.want.Message[:1000]
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// FuzzAnswer holds the reader to this: whatever comes, it returns one of the
// kinds, every item has one of the outcomes, and nothing is taken for delivered
// that is no answer of Amazon's.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		"", "{}", "[]", "null", webPage, `{"success":[{"index":0,"event":{"a":[1,{"b":null}]}}],"error":[{"index":1,"errors":[{"code":"X","message":"y"}]}]}`,
		`{"success":[{"ind`, `{"error":[{"index":0,"code":"CONFLICT","details":{}}]}`, `{"success":{"index":0},"error":"x","code":1,"message":[],"errors":{}}`,
		`{"success":[{"index":1e2},{"index":0.0},{"index":-0}]}`, "\xff\xfe{", `{"SUCCESS":[{"INDEX":2}]}`, strings.Repeat("[", 20_000),
		`{"success":[{"index":0}],"success":[{}]}`,
	} {
		for _, status := range []int{200, 204, 207, 302, 400, 401, 404, 422, 429, 503} {
			f.Add(status, body, uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string, n uint8) {
		items := make([]Item, n)
		a := offAmazon{}.ReadAnswer(Response{Status: status, Body: []byte(body)}, items)
		if a.Kind < Itemised || a.Kind > Foreign || a.Status != status {
			t.Fatalf("status %d, body %q: %+v", status, body, a)
		}
		for i, it := range items {
			if it.Outcome > Refused || (it.Said != nil) != (it.Outcome >= Later) {
				t.Fatalf("item %d: %+v", i, it)
			}
			if a.Kind != Itemised && it.Outcome != Unsaid {
				t.Fatalf("kind %d but item %d has outcome %d", a.Kind, i, it.Outcome)
			}
			if it.Outcome == Taken && strings.HasPrefix(strings.TrimSpace(body), "<") {
				t.Fatalf("a web page delivered item %d", i)
			}
			if it.Said != nil {
				checkReason(t, it.Said.Reason(verdict.Rejected, status, nil))
			}
		}
		checkReason(t, a.Said.Reason(verdict.Rejected, status, []string{"x", body}))
	})
}

func checkReason(t *testing.T, r verdict.Reason) {
	t.Helper()
	if len(r.Message) > 1024 || len(r.Code) > 128 || len(r.Field) > 128 || strings.ContainsAny(r.Code+r.Field+r.Message, "\r\n\x00") {
		t.Fatalf("unbounded or not one line: %+v", r)
	}
}

func BenchmarkAnswer(b *testing.B) {
	var plain, echo strings.Builder
	plain.WriteString(`{"success":[`)
	echo.WriteString(`{"success":[`)
	event := offAmazon{}.AppendEvent(nil, purchase())
	for i := range 500 {
		if i > 0 {
			plain.WriteString(",")
			echo.WriteString(",")
		}
		fmt.Fprintf(&plain, `{"index":%d}`, i)
		fmt.Fprintf(&echo, `{"index":%d,"event":%s}`, i, event)
	}
	plain.WriteString(`],"error":[]}`)
	echo.WriteString(`],"error":[]}`)
	for name, body := range map[string]string{"empty": "", "indexes": plain.String(), "echo": echo.String()} {
		b.Run(name, func(b *testing.B) {
			items := make([]Item, 500)
			r := Response{Status: 200, Body: []byte(body)}
			b.ReportAllocs()
			for b.Loop() {
				clear(items)
				if a := (offAmazon{}).ReadAnswer(r, items); a.Kind != Itemised {
					b.Fatal(a)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/event")
		})
	}
}

// An answer's memory is used again for another lane's, whose events it would then
// speak of.
func TestAnswersKeepNothingOfTheBody(t *testing.T) {
	for _, k := range contracts(ContractOptions{}) {
		for _, text := range []string{
			`{"success":[{"index":0}],"error":[{"index":1,"httpStatusCode":"422","errors":[{"code":"BAD","message":"madid is bad","fieldLocation":"userInfo.madid"}]}]}`,
			`{"code":"INVALID_USER_INFO","message":"postal code is bad","details":"userInfo"}`,
			`{"errors":[{"code":"A","message":"m","fieldLocation":"events[1]"}]}`,
			`no JSON at all`, `<html>gateway</html>`,
		} {
			for _, status := range []int{200, 207, 400, 401, 403, 413, 422, 429, 503} {
				body := []byte(text)
				items := make([]Item, 2)
				a := k.ReadAnswer(Response{Status: status, ContentType: "application/json", Body: body}, items)
				before := fmt.Sprintf("%+v %+v", a, items)
				for i := range body {
					body[i] = '#'
				}
				if after := fmt.Sprintf("%+v %+v", a, items); after != before {
					t.Errorf("%s, %d: %s\nbecame %s", k.Name(), status, before, after)
				}
			}
		}
	}
}

// Each status has its class, by both contracts, with and without a body that only
// repeats it: the guide's permanent ones and unknown 4xx are about events, those of the
// way to Amazon never are.
func TestEveryStatusHasItsClass(t *testing.T) {
	of := map[Kind][]int{
		Failed:          {408, 421, 425, 429, 444, 449, 460, 499},
		Foreign:         {404, 405, 407, 426, 431, 440, 463, 464, 494, 495, 496, 497, 498},
		Unauthenticated: {401},
		Forbidden:       {403},
	}
	for status := range 1100 {
		want := RefusedWhole
		switch {
		case slices.Contains(offAmazonAnswers.success, status):
			continue
		case status >= 500:
			want = Failed
		case status < 400:
			want = Foreign
		}
		for kind, list := range of {
			if slices.Contains(list, status) {
				want = kind
			}
		}
		for _, k := range contracts(ContractOptions{}) {
			for _, body := range []string{"", fmt.Sprintf(`{"code":%d,"message":"m"}`, status), `{"message":"m"}`, "words"} {
				items := make([]Item, 2)
				if a := k.ReadAnswer(Response{Status: status, Body: []byte(body)}, items); a.Kind != want || items[0].Outcome != Unsaid {
					t.Errorf("%s: %d with %q is of kind %d, want %d", k.Name(), status, body, a.Kind, want)
				}
			}
		}
	}
}

func TestBinaryIsNotQuoted(t *testing.T) {
	for _, body := range []string{"\x00\x01\x02", "\x89PNG\r\n\x1a\n", "bad\xff\xfe", "\x1b[31mred", "\x7f", strings.Repeat("\x90", 2000)} {
		a := offAmazon{}.ReadAnswer(Response{Status: 422, Body: []byte(body)}, make([]Item, 1))
		if a.Said != (Said{}) {
			t.Errorf("%q is quoted as %+v", body, a.Said)
		}
	}
}

// TestEveryItemCodeHasItsClass: an item's code is classified like the status that it is
// or is named after: what Amazon puts off is sent again and is no dead letter, and what
// it refuses is.
func TestEveryItemCodeHasItsClass(t *testing.T) {
	for code, want := range map[string]Outcome{
		"TOO_MANY_REQUESTS": Later, "too_many_requests": Later, "INTERNAL_ERROR": Later, "Internal_Error": Later, "CONFLICT": Later,
		"CONTENT_TOO_LARGE": TooLarge, "content_too_large": TooLarge, "413": TooLarge,
		"408": Later, "421": Later, "425": Later, "429": Later, "444": Later, "449": Later, "460": Later, "499": Later,
		"500": Later, "501": Later, "502": Later, "503": Later, "504": Later, "520": Later, "599": Later, "500 ": Later, "503 Service Unavailable": Later,
		"SERVICE_UNAVAILABLE": Later, "THROTTLING": Later, "RateLimitExceeded": Later, "REQUEST_TIMEOUT": Later, "InternalServerError": Later, "PAYLOAD_TOO_LARGE": TooLarge,
		"400": Refused, "401": Refused, "403": Refused, "404": Refused, "409": Refused, "422": Refused, "424": Refused, "426": Refused, "431": Refused,
		"600": Refused, "1000": Refused, "50": Refused, "5000": Refused, "-500": Refused, "": Refused, "INVALID_ARGUMENT": Refused, "UNAUTHORIZED": Refused, "E500": Refused,
	} {
		if got := classify(code); got != want {
			t.Errorf("item code %q is %d, want %d", code, got, want)
		}
		for _, k := range contracts(ContractOptions{}) {
			items := make([]Item, 2)
			body := fmt.Sprintf(`{"success":[{"index":1}],"error":[{"index":0,"errors":[{"code":%q,"message":"m"}]}]}`, code)
			if a := k.ReadAnswer(Response{Status: 207, Body: []byte(body)}, items); a.Kind != Itemised || items[0].Outcome != want || items[1].Outcome != Taken {
				t.Errorf("%s: code %q is %d and the other %d, want %d and taken", k.Name(), code, items[0].Outcome, items[1].Outcome, want)
			}
		}
	}
}
