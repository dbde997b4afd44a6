package amazon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// echoing is an answer that repeats its events.
func echoing(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"success":[`)
	for i := range n {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"index":%d,"event":{"eventDescription":{"name":"Purchase","conversionType":"OFF_AMAZON_PURCHASES","eventSource":"WEBSITE"},`+
			`"eventTime":"2026-04-23T10:17:00.000Z","countryCode":"US","matchKeys":[{"type":"EMAIL","values":["%064d"]},{"type":"PHONE","values":["%064d"]}],`+
			`"value":49.99,"currencyCode":"USD","unitsSold":1,"eventId":"ord_%d","consent":{"amazonConsent":{"amznUserData":"GRANTED"}},"customData":null,"x":[true,false,-1.5e+3]}}`, i, i, i, i)
	}
	b.WriteString(`],"error":[]}`)
	return []byte(b.String())
}

// agree fails if what scanDocument takes is read differently by encoding/json.
func agree(t *testing.T, body []byte) (scanned bool) {
	t.Helper()
	got, ok := scanDocument(body)
	if !ok {
		return false
	}
	if want := decodeDocument(body); !reflect.DeepEqual(got, want) {
		t.Errorf("%.300q is scanned as %+v and decoded as %+v", body, got, want)
	}
	return true
}

func TestGoodAnswersAreScanned(t *testing.T) {
	for _, body := range []string{
		`{"success":[],"error":[]}`,
		`{}`,
		`{"success":[{"index":0}]}`,
		`{"success":[{"index":0,"event":[{"b":[1,{"c":2},3]},[4,5],{},[],[{"d":[6]},7]]}]}`,
		` { "success" : [ { "event" : { } , "index" : 0 } , {} ] , "error" : [ {"index":1,"errors":[{"code":"BAD","message":"no"}]} ] } `,
		`{"error":[{"index":2,"code":"CONFLICT"}],"success":[{"index":1}]}`,
		string(echoing(3)),
		`{"requestId":"x","success":[{"index":0,"id":"y","event":{}}],"error":[],"version":1}`,
	} {
		body = strings.TrimSpace(body)
		if !agree(t, []byte(body)) {
			t.Errorf("%s is left to encoding/json", body)
		}
	}
}

// TestOddAnswersAreLeftAlone: a scanner that is more liberal than encoding/json
// would take for delivered what nobody said.
func TestOddAnswersAreLeftAlone(t *testing.T) {
	for _, body := range []string{
		``, `[]`, `null`, `{`, `{"success":[}`, `{"success":[{"index":0}],}`, `{"success":[{"index":0},]}`, `{"success":[{"index":0}]`,
		`{"success":[{"index":01}]}`, `{"success":[{"index":"0"}]}`, `{"success":[{"index":1.5}]}`, `{"success":[{"index":1e0}]}`,
		`{"success":[{"index":null}]}`, `{"success":[{"index":0,"index":1}]}`, `{"success":[{"Index":0}]}`, `{"success":[null]}`,
		`{"success":[{"index":0,"a":"\x01"}]}`, `{"success":[{"index":0,"a":"\\u0069"}]}`, `{"success":[{"\\u0069ndex":0}]}`,
		`{"success":[{"index":0,"a":tru}]}`, `{"success":[{"index":0,"a":+1}]}`, `{"success":[{"index":0,"a":1.}]}`, `{"success":[{"index":0,"a":-}]}`,
		`{"success":[{"index":0 "a":1}]}`, `{"success":[{"index":0}{"index":1}]}`, `{"success":{}}`, `{"success":null}`,
		`{"Success":[{"index":0}]}`, `{"success":[],"success":[{"index":0}]}`, `{"success":[],"code":"BAD"}`, `{"error":"no"}`, `{"error":null}`,
		`{"success":[{"index":0,"status":"failed"}]}`, `{"success":[{"index":0,"meta":{"error":"x"}}]}`, `{"success":[{"index":0}],"meta":{"error":"x"}}`,
		`{"success":[{"index":0}],"FIELDLOCATION":"x"}`, `{"success":[{"index":0}],"Ok":false}`,
		`{"success":[{"index":0}]} x`, `{"success":[{"index":99999999999999999999}]}`,
		`{"success":[{"index":0,"event":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}]}`,
	} {
		if _, ok := scanDocument([]byte(body)); ok {
			t.Errorf("%.100s is scanned", body)
		}
	}
}

// jsonText draws JSON without escapes, and with blanks here and there.
func jsonText(t *rapid.T, deep int) string {
	blank := func() string {
		return rapid.SampledFrom([]string{"", "", "", "", " ", "\n\t", "\r  "}).Draw(t, "blank")
	}
	text := func() string { return `"` + rapid.StringMatching(`[ !#-\[\]-~é]{0,20}`).Draw(t, "text") + `"` }
	list := func(begin, end string, one func() string) string {
		var parts []string
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			parts = append(parts, blank()+one()+blank())
		}
		return begin + blank() + strings.Join(parts, ",") + end
	}
	kinds := 7
	if deep == 0 {
		kinds = 5
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "word")
	case 1, 2:
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
	case 5:
		return list("[", "]", func() string { return jsonText(t, deep-1) })
	case 6:
		return list("{", "}", func() string { return text() + blank() + ":" + blank() + jsonText(t, deep-1) })
	}
	return text()
}

// What is passed over is what encoding/json takes for a value, whatever is wrong
// with it: half an answer, or one that was put together badly.
func TestSkipAgreesWithJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(jsonText(t, 4))
		if got := skip(b, 0, scanDepth); got != len(b) {
			t.Fatalf("%d bytes of %d passed over in %q", got, len(b), b)
		}
		for range 5 {
			at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			bad := slices.Clone(b)
			switch rapid.IntRange(0, 2).Draw(t, "change") {
			case 0:
				bad[at] = rapid.SampledFrom([]byte("{}[]\"\\,:0-.etn \n\x00\x1f\x80")).Draw(t, "byte")
			case 1:
				bad = bad[:at]
			case 2:
				bad = slices.Delete(bad, at, at+1)
			}
			from := blanks(bad, 0)
			got, valid := skip(bad, from, scanDepth), json.Valid(bad)
			all := got >= 0 && blanks(bad, got) == len(bad)
			if escapes := bytes.ContainsRune(bad, '\\'); all && (escapes || !valid) || !all && valid && !escapes {
				t.Fatalf("%d bytes of %d passed over in %q, which is valid: %v", got, len(bad), bad, valid)
			}
		}
	})
	// At the end of what was received as before it.
	for _, b := range []string{`"\"`, `"\"           `, "\"\x01\"", "\"\x01\"           "} {
		if got := skip([]byte(b), 0, scanDepth); got != -1 {
			t.Errorf("%d bytes of %q are passed over", got, b)
		}
	}
	for n, want := range map[int]bool{scanDepth: true, scanDepth + 1: false} {
		b := []byte(strings.Repeat(`[{"":`, n/2) + strings.Repeat(`[`, n%2) + "0" + strings.Repeat(`]`, n%2) + strings.Repeat(`}]`, n/2))
		if got := skip(b, 0, scanDepth) == len(b); got != want {
			t.Errorf("%d lists in each other are passed over: %v", n, got)
		}
	}
}

func FuzzScanDocument(f *testing.F) {
	f.Add(echoing(2))
	f.Add([]byte(`{"error":[{"index":1,"errors":[{"code":"BAD","message":"no","fieldLocation":"events[1].value"}]}],"success":[{"index":0,"event":null}]}`))
	f.Add([]byte(`{"success":[{"event":[1,-2.5e-7,"x",true,null,{"index":9}],"index":7}]}`))
	f.Add([]byte(`{"success":[{"INDEX":1}]}`))
	f.Fuzz(func(t *testing.T, body []byte) { agree(t, body) })
}

func BenchmarkEchoingAnswer(b *testing.B) {
	const n = 430
	body := echoing(n)
	for name, parse := range map[string]func([]byte) document{
		"scanned": func(body []byte) document { d, _ := scanDocument(body); return d },
		"decoded": decodeDocument,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if d := parse(body); len(d.Success) != n {
					b.Fatal(len(d.Success))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
		})
	}
}
