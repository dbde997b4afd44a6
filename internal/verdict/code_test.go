package verdict

import (
	"regexp"
	"strings"
	"testing"
)

// TestEveryCodeIsRegistered: a code without an entry would be an empty word in
// headers and metrics, and one in place of another would say what is not so.
func TestEveryCodeIsRegistered(t *testing.T) {
	if len(registry) != int(codeCount) || len(Codes()) != int(codeCount)-1 {
		t.Fatalf("%d entries for %d codes", len(Codes()), codeCount-1)
	}
	word, sentence := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`), regexp.MustCompile(`^[A-Za-z].*\.$`)
	for i, e := range Codes() {
		switch {
		case e.Code != Code(i+1):
			t.Errorf("code %d has no entry, or it is not where its name is", i+1)
		case !word.MatchString(e.Name), e.By == "", e.Class <= Accepted || e.Class > Auth:
			t.Errorf("%+v is incomplete", e)
		case e.Rule == "" || strings.HasSuffix(e.Rule, "."):
			t.Errorf("%s: the rule %q is not one line of a table", e.Name, e.Rule)
		case !sentence.MatchString(e.Mend), e.Then != "" && !sentence.MatchString(e.Then):
			t.Errorf("%s: the remedy %q, %q is not a sentence", e.Name, e.Mend, e.Then)
		case e.Then != "" && !e.Class.DeadLetter():
			t.Errorf("%s: %s events have no letters", e.Name, e.Class)
		}
		if e.Code.Entry() != e || e.Code.String() != e.Name {
			t.Errorf("%s is not what its code finds: %+v", e.Name, e.Code.Entry())
		}
	}
}

// TestCodesShareNamesOnlyWhereTheyMeanTheSame: a letter has the name of its code, from
// which its remedy is found again.
func TestCodesShareNamesOnlyWhereTheyMeanTheSame(t *testing.T) {
	first := make(map[classAndName]Entry)
	mends := make(map[string]Entry)
	for _, e := range Codes() {
		key := classAndName{e.Class, e.Name}
		of, again := first[key]
		if again != (e.As != 0) || again && (e.As != of.Code || e.Field != of.Field || e.Advice != of.Advice || e.Rule == of.Rule || e.By == of.By) {
			t.Errorf("%s by %s and %s by %s: want one meaning for the name, and a rule for each stage", of.Name, of.By, e.Name, e.By)
		}
		if again {
			continue
		}
		first[key] = e
		if like, ok := mends[e.Mend]; ok && e.Mend != writeAvro {
			t.Errorf("%s and %s have the same remedy: %s", like.Name, e.Name, e.Mend)
		}
		mends[e.Mend] = e
	}
}

func TestReasonsOfCodes(t *testing.T) {
	for _, e := range Codes() {
		r := e.Code.Because("what is wrong")
		if *r != (Reason{Class: e.Class, Code: e.Name, Field: e.Field, Message: "what is wrong"}) {
			t.Errorf("%s: %+v", e.Name, r)
		}
		want := strings.TrimSpace(e.Mend + " " + e.Then)
		// Whatever else an answer or a letter says with it.
		for _, status := range []int{0, 207, 401, 404, 422, 503} {
			r.Status = status
			if Remedy(*r) != want || Mend(*r) != e.Mend {
				t.Errorf("%v: %q, want the remedy of its entry: %q", r, Remedy(*r), want)
			}
		}
	}
	for _, none := range []Code{0, codeCount, 1<<16 - 1} {
		if none.Entry() != (Entry{}) || !strings.HasPrefix(none.String(), "code(") {
			t.Errorf("code %d: %+v, %s", none, none.Entry(), none)
		}
	}
	if got := Remedy(Reason{Class: Validation, Code: "of_a_later_version"}); got != Remedy(Reason{Class: Validation}) {
		t.Errorf("a code that is not registered: %q", got)
	}
}

func TestCodesBy(t *testing.T) {
	n := 0
	for _, pkg := range []string{"schemas", "transform", "consumer/pump", "sink/amazon", "sink", "internal/accounts", "sink/exchange"} {
		of := CodesBy(pkg)
		if len(of) == 0 {
			t.Errorf("%s raises nothing", pkg)
		}
		n += len(of)
	}
	if n != len(Codes()) {
		t.Errorf("%d codes by packages, %d in all", n, len(Codes()))
	}
}
