package condition

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/schemas"
)

func subject() Subject {
	ev := &schemas.Event{EventName: "Order Completed", ProfileID: "123", Platform: "iOS", Partner: "Acme"}
	ev.User.CountryCode = "us"
	ev.Custom = schemas.CustomData{
		Value: schemas.NewDecimal(12995, 2), Currency: "USD", Quantity: 3, OrderReference: "R-77",
		Attributes: []schemas.Attribute{{Key: "a.b", Value: "x"}, {Key: "brand", Value: " Alpine "}, {Key: "points", Value: "250"}},
	}
	return Subject{Event: ev, Type: "PURCHASE", Source: "APP"}
}

func TestConditions(t *testing.T) {
	for text, want := range map[string]bool{
		`event_name == "order_completed"`:                               true,
		`event_name == "Order Complete"`:                                false,
		`event_name == "Order Completedx"`:                              false,
		`"ordercompleted" == event_name`:                                true,
		`event_name != "Lead"`:                                          true,
		`event_name startsWith "Order" && event_name endsWith "ed"`:     true,
		`event_name startsWith "order"`:                                 false,
		`event_name contains " "`:                                       true,
		`event_name matches "^Order (Completed|Placed)$"`:               true,
		`event_name matches "^Lead"`:                                    false,
		`event_name not matches "^Lead"`:                                true,
		`event_type == "purchase"`:                                      true,
		`event_type in ["LEAD", "PURCHASE"]`:                            true,
		`event_type not in ["LEAD", "PURCHASE"]`:                        false,
		`action_source == "APP" and platform == "ios"`:                  true,
		`country in ["US", "CA"]`:                                       true,
		`user_data.country_code == "US"`:                                true,
		`currency == "EUR" or currency == "usd"`:                        true,
		`value == 129.95`:                                               true,
		`value == 129.950`:                                              true,
		`value > 129.949999999`:                                         true,
		`value >= 129.95 and value < 129.96`:                            true,
		`100 < value`:                                                   true,
		`100 < value < 129`:                                             false,
		`value > -5`:                                                    true,
		`custom_data.value <= 1e3`:                                      true,
		`value in [1, 2, 129.95]`:                                       true,
		`value != nil and quantity == 3`:                                true,
		`value == nil`:                                                  false,
		`partner == nil`:                                                false,
		`attributes.missing == nil`:                                     true,
		`attributes.missing == ""`:                                      true,
		`attributes.brand == "Alpine"`:                                  true,
		`attributes.brand == "alpine"`:                                  false,
		`attributes["a.b"] == "x"`:                                      true,
		`custom_data.attributes["brand"] startsWith "Alp"`:              true,
		`attributes.points >= 250`:                                      true,
		`attributes.brand >= 250`:                                       false,
		`attributes.points in [249, 250]`:                               true,
		`order_reference contains "77"`:                                 true,
		`profile_id == "123"`:                                           true,
		`not (value > 1000)`:                                            true,
		`!(value > 1) || true`:                                          true,
		`(value > 100) == (quantity > 5)`:                               false,
		`event_name == event_type`:                                      false,
		`order_reference == partner`:                                    false,
		"event_name == 'Order Completed'\n  and value > 1 // a comment": true,
	} {
		c, err := Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Holds(subject()); got != want {
			t.Errorf("%s is %t", text, got)
		}
		if n := testing.AllocsPerRun(10, func() { c.Holds(subject()) }); n > 3 && !strings.Contains(text, "== event_type") {
			t.Errorf("%s allocates %v times", text, n) // the subject itself has three
		}
	}
}

func TestOddSubjects(t *testing.T) {
	s := subject()
	s.EventName, s.Custom = "BESTELLUNG_für-7 ", schemas.CustomData{}
	for text, want := range map[string]bool{
		`event_name == "bestellung FÜR7"`: true, `event_name == "bestellung fur7"`: false, `event_name == "bestellung fü"`: false,
		`value > 0`: false, `value <= 0`: false, `value == 0`: false, `value != 0`: true, `value == nil`: true, `quantity == nil`: true, `quantity < 1`: false,
		`attributes.points > 1`: false,
	} {
		if c, err := Compile(text); err != nil || c.Holds(s) != want {
			t.Errorf("%s: %v, want %t", text, err, want)
		}
	}
	s.EventName = "\xff"
	long, err := Compile(`value > 5 or attributes.x > 5 or attributes.x matches "^(a+)+$"`)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []schemas.Decimal{schemas.DecimalFromFloat(1e200, 64), schemas.DecimalFromBytes(make([]byte, 1<<20), 2)} {
		s.Custom = schemas.CustomData{Value: v, Attributes: []schemas.Attribute{{Key: "x", Value: strings.Repeat("9", 1<<20)}}}
		if long.Holds(s) {
			t.Errorf("a number of %d digits is compared", v.Len())
		}
	}
	s.Custom = schemas.CustomData{Attributes: []schemas.Attribute{{Key: "x", Value: strings.Repeat("a", 1000) + "b"}}}
	if long.Holds(s) {
		t.Error("a pattern that does not match")
	}
}

func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		``:                                       "cannot be read at character 1",
		`value >`:                                "unexpected",
		`value > 5)`:                             "cannot be read at character 10",
		`value / 0 > 1`:                          `the operator "/" is not known in conditions: want and, or`,
		`value % 2 == 0`:                         `the operator "%" is not known`,
		`1 / 0 == 1`:                             `the operator "/"`,
		`valeu > 5`:                              `field "valeu" does not exist in conditions: want one of event_name, event_type`,
		`user_data.email == "x"`:                 `field "user_data.email" does not exist`,
		`custom_data == nil`:                     `field "custom_data" does not exist`,
		`attributes == nil`:                      `field "attributes" does not exist`,
		`attributes[event_name] == "x"`:          "is not a field",
		`value`:                                  "the condition is value: want something true or false",
		`"x"`:                                    `the condition is the text "x"`,
		`event_name`:                             "want something true or false",
		`value > "5"`:                            `value and the text "5" cannot be on the two sides of >`,
		`event_name > 5`:                         "cannot be on the two sides",
		`event_name == 5`:                        "event_name and the number 5 cannot be on the two sides of ==",
		`1 == 1`:                                 "cannot be on the two sides",
		`"a" == "a"`:                             "cannot be on the two sides",
		`"a" contains "b"`:                       "cannot be on the two sides",
		`nil == nil`:                             "cannot be on the two sides",
		`value in 5`:                             "is not a list",
		`value in [currency]`:                    "cannot be in a list",
		`value in ["x"]`:                         "cannot be in a list",
		`not value`:                              `"not" cannot precede value`,
		`-event_name == "x"`:                     "cannot precede event_name",
		`event_name matches "("`:                 `the pattern "(" cannot be read`,
		`event_name matches currency`:            "cannot be on the two sides of matches",
		`event_name matches "(x{1000}){9}"`:      "cannot be read",
		`len(event_name) > 5`:                    "is not known in conditions",
		`any([1], # > 0)`:                        "is not known in conditions",
		`value > 1 ? true : false`:               "is not known in conditions",
		`let x = 1; value > x`:                   "is not known in conditions",
		`value > 1; true`:                        "is not known in conditions",
		`1..1000000000 == nil`:                   `the operator ".."`,
		`event_name ?? "x" == "x"`:               "",
		`frobnicate()`:                           "",
		`value and true`:                         "cannot be on the two sides of and",
		strings.Repeat("(", 900) + "true":        "cannot be read",
		strings.Repeat("!", 999) + "true":        "1003 bytes: want 1000",
		"true" + strings.Repeat(" or true", 110): "more than 200 parts",
	} {
		_, err := Compile(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
}

// TestFieldsAreKnown: what errors offer can be written.
func TestFieldsAreKnown(t *testing.T) {
	for _, f := range Fields() {
		if _, err := Compile(f + " != nil"); err != nil {
			t.Error(err)
		}
	}
}

// TestFoldsIsFold: comparing folds as making the folded form does.
func TestFoldsIsFold(t *testing.T) {
	text := rapid.OneOf(rapid.StringMatching(`[Aa_ -]{0,4}`), rapid.StringMatching(`[aAéÉ\x{200b} _]{0,5}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		s, with := text.Draw(t, "s"), text.Draw(t, "with")
		if got, want := folds(s, fold(with)), fold(s) == fold(with); got != want {
			t.Errorf("%q folds to %q: %t", s, with, got)
		}
	})
}

func FuzzCompile(f *testing.F) {
	f.Add(`event_name matches "^a" and not (value in [1, 2.5]) or attributes["x"] == nil`)
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := Compile(text); err == nil {
			c.Holds(subject())
			c.Holds(Subject{Event: &schemas.Event{}})
		}
	})
}

// BenchmarkTenRules: ten conditions of an event, of which none holds, are to take less
// than 0.2 µs.
func BenchmarkTenRules(b *testing.B) {
	var rules []*Condition
	for i := range 10 {
		c, err := Compile(fmt.Sprintf(`event_type == "PURCHASE" and value > %d and country in ["US", "CA"]`, 1000+i))
		if err != nil {
			b.Fatal(err)
		}
		rules = append(rules, c)
	}
	s := subject()
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range rules {
			if c.Holds(s) {
				b.Fatal("it holds")
			}
		}
	}
}
