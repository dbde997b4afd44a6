package transform

import (
	"testing"

	"pgregory.net/rapid"
)

// The tables and the code that reads character by character are two writings of
// the same rules.
func TestFoldingsFoldAlike(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, s string) {
		if got, want := string(appendFold([]byte("x"), s)), string(appendAnyFold([]byte("x"), s)); got != want {
			t.Fatalf("%q folds to %q, and character by character to %q", s, got, want)
		}
		for _, rules := range []IdentifierRules{RulesAmazon, RulesPlain} {
			got, ok := appendEmail([]byte("x"), s, rules)
			want, wantOK := appendAnyEmail([]byte("x"), s, rules)
			if ok != wantOK || ok && string(got) != string(want) {
				t.Fatalf("%q by %s is %q, %v, and character by character %q, %v", s, rules, got, ok, want, wantOK)
			}
		}
	}
	for c := range 256 {
		for _, s := range []string{string([]byte{byte(c)}), "a" + string([]byte{byte(c)}) + "@b", "a@" + string([]byte{byte(c)}) + "b"} {
			check(t, s)
		}
	}
	texts := rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9_ -]{0,80}`),
		rapid.StringMatching(`[ -~]{0,6}@?[A-Za-z0-9._@<>+-]{0,20}@[ -~]{0,10}`),
		rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) { check(t, texts.Draw(t, "text")) })
}
