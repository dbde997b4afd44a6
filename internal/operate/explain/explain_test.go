package explain

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

var now = time.Date(2026, 4, 23, 10, 16, 0, 0, time.UTC)

func explainer(t *testing.T, view redact.View) *Explainer {
	t.Helper()
	tr, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	contract, err := amazon.ContractByName("off-amazon-2023-11-13")
	if err != nil {
		t.Fatal(err)
	}
	x, err := New(Options{Transformer: tr, Contract: contract, BaseURL: "https://amazon.test", BatchEvents: 500, BatchBytes: 16_000, Linger: time.Second, View: view})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// private is all that could name the person of purchase, as it came and as it is
// sent.
var private = []string{
	"jane.doe", "555", "AEBE52E7", "abc123", "10001", "Jane", "Doe", "Springfield",
	"86e0b9e56c17", "d6736136ea89", // the hashes
}

func purchase() *schemas.Event {
	return &schemas.Event{
		EventID: "ord_10492_purchase", ProfileID: "1234567890", EventName: "Order Completed", ActionSource: "WEBSITE",
		OccurredAt: now.UnixMilli() - 30_000, ClickID: "amzn1.click.abc123",
		User: schemas.UserData{
			Email: "jane.doe@example.com", Phone: "+1 (555) 123-4567", MADID: "AEBE52E7-03EE-455A-B3C4-E57283966239",
			FirstName: "Jane", LastName: "Doe", City: "Springfield", CountryCode: "US", PostalCode: "10001",
		},
		Custom: schemas.CustomData{Value: schemas.NewDecimal(12995, 2), Currency: "USD", Attributes: []schemas.Attribute{{Key: "gift for", Value: "Jane Doe"}}},
	}
}

// both is a report as people and as programs get it.
func both(t *testing.T, r *Report) string {
	t.Helper()
	var b strings.Builder
	r.Print(&b)
	doc, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b.String() + string(doc)
}

func TestAnEventThatIsSent(t *testing.T) {
	x := explainer(t, redact.View{})
	r := x.Event(purchase(), now)
	if r.Outcome != OutcomeSend || r.Why != nil || r.Batch == nil {
		t.Fatalf("%+v", r)
	}
	text := both(t, r)
	for _, want := range []string{
		`"hashedEmail": "[hash]"`, `"clickId": "[click id]"`, `"amount": 129.95`, `"timestamp": "2026-04-23T10:15:30Z"`, `"name": "Purchase"`,
		"POST https://amazon.test/offAmazonEvents/2023-11-13/events", "Amazon-Advertising-Api-Scope: 1234567890", "Bearer [token]", `"[attribute]": "[text]"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not shown: %s\n%s", want, text)
		}
	}
	for _, secret := range private {
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown", secret)
		}
	}
	seen := make(map[string]int)
	for _, f := range r.Rules {
		seen[f.Rule]++
	}
	for _, rule := range []string{"value_missing", "email_invalid", "action_source_unsupported", "event_too_large"} {
		if seen[rule] != 1 {
			t.Errorf("%s is asked %d times", rule, seen[rule])
		}
	}
	if seen["value_negative"] != 2 || seen["match_key_missing"] != 0 {
		t.Errorf("the rules are not those of the transform and the contract: %v", seen)
	}
}

func TestTheBatch(t *testing.T) {
	x := explainer(t, redact.View{})
	b := x.Event(purchase(), now).Batch
	if body := len(`{"events":[]}`) + b.Alike*b.EventBytes + (b.Alike-1)*len(","); body > b.MaxBytes || body+b.EventBytes+1 <= b.MaxBytes {
		t.Errorf("%d events of %d bytes are said to fill %d bytes; they have %d", b.Alike, b.EventBytes, b.MaxBytes, body)
	}
	x.BatchEvents = 3
	if b := x.Event(purchase(), now).Batch; b.Alike != 3 {
		t.Errorf("%d events in a batch of 3", b.Alike)
	}
}

func TestPartsAreShownOnDemand(t *testing.T) {
	text := both(t, explainer(t, redact.View{Partial: true}).Event(purchase(), now))
	for _, want := range []string{"j•••@•••.com", "86•••3d"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not shown", want)
		}
	}
	for _, secret := range private[:5] {
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown", secret)
		}
	}
}

func TestEventsThatAreNotSent(t *testing.T) {
	x := explainer(t, redact.View{})
	check := func(ev *schemas.Event, code, size string) {
		t.Helper()
		r := x.Event(ev, now)
		if r.Outcome != OutcomeDeadLetter || r.Why == nil || r.Why.Code != code || r.Why.Remedy == "" || r.Payload != nil || r.Batch != nil {
			t.Errorf("%s: outcome %s, %+v", code, r.Outcome, r.Why)
		}
		if last := r.Rules[len(r.Rules)-1]; last.Rule != "event_too_large" || last.Result != size {
			t.Errorf("%s: the last rule is %+v", code, last)
		}
		if text := both(t, r); !strings.Contains(text, "not sent; a dead letter") || !strings.Contains(text, "What to do: ") {
			t.Errorf("%s: people are not told:\n%s", code, text)
		}
	}
	bad := purchase()
	bad.Custom.Currency = ""
	check(bad, "currency_missing", "not reached")
	x.Contract = narrow{x.Contract}
	check(purchase(), "event_too_large", "failed")
}

// TestWhatAContractAsks: its rules come after the transform's, those after the one
// that fails are not reached, and what it leaves out is not a dead letter.
func TestWhatAContractAsks(t *testing.T) {
	v1, err := amazon.ContractByName("events-v1")
	if err != nil {
		t.Fatal(err)
	}
	x := explainer(t, redact.View{})
	x.Contract = v1
	if x.Transformer, err = transform.New(transform.Options{Wide: true}); err != nil {
		t.Fatal(err)
	}
	result := func(ev *schemas.Event) (*Report, map[string]string) {
		r := x.Event(ev, now)
		results := make(map[string]string)
		for _, f := range r.Rules {
			results[f.Class+" "+f.Rule] = f.Result
		}
		return r, results
	}
	old := purchase()
	old.OccurredAt -= (30 * 24 * time.Hour).Milliseconds()
	if r, results := result(old); r.Outcome != OutcomeDeadLetter || r.Why.Code != "occurred_at_expired" || results["validation occurred_at_expired"] != "failed" ||
		results["filtered consent"] != "ok" || results["validation match_key_missing"] != "not reached" {
		t.Errorf("%+v\n%v", r.Why, results)
	}
	refused := purchase()
	refused.Consent.AdUserData = "DENIED"
	if r, _ := result(refused); r.Outcome != OutcomeFiltered || r.Rules[len(r.Rules)-1].Result != "not reached" {
		t.Errorf("%+v", r.Why)
	}
	r, results := result(purchase())
	if r.Outcome != OutcomeSend || results["validation match_key_missing"] != "ok" || results["field name_invalid"] != "ok" {
		t.Errorf("%+v\n%v", r.Why, results)
	}
	for _, secret := range private {
		if strings.Contains(both(t, r), secret) {
			t.Errorf("%q is shown:\n%s", secret, r.Payload)
		}
	}
}

// narrow is a contract with room for small events only.
type narrow struct{ amazon.Contract }

func (narrow) Limits() amazon.Limits { return amazon.Limits{Events: 1, Bytes: 100, EventBytes: 80} }

func TestEventsThatAreLeftOut(t *testing.T) {
	x := explainer(t, redact.View{})
	m, err := transform.LoadMapping("m.yaml", []byte("extends: default\nevents:\n  - match: [Order Completed]\n    action: filter\n"))
	if err != nil {
		t.Fatal(err)
	}
	if x.Transformer, err = transform.New(transform.Options{Mapping: m}); err != nil {
		t.Fatal(err)
	}
	r := x.Event(purchase(), now)
	i := slices.IndexFunc(r.Rules, func(f Rule) bool { return f.Rule == "rule" })
	if r.Outcome != OutcomeFiltered || r.Why.Class != "filtered" || r.Rules[i].Result != "filtered" {
		t.Errorf("%+v", r)
	}
}

func TestReadWithoutARegistry(t *testing.T) {
	enc, err := schemas.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := EmbeddedSchemas()
	if err != nil {
		t.Fatal(err)
	}
	ev := purchase()
	x := explainer(t, redact.View{})
	for _, v := range schemas.Versions() {
		framed, err := enc.EncodeWire(4711, v, ev)
		if err != nil {
			t.Fatal(err)
		}
		r, err := x.Read(t.Context(), &kgo.Record{Value: framed}, embedded, true)
		if err != nil || r.Bad != nil || r.Event.EventID != ev.EventID || r.Event.Custom.Currency != "USD" || r.Named.Ref != framing.RefID(4711) {
			t.Errorf("version %d: %v %v, %+v", v, err, r.Bad, r)
		}
		alone, err := x.Read(t.Context(), &kgo.Record{Value: framed[5:]}, embedded, true)
		if err != nil || alone.Bad != nil || alone.Event.EventID != ev.EventID || alone.Named.Ref != (framing.Ref{}) || !strings.Contains(alone.Schema, "without a header or prefix") {
			t.Errorf("version %d alone: %v %v, %+v", v, err, alone.Bad, alone)
		}
		if r, err := x.Read(t.Context(), &kgo.Record{Value: framed[5:]}, embedded, false); err != nil || r.Bad == nil || r.Bad.Code != verdict.CodeNoMagic {
			t.Errorf("version %d alone, from a topic: %v, %v", v, err, r.Bad)
		}
		cut, err := x.Read(t.Context(), &kgo.Record{Value: framed[:len(framed)-3]}, embedded, true)
		if err != nil || cut.Bad == nil || !strings.Contains(cut.Schema, "none of") {
			t.Errorf("version %d cut short: %v, %v", v, err, cut.Bad)
		}
		report := x.Reading(&cut, now)
		if report.Outcome != OutcomeDeadLetter || report.Why.Class != "decode" || len(report.Rules) != 1 {
			t.Errorf("version %d cut short: %+v", v, report)
		}
	}
	for value, code := range map[string]verdict.Code{"": verdict.CodeEmpty, "{}": verdict.CodeNoMagic, "\x00\x00": verdict.CodeShort} {
		if r, err := x.Read(t.Context(), &kgo.Record{Value: []byte(value)}, embedded, true); err != nil || r.Bad == nil || r.Bad.Code != code {
			t.Errorf("%q: %v, %v", value, err, r.Bad)
		}
	}
	if _, err := x.Read(t.Context(), &kgo.Record{Value: []byte("Obj\x01...")}, embedded, true); !errors.Is(err, ErrContainer) {
		t.Errorf("a container file: %v", err)
	}
}

// TestEveryFieldOfAPersonIsHidden: a field that is added to events is an identifier
// until somebody says that it is none. Values are those that their fields take, so
// that they get into the payload of the contract that sends the most.
func TestEveryFieldOfAPersonIsHidden(t *testing.T) {
	v1, err := amazon.ContractByName("events-v1")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := amazon.ContractByName("off-amazon-2023-11-13")
	if err != nil {
		t.Fatal(err)
	}
	ev := purchase()
	ev.User, ev.ArefTokens = schemas.UserData{}, "secretmark.1776939330000"
	ev.Consent.TCF, ev.Consent.GPP = "secretmarkTCF", "secretmarkGPP"
	ev.Custom.Attributes = []schemas.Attribute{{Key: "category", Value: "secretmarkValue"}}
	user := reflect.ValueOf(&ev.User).Elem()
	for i := range user.NumField() {
		user.Field(i).SetString("secretmark" + user.Type().Field(i).Name)
	}
	ev.User.Email, ev.User.Phone, ev.User.CountryCode, ev.User.MADID = "secretmark@example.com", "+15551234567", "US", "5ec2e700-03EE-455A-B3C4-E57283966239"
	ev.User.IPAddress, ev.User.State = "203.0.113.77", "California"
	ev.ClickID = "secretmarkclick"
	for _, contract := range []amazon.Contract{guide, v1} {
		x := explainer(t, redact.View{})
		x.Contract = contract
		if x.Transformer, err = transform.New(transform.Options{Wide: contract.Wide()}); err != nil {
			t.Fatal(err)
		}
		r := x.Event(ev, now)
		if r.Outcome != OutcomeSend {
			t.Fatalf("%s: %+v", contract.Name(), r.Why)
		}
		text := both(t, r)
		for _, secret := range []string{"secretmark", "5551234567", "5ec2e700", "203.0.113.77", "California"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q is shown:\n%s", contract.Name(), secret, r.Payload)
			}
		}
	}
}
