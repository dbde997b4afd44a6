package redact

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/net/idna"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

func raw32(enc *base32.Encoding) func(string) string {
	return func(s string) string { return enc.WithPadding(base32.NoPadding).EncodeToString([]byte(s)) }
}

func bigEndian(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return b
}

func printed(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	fmt.Fprint(w, s)
	w.Close()
	return b.String()
}

func quotedJSON(s string) string { b, _ := json.Marshal(s); return string(b) }

// encodings are those that programs, mail and people put one around another.
var encodings = []spelling{
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64url", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"base64 in fours", func(s string) string { return grouped(base64.StdEncoding.EncodeToString([]byte(s)), " ", 4) }},
	{"base64 in lines", func(s string) string { return grouped(base64.StdEncoding.EncodeToString([]byte(s)), "\r\n", 12) }},
	{"base32", raw32(base32.StdEncoding)},
	{"base32hex", raw32(base32.HexEncoding)},
	{"base32hex, lower", func(s string) string { return strings.ToLower(raw32(base32.HexEncoding)(s)) }},
	{"hex", func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"HEX with blanks", func(s string) string { return strings.ToUpper(grouped(hex.EncodeToString([]byte(s)), " ", 2)) }},
	{"hex with colons", func(s string) string { return grouped(hex.EncodeToString([]byte(s)), ":", 2) }},
	{"hex of UTF-16", func(s string) string { return hex.EncodeToString(bigEndian(s)) }},
	{"hex of UTF-16LE", func(s string) string { return hex.EncodeToString(utf16Bytes(s)) }},
	{"base64 of UTF-16", func(s string) string { return base64.StdEncoding.EncodeToString(utf16Bytes(s)) }},
	{"URL", url.QueryEscape},
	{"URL path", url.PathEscape},
	{"URL twice", func(s string) string { return url.QueryEscape(url.QueryEscape(s)) }},
	{"all of a URL", func(s string) string { return eachByte(s, "%%%02X") }},
	{"quoted-printable", printed},
	{"all quoted-printable", func(s string) string { return eachByte(s, "=%02X") }},
	{"JSON", quotedJSON},
	{"JSON in JSON", func(s string) string { return quotedJSON(`{"v":` + quotedJSON(s) + `}`) }},
	{"JSON in a URL", func(s string) string { return "https://x.invalid/?q=" + url.QueryEscape(`{"v":`+quotedJSON(s)+`}`) }},
	{"JSON by number", func(s string) string { return eachRune(s, `\u%04x`) }},
	{"braces", func(s string) string { return eachRune(s, `\u{%x}`) }},
	{"HTML", html.EscapeString},
	{"HTML by number", func(s string) string { return eachRune(s, "&#%d;") }},
	{"HTML by name", strings.NewReplacer("@", "&commat;", ".", "&period;", "+", "&plus;", "-", "&hyphen;").Replace},
	{"signs by U+", strings.NewReplacer("@", "U+0040", ".", "U+002E", "|", "U+007C").Replace},
	{"signs by <U+>", strings.NewReplacer("@", "<U+0040>", ".", "<U+002E>", "|", "<U+007C>").Replace},
	{"all by U+", func(s string) string { return strings.TrimSpace(eachRune(s, "U+%04X ")) }},
	{"full width", fullWidth},
	{"in lines", func(s string) string { return grouped(s, "\r\n ", 7) }},
	{"zero width", func(s string) string { return between(s, "\u200b") }},
	{"UTF-7", utf7},
	{"UTF-7 of all signs", utf7Runs},
	{"MIME", func(s string) string { return "=?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?=" }},
	{"HTML by hex", func(s string) string { return eachRune(s, "&#x%x;") }},
	{"fours", func(s string) string { return grouped(s, "\u00a0", 4) }},
	{"full-width digits", func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r - '0' + '\uff10'
			}
			return r
		}, s)
	}},
}

// utf7Runs writes neighbours that are no letters or digits of ASCII as one word.
func utf7Runs(s string) string {
	return regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllStringFunc(s, func(run string) string {
		return "+" + base64.RawStdEncoding.EncodeToString(bigEndian(run)) + "-"
	})
}

// isWhole reports whether a value has to be in one piece to be told from words.
func isWhole(value string) bool { return value != composedSecret && value != sha && value[0] != '+' }

// sentences are those of strangers around what was planted.
var sentences = []string{
	"%s", "invalid value %s given", `{"message":"got %s","n":1}`, "<p>bad <b>%s</b></p>", "x=%s&y=2", "the field 'user' (%s) is not known, see https://docs.invalid/errors#422",
}

// shown reports a part of a value that a text shows, as it is or in an encoding of the
// last steps that it went through.
func shown(text, value, spelled string) string {
	for _, t := range []string{text, html.UnescapeString(text), first(normal(text))} {
		low := strings.ToLower(t)
		for i := 0; i+6 <= len(value); i++ {
			if part := strings.ToLower(value[i : i+6]); !strings.ContainsAny(part, " ") && strings.Contains(low, part) {
				return part
			}
		}
	}
	// Two thirds of what was written, wherever it begins.
	if n := len(spelled) * 2 / 3; n >= 8 {
		for i := 0; i+n <= len(spelled); i++ {
			if strings.Contains(text, spelled[i:i+n]) {
				return spelled[i : i+n]
			}
		}
	}
	return ""
}

const composedSecret = "Lw9-Kettle-Drum_77x"

// composed are the values that are planted.
func composed(t testing.TB) []string {
	t.Helper()
	Secret(composedSecret)
	domain, err := idna.ToASCII("zürich-bücher.example")
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"kwame.boateng@quixote.example", "kwame.boateng@" + domain, "kwame.boateng@zürich-bücher.example", "+49 1512 3456789", "+15551234567",
		"aebe52e7-03ee-455a-b3c4-e57283966239", sha, "amzn1.click.q7Rk2-Zt9", "Atza|IwEBIJedGXjDqsU", composedSecret,
	}
}

// TestNothingComposedIsShown: an identifier or a secret in up to three encodings, one
// around another, in a sentence.
func TestNothingComposedIsShown(t *testing.T) {
	values := composed(t)
	check := func(t interface{ Errorf(string, ...any) }, value string, steps ...spelling) {
		spelled, names := value, ""
		for _, e := range steps {
			if e.name == "in lines" && value != composedSecret || e.name == "fours" && isWhole(value) {
				return // nobody can tell words from parts of an address that nobody knows
			}
			spelled, names = e.of(spelled), names+" "+e.name
		}
		some := sentences
		if testkit.Racing() { // ten times as long, and nothing to find
			some = sentences[len(spelled)%len(sentences):][:1]
		}
		for _, in := range some {
			text := fmt.Sprintf(in, spelled)
			if got := Message(text); shown(got, value, spelled) != "" {
				t.Errorf("%q by%s: %q\nbecame %q, which shows %q", value, names, text, got, shown(got, value, spelled))
				return
			}
		}
	}
	for _, value := range values {
		for _, one := range encodings {
			check(t, value, one)
			for _, two := range encodings {
				check(t, value, one, two)
			}
		}
	}
	if t.Failed() {
		return
	}
	named := make(map[string]spelling)
	for _, e := range encodings {
		named[e.name] = e
	}
	for _, c := range composedOnce {
		steps := strings.Split(c, ", ")
		for _, value := range values {
			check(t, value, named[steps[0]], named[steps[1]], named[steps[2]])
		}
	}
	draws := 3000
	if testkit.Racing() {
		draws = 300
	}
	draw := rand.New(rand.NewPCG(16, 2)) // the same ones each time
	for range draws {
		value := values[draw.IntN(len(values))]
		check(t, value, encodings[draw.IntN(len(encodings))], encodings[draw.IntN(len(encodings))], encodings[draw.IntN(len(encodings))])
	}
}

// composedOnce came through once: a line that is broken within an escape, groups of what
// decodes to nothing that is known, signs of UTF-7 that are not ASCII themselves.
var composedOnce = []string{
	"braces, quoted-printable, quoted-printable",
	"all quoted-printable, quoted-printable, quoted-printable",
	"all of a URL, in lines, base64 in fours",
	"full width, UTF-7, base32",
	"HTML by name, HTML, in lines",
	"UTF-7, in lines, JSON in a URL",
	"HTML by name, full-width digits, UTF-7",
	"signs by <U+>, in lines, UTF-7",
	"UTF-7, braces, base64 in fours",
	"base64 in lines, UTF-7, base64 in fours",
	"HTML by name, quoted-printable, all by U+",
	"HTML by number, quoted-printable, JSON in JSON",
	"braces, full width, UTF-7",
	"full width, quoted-printable, UTF-7",
	"JSON by number, fours, base64 in fours",
	"all quoted-printable, fours, base64 in fours",
	"HTML by hex, quoted-printable, zero width",
	"zero width, quoted-printable, zero width",
	"UTF-7, base64url, base32",
	"fours, JSON in JSON, base32",
	"base32hex, fours, base64 in fours",
	"full-width digits, base64 of UTF-16, base32",
	"base32hex, fours, base32",
	"full-width digits, URL twice, in lines",
	"all of a URL, full-width digits, base64 of UTF-16",
	"all by U+, quoted-printable, JSON in JSON",
}

// Words of base64's signs alone have nothing in them, and end nobody.
func TestWordsOfSigns(t *testing.T) {
	for _, sign := range []string{"+", "/", "-", "_", "=", "+/", "=+", "+-", "%", `\`, "&#", "U+", "=3", "<", "@", "0x"} {
		for n := range 70 {
			text := strings.Repeat(sign, n)
			for _, s := range []string{text, "x " + text + " y", text + "=", "a" + text, text + text + " " + text} {
				Message(s, s)
				Text(s)
				EventID(s)
			}
		}
	}
	if got := Message("to YUBi LmNv"); strings.Contains(got, "YUBi") {
		t.Errorf("an address in two groups of base64 became %q", got)
	}
}
