package amazon

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
)

const (
	goldenEmail = "f2d2f6b9c1a04e7d8b3f5a6c9e0d1b2f4a7c8e9d0b1f2a3c4e5d6b7f8a9c0e1d"
	goldenPhone = "7a38c9e4d5b6f7081a2c3e4d5f60718293a4b5c6d7e8f90a1b2c3d4e5f607182"
	goldenMADID = "AEBE52E7-03EE-455A-B3C4-E57283966239"
	goldenClick = "amzn1.click.abc123"
)

func hashOf(s string) (h transform.Hash) {
	copy(h[:], s)
	return h
}

func millis(s string) int64 {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return at.UnixMilli()
}

func purchase() *transform.Conversion {
	return &transform.Conversion{
		ProfileID:    "1234567890",
		EventID:      "ord_10492_purchase",
		Name:         "Purchase",
		EventType:    "PURCHASE",
		ActionSource: "WEBSITE",
		OccurredAt:   millis("2026-04-23T10:15:30Z"),
		ClickID:      goldenClick,
		HashedEmail:  hashOf(goldenEmail),
		HashedPhone:  hashOf(goldenPhone),
		MADID:        goldenMADID,
		CountryCode:  "US",
		PostalCode:   "10001",
		Amount:       schemas.NewDecimal(12995, 2),
		Currency:     "USD",
	}
}

func lead() *transform.Conversion {
	return &transform.Conversion{
		ProfileID:    "1234567890",
		EventID:      "lead_9821",
		Name:         "Lead",
		EventType:    "LEAD",
		ActionSource: "WEBSITE",
		OccurredAt:   millis("2026-04-23T10:17:00Z"),
		ClickID:      goldenClick,
		HashedEmail:  hashOf(goldenEmail),
		CountryCode:  "US",
		PostalCode:   "10001",
	}
}

// The guide's two examples, field for field and in its order. The guide writes
// its hashes short; the golden files have them whole.
func TestGoldenPayloads(t *testing.T) {
	for file, c := range map[string]*transform.Conversion{"purchase.json": purchase(), "lead.json": lead()} {
		golden, err := os.ReadFile("../../testdata/golden/offamazon/" + file)
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.TrimSuffix(golden, []byte("\n"))
		f := offAmazon{}.Frame()
		got := append([]byte(f.Open), offAmazon{}.AppendEvent(nil, c)...)
		got = append(got, f.Close...)
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestEventLeavesOutWhatIsAbsent(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*transform.Conversion)
		want   string
	}{
		"nothing but what is required": {
			func(c *transform.Conversion) {
				*c = transform.Conversion{EventID: "e", Name: "Signup", EventType: "SIGN_UP", ActionSource: "APP", OccurredAt: 1}
			},
			`{"name":"Signup","eventType":"SIGN_UP","eventActionSource":"APP","timestamp":"1970-01-01T00:00:00.001Z","eventId":"e"}`,
		},
		"country alone": {
			func(c *transform.Conversion) {
				*c = transform.Conversion{EventID: "e", Name: "n", EventType: "T", ActionSource: "APP", OccurredAt: 1500, CountryCode: "DE"}
			},
			`{"name":"n","eventType":"T","eventActionSource":"APP","timestamp":"1970-01-01T00:00:01.500Z","userInfo":{"countryCode":"DE"},"eventId":"e"}`,
		},
		"phone alone and an amount of nothing": {
			func(c *transform.Conversion) {
				*c = transform.Conversion{EventID: "e", Name: "n", EventType: "T", ActionSource: "APP", OccurredAt: 2000,
					HashedPhone: hashOf(goldenPhone), Amount: schemas.NewDecimal(0, 2), Currency: "EUR"}
			},
			`{"name":"n","eventType":"T","eventActionSource":"APP","timestamp":"1970-01-01T00:00:02Z","userInfo":{"hashedPhone":"` + goldenPhone +
				`"},"value":{"amount":0,"currencyCode":"EUR"},"eventId":"e"}`,
		},
	} {
		c := purchase()
		tt.change(c)
		if diff := cmp.Diff(tt.want, string(offAmazon{}.AppendEvent(nil, c))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAmountsAreExact(t *testing.T) {
	for in, want := range map[string]string{
		"129.95": "129.95", "1e-7": "0.0000001", "0.10": "0.1", "10000000000000.01": "10000000000000.01",
		"92233720368547758079.25": "92233720368547758079.25",
	} {
		d, err := schemas.ParseDecimal(in)
		if err != nil {
			t.Fatal(err)
		}
		c := purchase()
		c.Amount = d
		if got := string(offAmazon{}.AppendEvent(nil, c)); !strings.Contains(got, `"amount":`+want+`,`) {
			t.Errorf("amount %s became %s, want %s", in, got, want)
		}
	}
}

func TestHeadersAreTheGuides(t *testing.T) {
	h := http.Header{}
	offAmazon{}.SetHeaders(h, Principal{ClientID: "amzn1.application-oa2-client.x", ProfileID: "1234567890"})
	for name, want := range map[string]string{
		"Amazon-Advertising-API-ClientId": "amzn1.application-oa2-client.x",
		"Amazon-Advertising-API-Scope":    "1234567890",
		"Content-Type":                    "application/json",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := (offAmazon{}).Path(); got != "/offAmazonEvents/2023-11-13/events" {
		t.Errorf("path %s", got)
	}
}

func TestIdentifiersAreAllThatNamesAPerson(t *testing.T) {
	c := purchase()
	c.PostalCode = `SW1A "1AA"`
	got := offAmazon{}.Identifiers(offAmazon{}.AppendEvent(nil, c))
	want := []string{goldenClick, goldenEmail, goldenPhone, goldenMADID, `SW1A "1AA"`, `SW1A \"1AA\"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestContractByName(t *testing.T) {
	for _, name := range ContractNames() {
		c, err := ContractByName(name)
		if err != nil || c.Name() != name {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	_, err := ContractByName("off-amazon")
	if err == nil || !strings.Contains(err.Error(), "off-amazon-2023-11-13") || !strings.Contains(err.Error(), `"off-amazon"`) {
		t.Errorf("error %v: want it to name what was given and what would be right", err)
	}
}

// The limits must add up: the largest event that Add lets through fits a body.
func TestLimitsAddUp(t *testing.T) {
	for _, c := range contracts(ContractOptions{}) {
		l := c.Limits()
		if got := c.Frame().Size(1, l.EventBytes); got > l.Bytes {
			t.Errorf("%s: an event of %d bytes makes a body of %d, over %d", c.Name(), l.EventBytes, got, l.Bytes)
		}
	}
}

// offAmazonJSON is the contract as encoding/json writes it.
type offAmazonJSON struct {
	Name              string    `json:"name"`
	EventType         string    `json:"eventType"`
	EventActionSource string    `json:"eventActionSource"`
	Timestamp         string    `json:"timestamp"`
	ClickID           string    `json:"clickId,omitempty"`
	UserInfo          *userJSON `json:"userInfo,omitempty"`
	Value             *valJSON  `json:"value,omitempty"`
	EventID           string    `json:"eventId"`
}

type userJSON struct {
	HashedEmail string `json:"hashedEmail,omitempty"`
	HashedPhone string `json:"hashedPhone,omitempty"`
	MADID       string `json:"madid,omitempty"`
	CountryCode string `json:"countryCode,omitempty"`
	PostalCode  string `json:"postalCode,omitempty"`
}

type valJSON struct {
	Amount       json.Number `json:"amount"`
	CurrencyCode string      `json:"currencyCode"`
}

func reference(t *testing.T, c *transform.Conversion) string {
	t.Helper()
	ref := offAmazonJSON{
		Name: c.Name, EventType: c.EventType, EventActionSource: c.ActionSource,
		Timestamp: string(transform.AppendTime(nil, c.OccurredAt)), ClickID: c.ClickID, EventID: c.EventID,
	}
	u := userJSON{MADID: c.MADID, CountryCode: c.CountryCode, PostalCode: c.PostalCode}
	if c.HashedEmail.IsSet() {
		u.HashedEmail = string(c.HashedEmail[:])
	}
	if c.HashedPhone.IsSet() {
		u.HashedPhone = string(c.HashedPhone[:])
	}
	if u != (userJSON{}) {
		ref.UserInfo = &u
	}
	if c.Amount.IsFinite() {
		ref.Value = &valJSON{json.Number(c.Amount.String()), c.Currency}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(ref); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func FuzzEncode(f *testing.F) {
	f.Add("Purchase", "PURCHASE", "WEBSITE", int64(1776939330000), "amzn1.click.abc123", goldenMADID, "US", "10001", int64(12995), 2, "USD", "ord_1", true)
	f.Add("\"\\\x00\x1f\x7f<>&'", "\b\f\n\r\t", "", int64(1), "\u2028\u2029", "\xff\xfe", "", "\xe2\x80", int64(-5), 7, "", "日本\U0001f600", false)
	f.Add("", "", "", int64(0), "", "", "", "", int64(0), 0, "", "", false)
	f.Fuzz(func(t *testing.T, name, typ, source string, at int64, click, madid, country, postal string, amount int64, scale int, currency, id string, hashes bool) {
		c := &transform.Conversion{
			Name: name, EventType: typ, ActionSource: source, OccurredAt: at % (1 << 47), ClickID: click,
			MADID: madid, CountryCode: country, PostalCode: postal, Currency: currency, EventID: id,
		}
		if hashes {
			c.HashedEmail, c.HashedPhone = hashOf(goldenEmail), hashOf(goldenPhone)
		}
		if scale >= 0 && scale < 40 {
			c.Amount = schemas.NewDecimal(amount, scale)
		}
		got := offAmazon{}.AppendEvent([]byte("before"), c)
		want := "before" + reference(t, c)
		if string(got) != want {
			t.Fatalf("\n got %s\nwant %s", got, want)
		}
		event := got[len("before"):]
		if !json.Valid(event) || !utf8.Valid(event) {
			t.Fatalf("%q is not valid", event)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	c := purchase()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = offAmazon{}.AppendEvent(buf[:0], c)
	}
	b.SetBytes(int64(len(buf)))
}

// 0 allocations is what the hot path's budget has for encoding.
func TestEncodingAllocatesNothing(t *testing.T) {
	c := purchase()
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = offAmazon{}.AppendEvent(buf[:0], c) }); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}
