package transform

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

//go:embed mapping.yaml
var defaultMappingYAML string

// DefaultMappingYAML is the embedded mapping file, for users to start from.
func DefaultMappingYAML() string { return defaultMappingYAML }

func defaultMapping() (*Mapping, error) {
	return LoadMapping("mapping.yaml", []byte(defaultMappingYAML))
}

// TypePurchase is the only event type with a rule of its own.
const TypePurchase = "PURCHASE"

// TypeOther is the type of an unmapped event that is passed on.
const TypeOther = "OTHER"

// eventTypes are the types known without being declared. Amazon's list is open, but an
// undeclared type is far more often a typing error than a new one.
var eventTypes = [...]string{
	TypePurchase, "ADD_TO_CART", "CHECKOUT", "LEAD", "SIGN_UP", "SUBSCRIBE", "PAGE_VIEW",
	"SEARCH", "CONTACT", "APPLICATION", "MOBILE_APP_FIRST_START", TypeOther,
}

// Mapping says what each event of the source is called at Amazon. LoadMapping makes it, and
// it is immutable.
type Mapping struct {
	unmapped unmappedRule
	entries  map[string]*entry // by folded source name
	spelled  spellings         // entries by likely spellings of their names
	types    map[string]string // event types by their folded form
	replace  replacement
	rules    []mappingRule // in this order; the first that holds applies
	// attributes apply to events whose entry chooses none; nil means the event's own.
	attributes []attributeRule
	aliases    *schemas.Aliases // where producers with other names keep our fields
}

// Aliases are where producers whose schema has other names keep our fields; nil for none.
func (m *Mapping) Aliases() *schemas.Aliases {
	if m == nil {
		return nil
	}
	return m.aliases
}

// entry is one line of the mapping, or a line with a rule applied.
type entry struct {
	line         int    // of file; 0 for none
	file         string // its name in errors
	rule         string // the rule that it was made with; empty for none
	overrides    bool   // event_type wins over the event's own
	name         string
	eventType    string
	actionSource string // for events without one; empty to refuse those
	value        valueRule
	filter       bool
	dataSet      string          // empty for the account's
	attributes   []attributeRule // nil for those of the mapping
}

type valueRule uint8

const (
	valueOptional valueRule = iota
	valueRequired
	valueNone // a value is never sent
)

var valueRuleNames = []string{valueOptional: "optional", valueRequired: "required", valueNone: "none"}

type unmappedRule uint8

const (
	unmappedReject unmappedRule = iota
	unmappedFilter
	unmappedPass
)

var unmappedRuleNames = []string{unmappedReject: "reject", unmappedFilter: "filter", unmappedPass: "pass"}

// unmappedEntry is the entry of events that the mapping does not name.
var unmappedEntry = entry{}

// maxEventName is in characters, for names that are sent unchanged.
const maxEventName = 256

// resolve finds what the event is called at Amazon and sets name and type of out. The event's
// own type takes precedence over the table's, unless the mapping says otherwise: the source
// knows its event better than a table of names does.
func (m *Mapping) resolve(ev *schemas.Event, out *Conversion) (*entry, *verdict.Reason) {
	name := trim(ev.EventName)
	if name == "" {
		return nil, verdict.CodeEventNameMissing.Because("event_name is absent or blank: want a name such as Purchase")
	}
	e := m.choose(ev, name)
	if e != nil && e.filter {
		return nil, verdict.CodeFilteredByRule.Because("event_name " + quote(name) + " is filtered by the mapping" + byRule(e))
	}
	own := trim(ev.EventType)
	switch {
	case e != nil && own == e.eventType && own != "":
		out.EventType = e.eventType // the usual case
	case own != "" && (e == nil || !e.overrides):
		out.EventType = m.eventType(own)
		if out.EventType == "" {
			return nil, verdict.CodeEventTypeUnknown.Because("event_type is " + quote(own) + ": want none, or one of " + m.typeList())
		}
	case e != nil:
		out.EventType = e.eventType
	}
	if e != nil && e.name != "" && out.EventType != "" {
		out.Name = e.name
		return e, nil
	}
	return m.unnamed(name, e, out)
}

// unnamed is resolve for events whose name or type the mapping does not define.
func (m *Mapping) unnamed(name string, e *entry, out *Conversion) (*entry, *verdict.Reason) {
	if out.EventType == "" {
		switch m.unmapped {
		case unmappedReject:
			return nil, verdict.CodeEventNameUnmapped.Because("event_name " + quote(name) + " is not in the mapping: want a name that is, or an event_type with it")
		case unmappedFilter:
			return nil, verdict.CodeFilteredUnmapped.Because("event_name " + quote(name) + " is not in the mapping, which filters such events")
		}
		out.EventType = TypeOther
	}
	if e == nil {
		e = &unmappedEntry
	}
	if e.name != "" {
		out.Name = e.name
		return e, nil
	}
	if name = m.replace.of(name); name == "" {
		return nil, verdict.CodeEventNameInvalid.Because("event_name is not in the mapping and consists of characters that replace_forbidden leaves out")
	}
	if longerThan(name, maxEventName) || !printable(name) {
		return nil, verdict.CodeEventNameInvalid.Because("event_name is not in the mapping and cannot be sent as it is: want at most 256 printable characters")
	}
	out.Name = name
	return e, nil
}

// entry returns the line for a source's event name, nil if there is none.
func (m *Mapping) entry(name string) *entry {
	if e := m.spelled.find(name); e != nil {
		return e // folding takes longer than this lookup
	}
	var buf [maxFolded]byte
	return m.entries[string(appendFold(buf[:0], name))]
}

// spell records the likely spellings: the mapping's own, and the events' names at Amazon,
// because sources are told to write those.
func (m *Mapping) spell(matches []string) {
	m.spelled = spellings{all: make(map[string]*entry)}
	for key, e := range m.entries {
		m.spelled.add(key, e)
		matches = append(matches, e.name)
	}
	for _, s := range matches {
		if e := m.entries[fold(s)]; e != nil && s == trim(s) {
			m.spelled.add(s, e)
		}
	}
}

// eventType returns the type that a source means: a type in any spelling, or a name that the
// table has a type for.
func (m *Mapping) eventType(s string) string {
	var buf [maxFolded]byte
	key := appendFold(buf[:0], s)
	if canonical := m.types[string(key)]; canonical != "" {
		return canonical
	}
	if e := m.entries[string(key)]; e != nil {
		return e.eventType
	}
	return ""
}

// maxFolded bounds a folded name, in bytes. Longer names are cut and match nothing, since the
// mapping has none that long.
const maxFolded = 64

// appendFold appends a name without case, blanks, _ and -, at most maxFolded+1 bytes of it.
// Trackers agree on words but not on how to join them: "Order Completed", order_completed and
// OrderCompleted are equal.
func appendFold(dst []byte, s string) []byte {
	if len(s) <= maxFolded {
		if folded, ok := nameFolding.append(dst, s); ok {
			return folded
		}
	}
	return appendAnyFold(dst, s)
}

var nameFolding = newFolding(func(c byte) bool { return c != '_' && c != '-' && !isBlank(rune(c)) }, "")

// appendAnyFold is appendFold for names that are not ASCII or too long.
func appendAnyFold(dst []byte, s string) []byte {
	end := len(dst) + maxFolded
	for i := 0; i < len(s) && len(dst) <= end; i++ {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c+('a'-'A'))
		case c == '_' || c == '-' || isBlank(rune(c)) && c < utf8.RuneSelf:
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			i += size - 1
			if !isBlank(r) {
				dst = utf8.AppendRune(dst, unicode.ToLower(r))
			}
		}
	}
	return dst
}

func fold(s string) string { return string(appendFold(nil, s)) }

// typeList lists the known types for messages: Amazon's in their own order, and a reference
// to those of the mapping.
func (m *Mapping) typeList() string {
	list := strings.Join(eventTypes[:], ", ")
	if len(m.types) > len(eventTypes) {
		list += " or a type of the mapping"
	}
	return list
}
