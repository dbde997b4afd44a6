package capture

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// testCase is one of testdata/cases.json: a page that a visitor opens, and the
// cookies they have afterwards. The browser tests run the same ones.
type testCase struct {
	Name string `json:"name"`
	// URL is the page's, from its query on. {x*1000} stands for 1,000 times x.
	URL string `json:"url"`
	// Referrer is the query of a page of the same site, or with elsewhere in
	// front of one of another site.
	Referrer string            `json:"referrer"`
	Cookies  map[string]string `json:"cookies"` // before, as they are sent
	Consent  string            `json:"consent"` // granted if empty, refused or unknown
	Want     map[string]string `json:"want"`    // after; now stands for caseNow
	// Click and Aref are what ClickID reads then.
	Click string `json:"click"`
	Aref  string `json:"aref"`
}

// caseNow is the present in all cases, in Unix milliseconds.
const caseNow = 1776939420000

var repeat = regexp.MustCompile(`\{([^{}*]+)\*(\d+)\}`)

func cases(t *testing.T) []testCase {
	t.Helper()
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	text = repeat.ReplaceAllFunc(text, func(b []byte) []byte {
		m := repeat.FindSubmatch(b)
		n, _ := strconv.Atoi(string(m[2]))
		return bytes.Repeat(m[1], n)
	})
	var list []testCase
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 50 {
		t.Fatalf("%d cases; the table is not whole", len(list))
	}
	for i := range list {
		for name, v := range list[i].Want {
			if v == "now" {
				list[i].Want[name] = strconv.Itoa(caseNow)
			}
		}
		if list[i].Want == nil {
			list[i].Want = map[string]string{}
		}
		if list[i].Cookies == nil {
			list[i].Cookies = map[string]string{}
		}
	}
	return list
}

// referrer is the case's as a URL, for a page on host.
func (c *testCase) referrer(host string) string {
	if q, ok := strings.CutPrefix(c.Referrer, "elsewhere"); ok {
		return "http://another.example/" + q
	}
	if c.Referrer == "" {
		return ""
	}
	return "http://" + host + "/before" + c.Referrer
}
