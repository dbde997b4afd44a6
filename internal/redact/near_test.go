package redact

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
)

// marked puts a combining mark behind every character.
func marked(s string) string { return between(s, "\u0301") + "\u0301" }

// utf7 writes everything that is not a letter or digit as UTF-7 does.
func utf7(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && isWord(byte(r)) {
			b.WriteRune(r)
			continue
		}
		var text []byte
		for _, u := range utf16.Encode([]rune{r}) {
			text = append(text, byte(u>>8), byte(u))
		}
		b.WriteString("+" + base64.RawStdEncoding.EncodeToString(text) + "-")
	}
	return b.String()
}

// nearDisguises are those that programs, mail and people write beside the common
// ones.
var nearDisguises = []spelling{
	{"combining marks", marked},
	{"doubled marks", func(s string) string { return between(s, "\u0308\u0323") }},
	{"base32", func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }},
	{"base32 without padding", func(s string) string {
		return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(s)))
	}},
	{"UTF-7", utf7},
	{"hex in twos", func(s string) string { return grouped(hex.EncodeToString([]byte(s)), " ", 4) }},
	{"hex in fours", func(s string) string { return grouped(hex.EncodeToString([]byte(s)), " ", 8) }},
	{"hex of xxd", func(s string) string { return "00000000: " + grouped(hex.EncodeToString([]byte(s)), " ", 4) + "  x.y" }},
	{"base64 of hex", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString([]byte(s)))) }},
	{"hex of base64", func(s string) string { return hex.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s)))) }},
	{"base64 in a URL", func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) }},
	{"base64 of JSON in HTML", func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte("{&quot;a&quot;:&quot;" + eachRune(s, `\u%04x`) + "&quot;}"))
	}},
	{"base64 of UTF-16", func(s string) string {
		return base64.StdEncoding.EncodeToString(append([]byte{0xff, 0xfe}, utf16Bytes(s)...))
	}},
	{"quoted-printable of all", func(s string) string { return eachByte(s, "=%02X") }},
	{"quoted-printable in a URL", func(s string) string { return url.QueryEscape(eachByte(s, "=%02X")) }},
	{"a URL in quoted-printable", func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%", "=25") }},
	{"quoted-printable twice", func(s string) string { return strings.ReplaceAll(eachByte(s, "=%02X"), "=", "=3D") }},
	{"a URL twice in lower case", func(s string) string { return eachByte(s, "%%25%02x") }},
	{"UTF-16 in a URL", func(s string) string { return url.QueryEscape(string(utf16Bytes(s))) }},
	{"UTF-16 as it is", func(s string) string { return "\xff\xfe" + string(utf16Bytes(s)) }},
	{"UTF-16 in JSON", func(s string) string { return eachByte(string(utf16Bytes(s)), `\u%04x`) }},
	{"UTF-16 in hex", func(s string) string { return hex.EncodeToString(utf16Bytes(s)) }},
	{"zero width joiners in a URL", func(s string) string { return url.QueryEscape(between(s, "\u200d")) }},
	{"soft hyphens in HTML", func(s string) string { return between(s, "&shy;") }},
	{"zero width in HTML", func(s string) string { return between(s, "&#8203;") }},
	{"a URL in JSON in HTML", func(s string) string { return html.EscapeString(fmt.Sprintf("%q", url.QueryEscape(s))) }},
	{"HTML in JSON in a URL", func(s string) string { return url.QueryEscape(fmt.Sprintf("%q", eachRune(s, "&#x%x;"))) }},
	{"base64 in quoted-printable", func(s string) string {
		return strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(s)), "=", "=3D")
	}},
	{"base64 of a URL", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(url.QueryEscape(s))) }},
	{"Perl", func(s string) string { return eachRune(s, `\x{%x}`) }},
	{"word breaks", func(s string) string { return strings.NewReplacer("@", "<wbr>@<wbr/>", ".", "<wbr>.").Replace(s) }},
	{"highlighted", func(s string) string {
		return strings.NewReplacer("@", "<b>@</b>", "5", `<em class="x">5</em>`, "c", "<mark>c</mark>").Replace(s)
	}},
	{"comments of React", func(s string) string { return between(s, "<!-- -->") }},
	{"highlighted, escaped", func(s string) string {
		return strings.NewReplacer("@", "&lt;b&gt;@&lt;/b&gt;", "5", `\u003cem\u003e5\u003c/em\u003e`, "c", "%3Cmark%3Ec%3C%2Fmark%3E").Replace(s)
	}},
}

// TestNearSpellings: what is not common, but near to what is.
func TestNearSpellings(t *testing.T) {
	Secret("Hunter2-Pw-of-the-Registry")
	values := planted()
	values["Hunter2-Pw-of-the-Registry"] = []string{"hunter2", "registry"}
	for value, needles := range values {
		for _, d := range nearDisguises {
			spelled := d.of(value)
			for _, in := range []string{"invalid value %s given", `{"message":"got %s","n":1}`, "x=%s&y=2"} {
				text := fmt.Sprintf(in, spelled)
				got := Message(text)
				contains(t, d.name, text, got, needles)
				contains(t, d.name+" as it is", text, got, []string{spelled})
			}
		}
	}
}

// TestLettersThatOnlyLookAlike: of other scripts, and numbers in words of one letter.
func TestLettersThatOnlyLookAlike(t *testing.T) {
	for in, needle := range map[string]string{
		"hash " + strings.NewReplacer("a", "а", "c", "с", "e", "е").Replace(sha) + " bad": "86е0b9",
		"click аmzn1.сlick.abc123 bad": "abc123",
		"phone 一五五五一二三四五六七 bad":        "五五五",
		"phone 〇七七〇〇九〇〇一二三 bad":        "七〇〇",
		"jane[at]example[dot]com bad":  "jane",
		"jane (at) example.com bad":    "jane",
		"jane {AT} example.com bad":    "jane",
		"phone 15'551'234'567 bad":     "551",
		"phone 15’551’234’567 bad":     "551",
		"phone 1⁄555⁄1234567 bad":      "555",
		"phone 555;123;4567 bad":       "123",
	} {
		if got := Message(in); strings.Contains(got, needle) || strings.Contains(got, "example") {
			t.Errorf("%q became %q", in, got)
		}
	}
	for _, s := range []string{"größe und straße", "указанное значение 一二三 не подходит", "look at (the) example", "a <b> in x=40, size=2540 and &lt;p&gt;"} {
		if got := Message(s); strings.Contains(got, "[") {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// TestWrappedValues: a secret or an identifier of the event that is broken over
// lines or grouped by blanks, wherever it is broken.
func TestWrappedValues(t *testing.T) {
	const secret, click = "Wrapped-Secret-0a1B2c3D4e5F", "Q2xpY2sgd2l0aCBz-77"
	Secret(secret)
	for _, value := range []string{secret, click} {
		for n := 1; n < len(value); n++ {
			for _, mark := range []string{"\n", "\r\n  ", " ", "\u00a0", `\n`, "=\r\n", "%0A", "&#10;"} {
				text := "value " + grouped(value, mark, n) + " given"
				got := Message(text, click)
				if !strings.HasPrefix(got, "value [") || !strings.HasSuffix(got, "] given") {
					t.Errorf("groups of %d with %q: %q became %q", n, mark, text, got)
				}
			}
		}
	}
	for n := 4; n < 30; n++ {
		text := "value " + grouped(base64.StdEncoding.EncodeToString([]byte("user:"+secret)), "\r\n", n) + " given"
		if got := Message(text); len(strings.Map(func(r rune) rune {
			if r < 0x80 && isWord(byte(r)) {
				return r
			}
			return -1
		}, strings.ReplaceAll(got, "[secret]", ""))) > len("valuegiven")+12 {
			t.Errorf("base64 in groups of %d: %q became %q", n, text, got)
		}
	}
	if got := Message("the schema registry says no"); got != "the schema registry says no" {
		t.Errorf("words became %q", got)
	}
}
