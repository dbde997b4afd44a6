package transform

import (
	"strconv"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/schemas"
)

const (
	// MaxFreeAttributes is how many attributes of an event are sent in addition to the
	// reserved ones.
	MaxFreeAttributes = 10
	// MaxAttributes is how many are sent in all.
	MaxAttributes = MaxFreeAttributes + len(reservedAttributes)
)

// reservedAttributes have columns in Amazon's reports. Others never displace them.
var reservedAttributes = [...]string{"brand", "productId", "category"}

// AttributeType is a type that Amazon knows for attributes.
type AttributeType uint8

// The types.
const (
	AttributeString AttributeType = iota
	AttributeInteger
	AttributeTimestamp
)

var attributeTypeNames = []string{AttributeString: "STRING", AttributeInteger: "INTEGER", AttributeTimestamp: "TIMESTAMP"}

// String returns Amazon's word for the type.
func (t AttributeType) String() string { return name(attributeTypeNames, int(t)) }

// Attribute is an attribute as it is sent.
type Attribute struct {
	Name string
	// Value is the value as text, or empty if Number is set.
	Value  string
	Number int64
	Type   AttributeType
}

// Attributes are an event's attributes, as many as fit. They are an array rather than a
// slice, so that conversions can be compared, and reused without shared memory.
type Attributes struct {
	list [MaxAttributes]Attribute
	n    int
	free int // how many of the n are not reserved
}

// String shows only how many there are.
func (a Attributes) String() string { return "(" + count.Of(a.n, "attribute") + ")" }

// GoString is String.
func (a Attributes) GoString() string { return a.String() }

// All returns the attributes. They belong to the conversion: do not change them.
func (a *Attributes) All() []Attribute { return a.list[:a.n] }

// add appends an attribute. If it cannot be sent, add returns the reason and false.
func (a *Attributes) add(at Attribute) (Warning, bool) {
	if !at.good() {
		return AttributeInvalid, false
	}
	if !isReserved(at.Name) {
		if a.free == MaxFreeAttributes {
			return AttributesTooMany, false
		}
		a.free++
	}
	a.list[a.n] = at
	a.n++
	return 0, true
}

// good reports whether Amazon would take an attribute. An invalid one is left out rather than
// changed: "running shoes" without its blank would be a category that does not exist, and an
// INTEGER that is not a whole number would be counted as another type.
func (at *Attribute) good() bool {
	if !isWord(at.Name) {
		return false
	}
	if at.Value == "" { // a number
		return at.Number >= 0 && (at.Type == AttributeString || at.Type == AttributeInteger && at.Number < 1<<31)
	}
	if !isWord(at.Value) {
		return false
	}
	switch at.Type {
	case AttributeInteger:
		return isInteger(at.Value)
	case AttributeTimestamp:
		return isTimestamp(at.Value)
	}
	return true
}

// isInteger reports whether a word is a whole 32-bit number. Values must not contain a minus
// sign, so there are no negative ones.
func isInteger(s string) bool {
	if len(s) > 32 {
		return false
	}
	_, err := strconv.ParseUint(s, 10, 31)
	return err == nil
}

// isTimestamp reports whether a word is an instant: seconds or milliseconds since 1970, or
// ISO 8601 in its form without punctuation, since values have none.
func isTimestamp(s string) bool {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	if digits == len(s) {
		return digits == 10 || digits == 13
	}
	const form = "00000000T000000Z"
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		if form[i] == '0' && (s[i] < '0' || s[i] > '9') || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	return s[4:6] >= "01" && s[4:6] <= "12" && s[6:8] >= "01" && s[6:8] <= "31" && s[9:11] < "24" && s[11:13] < "60" && s[13:15] <= "60"
}

func isReserved(name string) bool {
	switch name {
	case "brand", "productId", "category":
		return true
	}
	return false
}

// attributeRule is an attribute that the mapping chooses.
type attributeRule struct {
	name     string
	typ      AttributeType
	from     attributeSource
	key      string // of an attribute of the event
	constant string
}

type attributeSource uint8

const (
	fromAttribute attributeSource = iota
	fromConstant
	fromQuantity
	fromOrderReference
)

// of returns the attribute of an event, false if the event has none.
func (r *attributeRule) of(c *schemas.CustomData) (Attribute, bool) {
	at := Attribute{Name: r.name, Type: r.typ}
	switch r.from {
	case fromConstant:
		at.Value = r.constant
	case fromQuantity:
		at.Number = c.Quantity
		return at, c.Quantity != 0
	case fromOrderReference:
		at.Value = trim(c.OrderReference)
	default:
		at.Value = trim(attributeOf(c, r.key))
	}
	return at, at.Value != ""
}

func attributeOf(c *schemas.CustomData, key string) string {
	for i := range c.Attributes {
		if c.Attributes[i].Key == key {
			return c.Attributes[i].Value
		}
	}
	return ""
}

// attributes sets what the mapping chooses, in its order, or else what the event has, by key;
// the reserved ones come first in either case, so that no other takes their place. It calls
// report, unless it is nil, with what is left out and why.
func attributes(c *schemas.CustomData, rules []attributeRule, out *Attributes, report func(attribute string, why Warning)) (ws Warnings) {
	add := func(at Attribute, what string) {
		if w, ok := out.add(at); !ok {
			ws.Add(w)
			if report != nil {
				report(what, w)
			}
		}
	}
	for _, name := range reservedAttributes {
		if value := trim(attributeOf(c, name)); value != "" && !chosen(rules, name) {
			add(Attribute{Name: name, Value: value}, name)
		}
	}
	if rules != nil {
		for i := range rules {
			if at, ok := rules[i].of(c); ok {
				add(at, rules[i].name)
			}
		}
		return ws
	}
	for i := range c.Attributes {
		key, value := c.Attributes[i].Key, trim(c.Attributes[i].Value)
		if value == "" || isReserved(key) {
			continue
		}
		add(Attribute{Name: key, Value: value}, key)
		if report == nil && ws.Has(AttributesTooMany) {
			break // there can be half a million
		}
	}
	return ws
}

func chosen(rules []attributeRule, name string) bool {
	for i := range rules {
		if rules[i].name == name {
			return true
		}
	}
	return false
}

// AttributesLeftOut returns which attributes of an event are not sent, and why, in more detail
// than the conversion's warnings. Their names are the event's: mask them.
func (t *Transformer) AttributesLeftOut(ev *schemas.Event, report func(attribute string, why Warning)) {
	var out Attributes
	attributes(&ev.Custom, t.mapping.attributesOf(ev), &out, report)
}

// attributesOf returns the attributes that the mapping chooses for an event; nil for none.
func (m *Mapping) attributesOf(ev *schemas.Event) []attributeRule {
	if e := m.choose(ev, trim(ev.EventName)); e != nil && e.attributes != nil {
		return e.attributes
	}
	return m.attributes
}
