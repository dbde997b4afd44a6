package transform

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/yamlfile"
)

func TestMappingFileFaults(t *testing.T) {
	const good = "events:\n  - {match: A, name: A, event_type: LEAD}\n"
	for _, c := range []struct {
		name string
		yaml string
		want []string // whole lines of the error, by their beginnings
	}{
		{"empty", "", []string{"m.yaml:1: the file is empty: want a list of events"}},
		{"blank", " \n\n", []string{"m.yaml:1: the file is empty"}},
		{"comments alone", "# nothing\n", []string{"m.yaml:1: the file is not YAML: no documents"}},
		{"no YAML", "events:\n  - match: [A\n    name: B\n", []string{"m.yaml:3: the file is not YAML: "}},
		{"a tab", "events:\n\t- match: A\n", []string{"m.yaml:2: the file is not YAML: "}},
		{"two documents", good + "---\n" + good, []string{"m.yaml:1: the file is not YAML: expected single document"}},
		{"a list", "- A\n", []string{"m.yaml:1: the file is a list: want keys among extends, unmapped, types, fields, attributes, replace_forbidden, rules, events"}},
		{"text", "hello", []string{`m.yaml:1: the file is a text of 5 characters: want keys`}},
		{"an unknown key", good + "unmaped: pass\n", []string{`m.yaml:3: key "unmaped" of the file is unknown: want one of extends, unmapped, types, fields, attributes, replace_forbidden, rules, events`}},
		{"a key twice", good + "unmapped: pass\nunmapped: filter\n", []string{"m.yaml:4: key unmapped is there twice"}},
		{"no events", "unmapped: pass\n", []string{"m.yaml:1: events is missing: want a list of events, or extends: default"}},
		{"events of nothing", "events:\n", []string{"m.yaml:1: events is empty: want a list"}},
		{"events of text", "events: all\n", []string{`m.yaml:1: events is "all": want a list`}},
		{"events of keys", "events: {match: A}\n", []string{"m.yaml:1: events is a mapping: want a list"}},
		{"an event of text", "events: [A]\n", []string{`m.yaml:1: an event is "A": want keys among match, name,`}},
		{"unmapped wrong", good + "unmapped: drop\n", []string{`m.yaml:3: unmapped is "drop": want one of reject, filter, pass`}},
		{"unmapped empty", good + "unmapped:\n", []string{"m.yaml:3: unmapped is empty: want text"}},
		{"unmapped a list", good + "unmapped: [pass]\n", []string{"m.yaml:3: unmapped is a list: want text"}},
		{"extends wrong", "extends: base\n" + good, []string{`m.yaml:1: extends is "base": want default`}},
		{"extends a list", "extends: [default]\n" + good, []string{"m.yaml:1: extends is a list: want text"}},
		{"a type in small letters", good + "types: [refund]\n", []string{`m.yaml:3: type "refund" is not an event type: want capitals`}},
		{"a type twice", good + "types:\n  - REFUND\n  - RE_FUND\n", []string{"m.yaml:5: type RE_FUND is already known as REFUND"}},
		{"a type of ours", good + "types: LEAD\n", []string{"m.yaml:3: type LEAD is already known as LEAD"}},
		{"an empty type", good + "types: [~]\n", []string{"m.yaml:3: types is empty: want text"}},
		{"an entry's key wrong", "events:\n  - match: A\n    nme: A\n    event_type: LEAD\n", []string{
			"m.yaml:2: an event has no name: want what it is called at Amazon",
			`m.yaml:3: key "nme" of an event is unknown: want one of match, name, event_type, action_source, value, action`,
		}},
		{"no match", "events:\n  - {name: A, event_type: LEAD}\n", []string{"m.yaml:2: an event has no match"}},
		{"match of nothing", "events:\n  - {match: [], name: A, event_type: LEAD}\n", []string{"m.yaml:2: match is empty: want the names"}},
		{"match null", "events:\n  - {match: , name: A, event_type: LEAD}\n", []string{"m.yaml:2: match is empty: want a list"}},
		{"match of blanks", "events:\n  - {match: [' _'], name: A, event_type: LEAD}\n", []string{`m.yaml:2: match " _" is blank`}},
		{"match of keys", "events:\n  - {match: [{a: b}], name: A, event_type: LEAD}\n", []string{"m.yaml:2: match is a mapping: want text"}},
		{"match too long", "events:\n  - {match: " + strings.Repeat("x", 65) + ", name: A, event_type: LEAD}\n", []string{"m.yaml:2: match a value of 65 characters is too long"}},
		{"match twice in a list", "events:\n  - {match: [Add To Cart, add_to_cart], name: A, event_type: LEAD}\n", []string{`m.yaml:2: match "add_to_cart" is taken by line 2`}},
		{"match twice", good + "  - match:\n      - B\n      - a\n    action: filter\n", []string{`m.yaml:5: match "a" is taken by line 2: want each name once`}},
		{"name blank", "events:\n  - match: A\n    name: ' '\n    event_type: LEAD\n", []string{"m.yaml:3: name is blank"}},
		{"name empty", "events:\n  - match: A\n    name:\n    event_type: LEAD\n", []string{"m.yaml:3: name is empty: want text"}},
		{"name with blanks", "events:\n  - match: A\n    name: ' A'\n    event_type: LEAD\n", []string{`m.yaml:3: name " A" cannot be sent`}},
		{"name with a newline", "events:\n  - match: A\n    name: \"A\\nB\"\n    event_type: LEAD\n", []string{"m.yaml:3: name \"A\\nB\" cannot be sent"}},
		{"no type", "events:\n  - {match: A, name: A}\n", []string{"m.yaml:2: an event has no event_type: want one of PURCHASE, "}},
		{"type unknown", "events:\n  - match: A\n    name: A\n    event_type: PURCHSE\n", []string{`m.yaml:4: event_type "PURCHSE" is unknown: want one of PURCHASE, ADD_TO_CART, `}},
		{"type in small letters", "events:\n  - match: A\n    name: A\n    event_type: sign-up\n", []string{`m.yaml:4: event_type "sign-up" is written SIGN_UP`}},
		{"type a list", "events:\n  - match: A\n    name: A\n    event_type: [LEAD]\n", []string{"m.yaml:4: event_type is a list: want text"}},
		{"source wrong", "events:\n  - match: A\n    name: A\n    event_type: LEAD\n    action_source: web\n", []string{`m.yaml:5: action_source is "web": want one of WEBSITE, APP`}},
		{"value wrong", "events:\n  - match: A\n    name: A\n    event_type: LEAD\n    value: yes\n", []string{`m.yaml:5: value is "yes": want one of optional, required, none`}},
		{"purchase without value", "events:\n  - match: A\n    name: A\n    event_type: PURCHASE\n    value: optional\n", []string{"m.yaml:5: value is optional for a PURCHASE: want required"}},
		{"action wrong", "events:\n  - match: A\n    action: drop\n    name: A\n    event_type: LEAD\n", []string{`m.yaml:3: action is "drop": want one of send, filter`}},
		{"all at once", "unmapped: x\nevents:\n  - match: A\n    value: maybe\n    name: A\n  - match: a\n    action: filter\n    nme: x\n", []string{
			"m.yaml:1: unmapped is",
			"m.yaml:3: an event has no event_type",
			"m.yaml:4: value is",
			"m.yaml:6: match \"a\" is taken by line 3",
			"m.yaml:8: key \"nme\"",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := LoadMapping("m.yaml", []byte(c.yaml))
			if err == nil || m != nil {
				t.Fatalf("loaded, want %q", c.want)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(c.want) {
				t.Fatalf("errors:\n%v\nwant %d: %q", err, len(c.want), c.want)
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, c.want[i]) {
					t.Errorf("error %q, want it to begin with %q", line, c.want[i])
				}
			}
		})
	}
}

func TestMappingFileListsSoManyFaults(t *testing.T) {
	_, err := LoadMapping("m.yaml", []byte("extends: default\n"+strings.Repeat("k: v\n", 1000)))
	if lines := strings.Split(err.Error(), "\n"); len(lines) != yamlfile.MaxFaults+1 || lines[yamlfile.MaxFaults] != "m.yaml:22: and 980 more from here on" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestMappingFileTaken(t *testing.T) {
	m := mapping(t, `
# anchors are resolved, numbers are names, one name needs no list
types: REFUND
events:
  - match: &names [A, B]
    name: Both
    event_type: REFUND
  - match: 404
    name: 404
    event_type: PAGE_VIEW
    action: send
  - {match: C, action: filter, name: Kept For Later, event_type: LEAD}
`)
	if m.entry("b").eventType != "REFUND" || m.entry("404").name != "404" || !m.entry("c").filter {
		t.Error("an entry is not as it was written")
	}
	_, err := LoadMapping("m.yaml", []byte("events:\n  - match: &n [A]\n    name: A\n    event_type: LEAD\n  - match: *n\n    action: filter\n"))
	wantError(t, err, `m.yaml:2: match "A" is taken by line 2`)
}
