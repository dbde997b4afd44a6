package program

import (
	"cmp"
	"math"
	"slices"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// leftOut stands for the value of an entry that has no text until all keys are known,
// because such entries count when a key occurs twice. It is not UTF-8, so no text
// equals it.
const leftOut = "\xff"

// attributes reads a map into the event's attributes, reusing their memory. It returns
// where the next value begins, or -1, and how many parts are left.
func (a *operand) attributes(payload []byte, s string, pos, parts int, ev *event.Event) (next, left int) {
	at := a.binding.field.Attributes(ev)
	attrs := (*at)[:0]
	sorted, whole := true, true
	for {
		count, next := avro.ReadLong(s, pos)
		if next < 0 {
			return -1, 0
		}
		pos = next
		if count == 0 {
			break
		}
		if count < 0 {
			// The block's size in bytes follows. We have no use for it.
			if count == math.MinInt64 {
				return -1, 0
			}
			count = -count
			if _, pos = avro.ReadLong(s, pos); pos < 0 {
				return -1, 0
			}
		}
		for range count {
			key, next := readText(s, pos)
			if next < 0 {
				return -1, 0
			}
			var value string
			if value, pos, parts = a.attribute(payload, s, next, parts); pos < 0 {
				return -1, 0
			}
			if n := len(attrs); n > 0 && attrs[n-1].Key >= key {
				sorted = false
			}
			whole = whole && value != leftOut
			attrs = append(attrs, event.Attribute{Key: key, Value: value})
		}
	}
	if !sorted {
		slices.SortFunc(attrs, func(a, b event.Attribute) int { return cmp.Compare(a.Key, b.Key) })
		for i := range attrs[1:] {
			if attrs[i].Key == attrs[i+1].Key {
				return -1, 0
			}
		}
	}
	if !whole {
		attrs = slices.DeleteFunc(attrs, func(a event.Attribute) bool { return a.Value == leftOut })
	}
	*at = attrs
	return pos, parts
}

// attribute reads the value of an entry.
func (a *operand) attribute(payload []byte, s string, pos, parts int) (value string, next, left int) {
	elem, depth := a.typ.Elem, a.depth
	// The most that this function reads; a record close to the bound is left to the
	// judge.
	if parts -= 2; parts < 0 {
		return "", -1, 0
	}
	if elem.Kind == avro.Union {
		branch, next := avro.ReadLong(s, pos)
		if next < 0 || uint64(branch) >= uint64(len(elem.Branches)) {
			return "", -1, 0
		}
		elem, pos, depth = elem.Branches[branch], next, depth-1
	}
	text := a.binding.text[elem]
	if text == nil {
		next, left = avro.Skip(elem, payload, pos, parts, depth)
		return leftOut, next, left
	}
	v, next := readScalar(elem, s, pos)
	if next < 0 {
		return "", -1, 0
	}
	value, code := text(v)
	switch code {
	case 0:
		return value, next, parts
	case verdict.CodeInvalidUTF8:
		return "", -1, 0
	}
	return leftOut, next, parts
}

func readText(s string, pos int) (text string, next int) {
	n, at := avro.ReadLong(s, pos)
	if at < 0 || uint64(n) > uint64(len(s)-at) {
		return "", -1
	}
	next = at + int(n)
	if text = s[at:next]; !validUTF8(text) {
		return "", -1
	}
	return text, next
}
