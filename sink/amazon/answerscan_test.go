package amazon

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
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
