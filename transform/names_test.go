package transform

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

// TestForbiddenCharactersAreReplaced in names that are sent as they came, if the mapping
// says so.
func TestForbiddenCharactersAreReplaced(t *testing.T) {
	for _, c := range []struct{ rule, name, want string }{
		{`"-"`, "Book now!", "Book now-"}, {`"-"`, "a/b|c", "a-b-c"}, {`""`, "Book (now)!", "Book now"}, {`"é"`, "a~b", "aéb"}, {`""`, " x ;", "x"}, {`"-"`, "日本", "日本"},
	} {
		tr := newTransformer(t, Options{Mapping: mapping(t, "extends: default\nreplace_forbidden: "+c.rule+"\n")})
		out := convert(t, tr, named(c.name))
		if out.Name != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.rule, c.name, out.Name, c.want)
		}
	}
	tr := newTransformer(t, Options{Mapping: mapping(t, "extends: default\nreplace_forbidden: ''\n")})
	var out Conversion
	if why, ok := tr.Transform(named("!!!"), now, &out); ok || why.Code != "event_name_invalid" {
		t.Errorf("a name of which nothing is left: %v", why)
	}
	for _, rule := range []string{`"--"`, `"!"`, `"\t"`, "[]"} {
		if _, err := LoadMapping("m.yaml", []byte("extends: default\nreplace_forbidden: "+rule+"\n")); err == nil || !strings.Contains(err.Error(), "m.yaml:2: replace_forbidden is") {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func named(name string) *schemas.Event {
	ev := newEvent()
	ev.EventName, ev.EventType = name, "LEAD"
	return ev
}
