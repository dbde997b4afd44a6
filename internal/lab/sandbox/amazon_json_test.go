package sandbox

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

// FuzzWalk holds the walker to encoding/json on whatever is valid.
func FuzzWalk(f *testing.F) {
	for _, s := range []string{
		`{}`, ` { } `, `[]`, `[ ]`, `{"a":1}`, `{"a" : "b\"}" , "c":[1,{"d":[]}] }`, `[1, 2.5e-3,true ,null,"x",{"y":"]"}]`,
		`{"\u0061":{},"a":[]}`, `"{"`, `-1`, ` null `, `[[],[[]]]`, `{"":""}`, `["\\"]`, lead("a"), `{"events":[` + purchase("b") + `]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if document(raw) != nil {
			return
		}
		var list []json.RawMessage
		got, isList := elements(raw)
		if want := json.Unmarshal(raw, &list) == nil && kind(raw) == '['; isList != want {
			t.Fatalf("%q: list %v, want %v", raw, isList, want)
		}
		if isList && !slices.EqualFunc(got, list, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Fatalf("%q: elements %q, want %q", raw, got, list)
		}

		names, values, again := map[string]int{}, map[string]string{}, 0
		isObject := eachMember(raw, func(name string, value []byte, twice bool) {
			names[name]++
			values[name] = string(value)
			if twice {
				again++
			}
		})
		var object map[string]json.RawMessage
		if want := json.Unmarshal(raw, &object) == nil && kind(raw) == '{'; isObject != want {
			t.Fatalf("%q: object %v, want %v", raw, isObject, want)
		}
		if !isObject {
			return
		}
		total := 0
		for name, n := range names {
			total += n
			if string(object[name]) != values[name] {
				t.Fatalf("%q: member %q is %q, want %q", raw, name, values[name], object[name])
			}
		}
		if len(names) != len(object) || again != total-len(names) {
			t.Fatalf("%q: %d names of which %d again, want %d names", raw, total, again, len(object))
		}
	})
}
