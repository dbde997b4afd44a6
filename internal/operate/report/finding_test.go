package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func list() List {
	var l List
	l.Fine("topics", "events", "%d partitions", 12)
	l.Look("topics", "letters", "Give it time.", "kept for %s", "1h")
	l.Act("token", "", "Authorise again.", "refused")
	l.Act("profile", "7", "Authorise again.", "refused <&>")
	return l
}

func TestPrint(t *testing.T) {
	var b strings.Builder
	list().Print(&b)
	text := b.String()
	for _, want := range []string{"fine", "12 partitions", "To act on:\n- token, profile 7: Authorise again.\n", "To look at:\n- topics letters: Give it time.", "1 fine, 1 to look at, 2 to act on"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not shown:\n%s", want, text)
		}
	}
	if strings.Count(text, "Authorise again.") != 1 {
		t.Errorf("the same advice is given twice:\n%s", text)
	}
	if strings.Contains(text, "value") {
		t.Errorf("a column without values:\n%s", text)
	}
	l := list()
	l[0].Value = "98.7 %"
	b.Reset()
	l.Print(&b)
	if !strings.Contains(b.String(), "98.7 %") || !strings.Contains(b.String(), "value") {
		t.Errorf("no values:\n%s", b.String())
	}
}

// TestAdviceNamesAllThatItIsAbout: of four topics that are missing the list must not name one.
func TestAdviceNamesAllThatItIsAbout(t *testing.T) {
	var l List
	l.Act("topics", "eu", "Create it.", "missing")
	l.Act("topics", "us", "Create it.", "missing")
	l.Act("registry", "eu-value", "Register it.", "missing")
	l.Act("topics", "us", "Create it.", "nor may it be read")
	l.Act("group", "", "Create it.", "missing")
	var b strings.Builder
	l.Print(&b)
	if want := "To act on:\n- topics eu, us, group: Create it.\n- registry eu-value: Register it.\n"; !strings.Contains(b.String(), want) {
		t.Errorf("want\n%s\nin\n%s", want, b.String())
	}
}

func TestJSON(t *testing.T) {
	var b strings.Builder
	if err := list().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back List
	for line := range strings.Lines(b.String()) {
		var f Finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		back = append(back, f)
	}
	if d := cmp.Diff(list(), back); d != "" {
		t.Error(d)
	}
	if !strings.Contains(b.String(), `"level":"act"`) || !strings.Contains(b.String(), "<&>") {
		t.Error(b.String())
	}
	if err := new(Level).UnmarshalText([]byte("bad")); err == nil || !strings.Contains(err.Error(), "fine, look or act") {
		t.Errorf("%v", err)
	}
}
