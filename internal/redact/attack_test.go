package redact

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// grouped puts a mark between every n characters.
func grouped(s, mark string, n int) string {
	var parts []string
	for len(s) > n {
		parts, s = append(parts, s[:n]), s[n:]
	}
	return strings.Join(append(parts, s), mark)
}

// TestGroupedIdentifiers: a digest or a number in groups of any length, with
// anything between them that is written between groups.
func TestGroupedIdentifiers(t *testing.T) {
	for _, value := range []string{sha, strings.ToUpper(sha), sha[:40], sha[:32], "15551234567", "442079460958"} {
		for _, mark := range []string{" ", "-", ".", ":", "_", "/", ",", ", ", " - ", "\u00a0", "\u202f", "\u2009", "\u3000", "\u00ad", "\u200b", "\u200d", "\ufeff", "\u2060", "\u2011", "\u2013", "\u2212", "\u00b7", "\u2022", "\u2027", "|", "\t", "\r\n"} {
			for _, n := range []int{1, 2, 3, 4, 5, 8, 10, 16, 20, 24} {
				text := "value " + grouped(value, mark, n) + " given"
				got := Message(text)
				for part := range strings.SplitSeq(grouped(value, " ", n), " ") {
					if len(part) > 1 && strings.Contains(strings.ToLower(got), strings.ToLower(part)) || n == 1 && strings.Contains(got, mark+part+mark) {
						t.Errorf("groups of %d with %q: %q became %q", n, mark, text, got)
						break
					}
				}
			}
		}
	}
}

func utf16Bytes(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

// TestLayersOfEncodings: what base64 and hex hold may be escaped or written in
// other characters, too.
func TestLayersOfEncodings(t *testing.T) {
	inner := []spelling{
		{"as it is", func(s string) string { return s }},
		{"URL", url.QueryEscape},
		{"all of JSON", func(s string) string { return eachRune(s, `\u%04x`) }},
		{"decimal HTML", func(s string) string { return eachRune(s, "&#%d;") }},
		{"full width", fullWidth},
		{"zero width", func(s string) string { return between(s, "\u200b") }},
		{"UTF-16", func(s string) string { return string(utf16Bytes(s)) }},
	}
	outer := []spelling{
		{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
		{"raw base64url", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
		{"base64 at 1", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s + "yz")) }},
		{"base64 at 2", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("xy" + s + "z")) }},
		{"joined", func(s string) string { return "abc" + base64.RawURLEncoding.EncodeToString([]byte(s)) + "xyz" }},
		{"hex", func(s string) string { return hex.EncodeToString([]byte(s)) }},
		{"HEX", func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }},
		{"hex with colons", func(s string) string { return grouped(hex.EncodeToString([]byte(s)), ":", 2) }},
		{"hex with blanks", func(s string) string { return grouped(hex.EncodeToString([]byte(s)), " ", 2) }},
		{"hex in Go", func(s string) string { return "0x" + grouped(hex.EncodeToString([]byte(s)), ", 0x", 2) }},
		{"bytes in Go", func(s string) string { return fmt.Sprint([]byte(s)) }},
	}
	Secret("Hunter2-Pw")
	for _, value := range []string{"jane@example.com", "a@b.io", "+15551234567", "amzn1.click.abc123-def", "Hunter2-Pw", "Atza|IwEBIJedGX"} {
		for _, in := range inner {
			for _, out := range outer {
				spelled := out.of(in.of(value))
				got := Message("bad " + spelled + " given")
				if strings.Contains(got, spelled) || strings.Contains(got, spelled[4:]) {
					t.Errorf("%s of %s of %q: %q", out.name, in.name, value, got)
				}
			}
		}
	}
}

func TestQuotedPrintableHidesNothing(t *testing.T) {
	for _, value := range []string{"jane.doe@example.com", "jané@example.com"} {
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		fmt.Fprint(w, value)
		w.Close()
		for _, in := range []string{b.String(), strings.ReplaceAll(b.String(), "@", "=40"), strings.ReplaceAll(b.String(), "e", "e=\r\n"), "=?utf-8?Q?" + strings.ReplaceAll(b.String(), "@", "=40") + "?="} {
			if got := Message("mail to " + in + " failed"); strings.Contains(got, "doe") || strings.Contains(got, "jan") || strings.Contains(got, "example") {
				t.Errorf("%q became %q", in, got)
			}
		}
	}
}

func TestAddressesOfAllForms(t *testing.T) {
	for _, s := range []string{
		"o'brien@example.com", "bounces+brien=example.com@lists.example", "brien&co@example.com", "a/brien@example.com", "brien!x@example.com",
		"brien@[192.168.10.25]", "brien@localhost", "brien@xn--mnchen-3ya.example", "brien@münchen.example", "j\u00f6rg.brien@m\u00fcnchen.example", "brien@例え.テスト", "mailto:brien@example.com?subject=x", "brien%40xn--mnchen-3ya.example",
		"brien\uff20example\uff0ecom", "brien\ufe6bexample.com", "BRIEN@EXAMPLE.COM", "brien @example.com", "brien@ example.com", "brien&#0064;example.com", "brien&#x0040;example.com", `brien\u{40}example.com`, "brien&amp;commat;example.com", "brien\\x40example.com", "brien%2525252540example.com", "brien\u3002x@example.com", "brien(comment)@example.com", "brien@(comment)example.com",
	} {
		for _, in := range []string{"bad %s given", "[%s]", "'%s'", "\"%s\"", "x:%s,y", "email=%s&x=1", "(%s)"} {
			text := fmt.Sprintf(in, s)
			if got := Message(text); strings.Contains(strings.ToLower(got), "brien") || strings.Contains(got, "nchen") || strings.Contains(got, "example.com") {
				t.Errorf("%q became %q", text, got)
			}
		}
	}
}

// TestNoHalfIsShown: wherever a text is cut, what it cuts in two is gone.
func TestNoHalfIsShown(t *testing.T) {
	const secret = "correct horse battery staple"
	Secret(secret)
	step := 7
	if testkit.Racing() { // ten times as long, and nothing to find
		step = 21
	}
	for _, value := range []string{"+1 555 123 4567 890", grouped(sha, " ", 4), "doe @ example.com", secret, "sh0rt-Pw9x", "amzn1.click.abc123-def", "Jane Doe <jane.doe@example.com>", sha} {
		Secret("sh0rt-Pw9x")
		for _, limit := range []int{inputLimit, MessageLimit} {
			for cutAt := 1; cutAt < len(value); cutAt += step {
				for _, filler := range []string{"yy ", strings.Repeat("z", 100) + "@x.example "} {
					pad := strings.Repeat(filler, limit/len(filler)+1)[:limit-cutAt-1] + " "
					noHalf(t, value, pad+value)
				}
			}
		}
	}
	long := "The-Long-Secret-With-Words-0123456789"
	Secret(long)
	for n := 1; n < len(long); n++ {
		pad := strings.Repeat("y", ownLimit-n-1) + " "
		if got := Own(pad + long); strings.Contains(got, long[:min(4, n)]) && n >= 4 {
			t.Fatalf("Own shows %q", got[len(got)-40:])
		}
	}
}

// noHalf reports a part of a value at the end of a text.
func noHalf(t *testing.T, value, text string) {
	t.Helper()
	for name, got := range map[string]string{"Message": Message(text), "Text": Text(text), "Around": Around(text, "nothing.example"), "Parser": Parser(errors.New(text))} {
		end := got[max(0, len(got)-60):]
		for part := range strings.FieldsSeq(value) {
			if len(part) >= 3 && strings.Contains(end, part[:3]) {
				t.Errorf("%s, %d bytes, %q: …%q", name, len(text), value, end)
			}
		}
	}
}

func TestParserQuotesNothingWhateverItsLength(t *testing.T) {
	for _, s := range []string{
		"unknown anchor '" + strings.Repeat("horse ", 20_000) + "' referenced",
		"unknown anchor '" + strings.Repeat("horse ", 20_000),
		`bad "horse`, "it is 'a 'horse' b'", `invalid character 'h' looking for beginning of value`,
		"x `a\" horse` y",
	} {
		if got := Parser(fmt.Errorf("line 3: %s", s)); strings.Contains(got, "horse") {
			t.Errorf("%.60q became %.200q", s, got)
		}
	}
}

func TestIdentifiersOfTheEventInAnySpelling(t *testing.T) {
	for _, id := range []string{"Q2xpY2s%2F77-x", "click/77+abc=", "R-10492/é", "GATE CODE 4711", "a&b;c\"d", "Ｑ-77-ｘｙｚ", "100 01"} {
		for _, d := range append([]spelling{{"base64 at 1", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s + "yz")) }}}, disguises...) {
			if strings.HasSuffix(d.name, "digits") || d.name == "odd hyphens" || d.name == "keycaps" {
				continue
			}
			for _, e := range append(escapings, spelling{"bare", func(s string) string { return s }}) {
				spelled := e.of(d.of(id))
				got := Message("bad click "+spelled+" given", id)
				for _, left := range []string{id, url.QueryEscape(id), d.of(id), spelled, first(normal(id))} {
					if strings.Contains(strings.ToLower(got), strings.ToLower(left)) {
						t.Errorf("%s, %s: %q became %q", d.name, e.name, spelled, got)
						break
					}
				}
			}
		}
	}
}

func TestDigitsOfEveryKind(t *testing.T) {
	for name, digits := range map[string]string{
		"negative circled": "⓿❶❷❸❹❺❻❼❽❾", "sans circled": "🄋➀➁➂➃➄➅➆➇➈", "negative sans": "🄌➊➋➌➍➎➏➐➑➒", "double circled": "0⓵⓶⓷⓸⓹⓺⓻⓼⓽", "superscript": "⁰¹²³⁴⁵⁶⁷⁸⁹", "subscript": "₀₁₂₃₄₅₆₇₈₉",
		"full width": "０１２３４５６７８９", "parenthesised": "0⑴⑵⑶⑷⑸⑹⑺⑻⑼", "full stop": "🄀⒈⒉⒊⒋⒌⒍⒎⒏⒐", "Ethiopic": "0፩፪፫፬፭፮፯፰፱", "Thai": "๐๑๒๓๔๕๖๗๘๙", "Adlam": "𞥐𞥑𞥒𞥓𞥔𞥕𞥖𞥗𞥘𞥙", "segmented": "🯰🯱🯲🯳🯴🯵🯶🯷🯸🯹",
	} {
		r := []rune(digits)
		spelled := strings.Map(func(c rune) rune { return r[c-'0'] }, "15551234567")
		if got := Message("phone " + spelled + " invalid"); strings.Contains(got, string(r[5])) || strings.Contains(got, "5") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func first(s string, _ bool) string { return s }
