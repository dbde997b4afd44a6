package amazon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
)

// payloads makes the request bodies of events, one event in each, as the
// pipeline would.
type payloads struct {
	contract     Contract
	transformers []*transform.Transformer
	now          time.Time
}

func newPayloads(t *testing.T, k Contract, now time.Time) *payloads {
	t.Helper()
	// What the mapping does not know goes on as OTHER, for more of what is wild
	// to get through.
	mapping, err := transform.LoadMapping("test.yaml", []byte("extends: default\nunmapped: pass\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := &payloads{contract: k, now: now}
	for _, rules := range []transform.IdentifierRules{transform.RulesAmazon, transform.RulesPlain} {
		tr, err := transform.New(transform.Options{Mapping: mapping, Identifiers: rules, Wide: k.Wide()})
		if err != nil {
			t.Fatal(err)
		}
		p.transformers = append(p.transformers, tr)
	}
	return p
}

// of returns what would be sent of the event, by each rule set; nothing when it
// is not sent.
func (p *payloads) of(ev *schemas.Event) (bodies [][]byte) {
	for _, tr := range p.transformers {
		var c transform.Conversion
		if _, ok := tr.Transform(ev, p.now, &c); !ok || Refusal(p.contract, &c, p.now) != nil {
			continue
		}
		f := p.contract.Frame()
		bodies = append(bodies, append(p.contract.AppendEvent([]byte(f.Open), &c), f.Close...))
	}
	return bodies
}

// validate tells what a schema has against a body. The error is the place and
// the keyword: a value would be an identifier.
func validate(s *jsonschema.Schema, body []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

func schemaOf(t *testing.T, k Contract) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile("../../testdata/contracts/" + k.Name() + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// samples are n events as sources send them, of all schema versions, some of
// them broken, some without consent.
func samples(t *testing.T, seed uint64, n int) (events []*schemas.Event) {
	t.Helper()
	g, err := sample.NewGenerator(seed, sample.GeneratorOptions{
		Profiles: 20, Broken: 0.05, Denied: 0.05, V1: 0.2, V3: 0.7, Start: eventsNow.Add(-20 * 24 * time.Hour), Span: 19 * 24 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	for len(events) < n {
		if s := g.Next(); s.Event != nil {
			events = append(events, s.Event)
		}
	}
	return events
}

// odd are texts that do harm somewhere.
var odd = []string{
	"", " ", "\u200b", "\x00", "null", "undefined", "\xff\xfe", "é", "日本", "\u2028", `"\`, "<>&", "a b", "GRANTED", "denied", "US", "uk", "FR", "CH",
	"usd", "ISK", "XYZ", "iOS", "offline", "OTHER", "ldu", "West Virginia", "US-CA", "-", "+49 30 23125", "jane@example.com", "@@", "2001:db8::1", "fe80::1%1",
	"aB3dE6gH9k.1776938990000", "aB3dE6gH9k.1776938990000|", strings.Repeat("AB", 32), strings.Repeat("x", 600), strings.Repeat("é", 513),
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
}

// wild changes some fields of an event into what they should not be.
func wild(t *rapid.T, ev *schemas.Event) {
	var walk func(v reflect.Value, name string)
	walk = func(v reflect.Value, name string) {
		for i := range v.NumField() {
			f, name := v.Field(i), name+v.Type().Field(i).Name
			if f.Kind() == reflect.Struct && f.Type() != reflect.TypeFor[schemas.Decimal]() {
				walk(f, name+".")
				continue
			}
			if rapid.IntRange(0, 9).Draw(t, name+"?") > 0 {
				continue
			}
			switch {
			case f.Kind() == reflect.String:
				f.SetString(rapid.OneOf(rapid.SampledFrom(odd), rapid.String()).Draw(t, name))
			case f.Kind() == reflect.Int64:
				f.SetInt(rapid.Int64().Draw(t, name))
			case f.Type() == reflect.TypeFor[schemas.Decimal]():
				f.Set(reflect.ValueOf(schemas.NewDecimal(rapid.Int64().Draw(t, name), rapid.IntRange(0, 30).Draw(t, name+" scale"))))
			case f.Kind() == reflect.Slice:
				var attributes []schemas.Attribute
				for range rapid.IntRange(0, 20).Draw(t, name) {
					text := rapid.OneOf(rapid.SampledFrom(odd), rapid.StringMatching(`[A-Za-z0-9_]{1,8}`))
					attributes = append(attributes, schemas.Attribute{Key: text.Draw(t, "key"), Value: text.Draw(t, "value")})
				}
				f.Set(reflect.ValueOf(attributes))
			}
		}
	}
	walk(reflect.ValueOf(ev).Elem(), "")
}

// ofAllAccounts are the contracts as all kinds of accounts have them.
func ofAllAccounts(o ContractOptions) (list []Contract) {
	for _, k := range contracts(o) {
		if list = append(list, k); KnowsAccounts(k.Name()) {
			list = append(list, WithDataSet(k, DataSet{Name: "shop_data"}), WithDataSet(k, DataSet{ID: testDataSet}))
		}
	}
	return list
}

const testDataSet = "amzn1.adm.ds1.evnt1.shop"

// TestNoPayloadIsForbidden: whatever a source sends, what leaves is what the
// contract allows.
func TestNoPayloadIsForbidden(t *testing.T) {
	for _, k := range ofAllAccounts(ContractOptions{UnmappedType: UnmappedOther}) {
		t.Run(k.Name(), func(t *testing.T) {
			schema, p := schemaOf(t, k), newPayloads(t, k, eventsNow)
			tame := samples(t, 1, 200)
			sent := 0
			rapid.Check(t, func(t *rapid.T) {
				for range 20 {
					ev := *rapid.SampledFrom(tame).Draw(t, "event")
					wild(t, &ev)
					for _, body := range p.of(&ev) {
						sent++
						if err := validate(schema, body); err != nil {
							t.Fatalf("%s\n%v", body, err)
						}
					}
				}
			})
			if sent == 0 {
				t.Error("nothing was sent, and so nothing was tested")
			}
		})
	}
}

// TestContractSchemasAreStrict: a schema that forbids nothing would be kept by
// everything. Each change of a good payload breaks one of its rules.
func TestContractSchemasAreStrict(t *testing.T) {
	for name, swaps := range map[string][][2]string{
		"events-v1": {
			{`"eventTime":`, `"time":`}, {`"countryCode":"US"`, `"countryCode":"UK"`}, {`OFF_AMAZON_PURCHASES`, `PURCHASE`}, {`OFF_AMAZON_PURCHASES`, `LEAD`},
			{`"WEBSITE"`, `"APP"`}, {`"value":129.95`, `"value":129.955`}, {`"value":129.95`, `"value":-1`}, {`"value":129.95,`, ``},
			{`"USD"`, `"ISK"`}, {`"unitsSold":3`, `"unitsSold":0`}, {`"cust-7"`, `"cust-7","cust-8"`}, {`"cust-7"`, `" "`}, {`{"type":"EMAIL","values":["86e0b9`, `{"type":"EMAIL","values":["86E0B9`},
			{`"GRANTED"`, `"DENIED"`}, {`"gpp"`, `"tcf"`}, {`"brand"`, `"brand-name"`}, {`Alpine_1`, `Alpine 1`}, {`LIMITED_DATA_USE`, `NONE`}, {`.1776938990000|`, `.1776938990000||`},
			{`192.0.2.7`, `192.0.2.700`}, {`10:15:30Z`, `10:15:30`}, {`"countryCode":"US"`, `"countryCode":"DE","x":1`}, {`"eventId":"ord_10492_purchase",`, ``},
		},
		"off-amazon-2023-11-13": {
			{`"timestamp":`, `"time":`}, {`"WEBSITE"`, `"IOS"`}, {`"PURCHASE"`, `"Purchase"`}, {`"amount":129.95`, `"amount":-1`}, {`"amount":129.95`, `"amount":"129.95"`},
			{`,"currencyCode":"USD"`, ``}, {`"countryCode":"US",`, ``}, {`"postalCode":"10001"`, `"postalCode":" "`}, {`f2d2f6b9`, `F2D2F6B9`}, {`"eventId"`, `"id"`},
		},
	} {
		k, err := ContractByName(name)
		if err != nil {
			t.Fatal(err)
		}
		dir := map[string]string{"events-v1": "events-v1", "off-amazon-2023-11-13": "offamazon"}[name]
		good, err := os.ReadFile("../../testdata/golden/" + dir + "/purchase.json")
		if err != nil {
			t.Fatal(err)
		}
		schema := schemaOf(t, k)
		if err := validate(schema, good); err != nil {
			t.Errorf("%s: the golden payload is refused: %v", name, err)
		}
		for _, s := range swaps {
			bad := strings.Replace(string(good), s[0], s[1], 1)
			if bad == string(good) {
				t.Errorf("%s: %s is not in the golden payload", name, s[0])
			}
			if validate(schema, []byte(bad)) == nil {
				t.Errorf("%s: %s in place of %s is allowed", name, s[1], s[0])
			}
		}
	}
}

// TestEveryCountryAndCurrency holds the lists in the code to those of the schema,
// which were made apart from them.
func TestEveryCountryAndCurrency(t *testing.T) {
	text, err := os.ReadFile("../../testdata/contracts/events-v1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Defs struct {
			Event struct {
				Properties map[string]struct {
					Enum []string `json:"enum"`
				} `json:"properties"`
			} `json:"event"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	schema, countries, currencies := schemaOf(t, eventsV1{}), doc.Defs.Event.Properties["countryCode"].Enum, doc.Defs.Event.Properties["currencyCode"].Enum
	if len(countries) != 249 || len(currencies) != 81 {
		t.Fatalf("%d countries, %d currencies", len(countries), len(currencies))
	}
	valid := func(c *transform.Conversion) bool {
		f := eventsV1{}.Frame()
		return validate(schema, append(eventsV1{}.AppendEvent([]byte(f.Open), c), f.Close...)) == nil
	}
	for _, country := range countries {
		c := transformed(t, edited(func(e *schemas.Event) {
			e.User.CountryCode, e.User.IPAddress, e.Consent = country, "", schemas.Consent{}
		}))
		if why := (eventsV1{}).Check(c); (why == nil) != valid(c) {
			t.Errorf("%s without consent: %v, valid by the schema %v", country, why, valid(c))
		}
	}
	for _, currency := range currencies {
		c := transformed(t, wideSource())
		c.Currency = currency
		if why := (eventsV1{}).Check(c); why != nil && currency != "MXP" || !valid(c) {
			t.Errorf("%s: %v", currency, why)
		}
	}
}

// openAPIFile names the environment variable with the path of Amazon's OpenAPI
// document. It is Amazon's, and not kept here.
const openAPIFile = "AMAZON_EVENTS_OPENAPI"

// TestMixedRunIsValid validates a run of events of all kinds of accounts with a validator
// that is not ours: against the schema in testdata, which has what Amazon's document leaves
// out, and against that document where it is given.
func TestMixedRunIsValid(t *testing.T) {
	events, own := 10_000, schemaOf(t, eventsV1{})
	theirs := amazonsOwnSchema(t)
	if theirs != nil {
		events = 100_000
	}
	var of []*payloads // by kind of account
	for _, k := range ofAllAccounts(ContractOptions{})[1:] {
		of = append(of, newPayloads(t, k, eventsNow))
	}
	rng := rand.New(rand.NewPCG(4, 4))
	sent, attributes, kinds := 0, 0, map[string]int{}
	for i, ev := range samples(t, 4, events) {
		full(rng, ev)
		for _, body := range of[i%len(of)].of(ev) {
			sent++
			if theirs != nil {
				if err := validate(theirs, body); err != nil {
					t.Fatalf("Amazon's schema: %v", err)
				}
			}
			if rng.IntN(10) == 0 { // ours is stricter, and slower
				if err := validate(own, body); err != nil {
					t.Fatalf("our schema: %v", err)
				}
			}
			attributes = max(attributes, strings.Count(string(body), `"dataType"`))
			countKind(t, kinds, body)
		}
	}
	t.Logf("%d payloads of %d events by two rule sets: %v", sent, events, kinds)
	if sent < events || len(kinds) < 11 || attributes != transform.MaxAttributes {
		t.Errorf("%d payloads of %d conversion types, with up to %d attributes: want most of %d events twice, of all types, with %d", sent, len(kinds), attributes, events, transform.MaxAttributes)
	}
}

// amazonsOwnSchema is that of Amazon's document; nil if there is none here.
func amazonsOwnSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	path := os.Getenv(openAPIFile)
	if path == "" {
		t.Logf("%s is not set to the path of Amazon's OpenAPI document of the events call: validated against the schema in testdata alone", openAPIFile)
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4) // what OpenAPI 3.0 has its schemas from
	compiler.AssertFormat()
	if err := compiler.AddResource("amazon.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("amazon.json#/components/schemas/CreateEventRequest")
	if err != nil {
		t.Fatal(err)
	}
	if validate(schema, []byte(`{"events":[{"eventId":"x"}]}`)) == nil {
		t.Fatal("Amazon's schema takes anything")
	}
	return schema
}

// full gives some events all that an event can have, up to twenty attributes included.
func full(rng *rand.Rand, ev *schemas.Event) {
	if rng.IntN(3) > 0 {
		return
	}
	ev.Partner, ev.AmazonAdEventKey = "shop platform", "key-7"
	ev.User.FirstName, ev.User.LastName, ev.User.City, ev.User.State = "Zoë", "O'Neil-Smith", "São Paulo", "California"
	ev.User.Address, ev.User.RampID, ev.User.RealID = "12 Calle José Núñez, núm. 3-4 #5", "XY1000abc", "real-7"
	ev.Custom.Attributes = nil
	for _, name := range []string{"brand", "productId", "category"} {
		if rng.IntN(4) > 0 {
			ev.Custom.Attributes = append(ev.Custom.Attributes, schemas.Attribute{Key: name, Value: []string{"Alpine_1", "42", "shoes", "two words", ""}[rng.IntN(5)]})
		}
	}
	for i := range rng.IntN(18) {
		ev.Custom.Attributes = append(ev.Custom.Attributes, schemas.Attribute{Key: fmt.Sprintf("a%02d", i), Value: []string{"v", "7", "1776938990", "no word", "é"}[rng.IntN(5)]})
	}
	slices.SortFunc(ev.Custom.Attributes, func(a, b schemas.Attribute) int { return strings.Compare(a.Key, b.Key) })
}

func countKind(t *testing.T, kinds map[string]int, body []byte) {
	var doc struct {
		Events []struct {
			EventDescription struct {
				ConversionType string `json:"conversionType"`
			} `json:"eventDescription"`
		} `json:"events"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	kinds[doc.Events[0].EventDescription.ConversionType]++
}

// TestTheSandboxTakesEveryPayload holds the sandbox and the contracts together:
// each is written on its own, from what Amazon says.
func TestTheSandboxTakesEveryPayload(t *testing.T) {
	const manager = "amzn1.ads1.ma1.abc"
	for i, k := range ofAllAccounts(ContractOptions{}) {
		amazon, err := sandbox.NewAmazon(sandbox.Options{
			Now:      func() time.Time { return eventsNow },
			Accounts: []sandbox.Account{sandbox.DefaultAccount(), {APIToken: "lasting", ManagerID: manager, DataSetID: testDataSet}},
		})
		if err != nil {
			t.Fatal(err)
		}
		token := sandboxToken(t, amazon)
		p := newPayloads(t, k, eventsNow)
		sent := 0
		for _, ev := range samples(t, 9, 500) {
			if strings.Contains(ev.EventID, "sandbox-") {
				continue // asks to be refused
			}
			for _, body := range p.of(ev) {
				sent++
				r := httptest.NewRequest(http.MethodPost, k.Path(), bytes.NewReader(body))
				who := Principal{ClientID: sandbox.DefaultAccount().ClientID, ProfileID: ev.ProfileID}
				if v, ok := k.(eventsV1); ok && v.dataSet.ID != "" {
					who = Principal{ManagerID: manager}
					r.Header.Set(TokenHeader, "lasting")
				} else {
					r.Header.Set("Authorization", "Bearer "+token)
					if i%2 == 0 && ok {
						who.ManagerID = manager
					}
				}
				k.SetHeaders(r.Header, who)
				w := httptest.NewRecorder()
				amazon.ServeHTTP(w, r)
				items := make([]Item, 1)
				a := k.ReadAnswer(Response{Status: w.Code, ContentType: w.Header().Get("Content-Type"), Body: w.Body.Bytes()}, items)
				if a.Kind != Itemised || items[0].Outcome != Taken {
					t.Fatalf("%s: status %d, kind %d, outcome %d: %s", k.Name(), w.Code, a.Kind, items[0].Outcome, w.Body)
				}
			}
		}
		if sent < 500 {
			t.Errorf("%s: %d payloads sent of 500 events by two rule sets", k.Name(), sent)
		}
	}
}

func sandboxToken(t *testing.T, amazon *sandbox.Amazon) string {
	t.Helper()
	a := sandbox.DefaultAccount()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.RefreshToken}, "client_id": {a.ClientID}, "client_secret": {a.ClientSecret}}
	r := httptest.NewRequest(http.MethodPost, sandbox.TokenPath, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	amazon.ServeHTTP(w, r)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.AccessToken == "" {
		t.Fatalf("no token: %s", w.Body)
	}
	return answer.AccessToken
}
