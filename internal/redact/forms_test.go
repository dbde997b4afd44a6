package redact

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// spelling is something that is done to a text on its way through other programs,
// and has to be undone before a pattern is asked.
type spelling struct {
	name string
	of   func(string) string
}

var escapings = []spelling{
	{"URL", url.QueryEscape},
	{"URL path", url.PathEscape},
	{"all of a URL", func(s string) string { return eachByte(s, "%%%02x") }},
	{"JSON", func(s string) string { b, _ := json.Marshal(s); return string(b[1 : len(b)-1]) }},
	{"all of JSON", func(s string) string { return eachRune(s, `\u%04x`) }},
	{"hex escapes", func(s string) string { return eachByte(s, `\x%02X`) }},
	{"octal escapes", func(s string) string { return eachByte(s, `\%03o`) }},
	{"HTML", html.EscapeString},
	{"decimal HTML", func(s string) string { return eachRune(s, "&#%d;") }},
	{"hex HTML", func(s string) string { return eachRune(s, "&#x%X;") }},
	{"HTML names", strings.NewReplacer("@", "&commat;", ".", "&period;", "+", "&plus;", "|", "&vert;").Replace},
	{"quoted", func(s string) string { return fmt.Sprintf("%q", s) }},
}

var disguises = []spelling{
	{"as it is", func(s string) string { return s }},
	{"upper case", strings.ToUpper},
	{"full width", fullWidth},
	{"Arabic digits", func(s string) string { return digitsFrom(s, '٠') }},
	{"Bengali digits", func(s string) string { return digitsFrom(s, '০') }},
	{"bold digits", func(s string) string { return digitsFrom(s, '𝟎') }},
	{"circled digits", func(s string) string {
		return strings.NewReplacer("1", "①", "2", "②", "3", "③", "5", "⑤", "9", "⑨").Replace(s)
	}},
	{"keycaps", func(s string) string {
		for d := range 10 {
			s = strings.ReplaceAll(s, fmt.Sprint(d), fmt.Sprint(d)+"\ufe0f\u20e3")
		}
		return s
	}},
	{"zero width", func(s string) string { return between(s, "\u200b") }},
	{"bidirectional", func(s string) string { return "\u202e" + between(s, "\u2066") }},
	{"tags", func(s string) string { return between(s, "\U000e0041") }},
	{"private use", func(s string) string { return between(s, "\ue000") }},
	{"controls", func(s string) string { return between(s, "\x00") }},
	{"objects", func(s string) string { return between(s, "\ufffc") }},
	{"colours", func(s string) string { return between(s, "\x1b[31m") }},
	{"soft hyphens", func(s string) string { return between(s, "\u00ad") }},
	{"no-break blanks", func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }},
	{"thin blanks", func(s string) string { return strings.ReplaceAll(s, " ", "\u2009") }},
	{"odd hyphens", func(s string) string { return strings.ReplaceAll(s, "-", "\u2011") }},
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64url", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"within base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(`{"a":"` + s + `"}`)) }},
	{"base64 twice", func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s))))
	}},
	{"hex", func(s string) string { return hex.EncodeToString([]byte(s)) }},
}

func eachByte(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func eachRune(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

func between(s, mark string) string { return strings.Join(strings.Split(s, ""), mark) }

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r + 0xfee0
		}
		return r
	}, s)
}

func digitsFrom(s string, zero rune) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, s)
}

// planted are values that name a person, in the forms in which events have them.
// The needles are what must not be left of them.
func planted() map[string][]string {
	sum := sha256.Sum256([]byte("jane.doe@example.com"))
	five, one := md5.Sum([]byte("jane.doe@example.com")), sha1.Sum([]byte("jane.doe@example.com"))
	all := map[string][]string{
		"jane.doe@example.com":                           {"jane", "example.com"},
		"Jane Doe <jane.doe@example.com>":                {"jane", "doe", "example.com"},
		`"Doe, Jane" <jane.doe@example.com>`:             {"jane", "doe", "example.com"},
		"jane.doe@example.com (Jane Doe)":                {"jane", "doe", "example.com"},
		"jane.doe+news@mail.example.co.uk":               {"jane", "example.co"},
		"jané@bücher.example":                            {"jan", "cher"},
		"jane@xn--bcher-kva.example":                     {"jane", "bcher"},
		"jane.doe @ example.com":                         {"jane", "example.com"},
		"+15551234567":                                   {"5551234567", "555"},
		"15551234567":                                    {"5551234567", "555"},
		"+1 (555) 123-4567":                              {"555", "4567"},
		"555 123 4567":                                   {"555", "4567"},
		"+44 20 7946 0958":                               {"7946", "0958"},
		"0049-30-12345678":                               {"12345678"},
		"555.123.4567":                                   {"555", "4567"},
		"AEBE52E7-03EE-455A-B3C4-E57283966239":           {"AEBE52E7", "E57283966239"},
		"aebe52e703ee455ab3c4e57283966239":               {"aebe52e7"},
		"amzn1.click.abc123-def":                         {"abc123"},
		"https://shop.example/?amzn_click_id=Q2xpY2s-77": {"Q2xpY2s"},
		"Atza|IwEBIJedGXjDqsU_vMxykqOMg":                 {"IwEBI"},
	}
	for name, digest := range map[string][]byte{"md5": five[:], "sha1": one[:], "sha256": sum[:]} {
		_ = name
		for _, text := range []string{
			hex.EncodeToString(digest), strings.ToUpper(hex.EncodeToString(digest)),
			base64.StdEncoding.EncodeToString(digest), base64.RawURLEncoding.EncodeToString(digest),
		} {
			all[text] = []string{text[:12], text[8:20]}
		}
	}
	return all
}

func contains(t interface{ Errorf(string, ...any) }, what, in, got string, needles []string) {
	for _, n := range needles {
		if strings.Contains(strings.ToLower(got), strings.ToLower(n)) {
			t.Errorf("%s: %q\nbecame %q, which has %q", what, in, got, n)
			return
		}
	}
}

// TestNoSpellingHidesAnIdentifier: an identifier in each disguise, escaped once,
// twice and three times, in the sentences of a stranger.
func TestNoSpellingHidesAnIdentifier(t *testing.T) {
	sentences := []string{"%s", "invalid value %s given", `{"message":"got %s","n":1}`, "<p>bad <b>%s</b></p>", "x=%s&y=2"}
	// The race detector takes ten times as long and has nothing to find here: each
	// escaping in one sentence then, another for each disguise.
	some := func(n int) []string {
		if testkit.Racing() {
			return sentences[n%len(sentences):][:1]
		}
		return sentences
	}
	for value, needles := range planted() {
		for di, d := range disguises {
			if d.name == "upper case" && isDigest(strings.TrimRight(value, "=")) {
				continue // that is another digest
			}
			if t.Failed() {
				return
			}
			spelled := d.of(value)
			for _, in := range sentences {
				text := fmt.Sprintf(in, spelled)
				contains(t, d.name, text, Message(text), needles)
			}
			for i, first := range escapings {
				once := first.of(spelled)
				for _, in := range some(i + di) {
					text := fmt.Sprintf(in, once)
					contains(t, d.name+", "+first.name, text, Message(text), needles)
				}
				for j := range 3 { // each with each, over all disguises
					second := escapings[(i+3*di+j)%len(escapings)]
					twice := second.of(once)
					contains(t, d.name+", "+first.name+", "+second.name, twice, Message("a "+twice+" b"), needles)
				}
				contains(t, d.name+", thrice "+first.name, once, Message("a "+first.of(first.of(once))+" b"), needles)
			}
		}
	}
}

// TestNoSpellingHidesASecret is that for what this process knows, in the words that
// a password is made of.
func TestNoSpellingHidesASecret(t *testing.T) {
	for _, secret := range []string{"hunter2-pw", "p@ss/w%rd&x", `q"uo\te`, "pä ß wörd", "with+plus=", "S3cr€t-7"} {
		Credentials("jane", secret)
		for _, d := range disguises {
			if strings.HasSuffix(d.name, "digits") || d.name == "odd hyphens" || d.name == "keycaps" {
				continue // other characters are another password
			}
			for _, value := range []string{secret, "jane:" + secret, "https://jane:" + url.QueryEscape(secret) + "@registry.example/"} {
				for _, e := range append(escapings, spelling{"bare", func(s string) string { return s }}) {
					text := "bad credentials " + e.of(d.of(value)) + " given"
					got := Message(text)
					for _, left := range []string{secret, url.QueryEscape(secret), html.EscapeString(secret), d.of(secret)} {
						if strings.Contains(strings.ToLower(got), strings.ToLower(left)) {
							t.Errorf("%s, %s: %q became %q", d.name, e.name, text, got)
							break
						}
					}
				}
			}
		}
		for _, basic := range []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("jane:"+secret)), "x" + base64.StdEncoding.EncodeToString([]byte("someone-else:"+secret))} {
			if got := Text(basic); strings.Contains(got, basic[len(basic)-8:len(basic)-3]) {
				t.Errorf("%q became %q", basic, got)
			}
		}
	}
}

func TestTextIsIdempotentAndBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(
			rapid.SampledFrom([]string{"jane@example.com", "+1 555 123 4567", "%2540", "&amp;#64;", `\\u0040`, "＠", "[email]", "[number]", "12345", "2026-04-23", " ", "\x1b[1m", "\u202e", "@", "Basic ", "amzn1.", "dead beef", "%", `\`, "&", "<", ">", "(", ")", "=="}),
			rapid.String(), rapid.StringMatching(`[A-Za-z0-9+/]{0,40}`), rapid.StringMatching(`[0-9a-f-]{0,40}`),
		)
		text := strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "parts"), rapid.SampledFrom([]string{"", " ", ","}).Draw(t, "between"))
		once := Message(text)
		if again := Message(once); again != once {
			t.Fatalf("%q became %q, and then %q", text, once, again)
		}
		if len(once) > MessageLimit || !utf8.ValidString(once) || Line(once, MessageLimit) != once {
			t.Fatalf("%q became %q", text, once)
		}
	})
}

// TestTimeIsInProportion counts no seconds: what could be slow are patterns that
// are tried over and over, so the input is made of what they begin with.
func TestHostileTextIsMaskedInOneGo(t *testing.T) {
	for _, part := range []string{"@", "a@", "<", `"`, "%25", `\`, "&amp;", "1 ", "0-", "ab:", "amzn1", "eyJ", "://", "=?", "\u202e", "ﷺ", "atza|", "Zm9v", "(", "a.b@c.d (", "'"} {
		text := strings.Repeat(part, (1<<20)/len(part))
		if got := Message(text); len(got) > MessageLimit {
			t.Errorf("%q: %d bytes", part, len(got))
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("bad email jane.doe@example.com", "jane.doe@example.com", uint8(0), uint8(0))
	f.Add("postal 10001\xff\n", "10001", uint8(1), uint8(2))
	f.Add("İİİ ABC", "abc", uint8(3), uint8(7))
	f.Add("++++++++ ++++++++++++++++", "abc", uint8(0), uint8(0))
	f.Add(strings.Repeat("i", 3000), "i", uint8(9), uint8(4))
	Secret("hunter2-pw")
	values := planted()
	names := make([]string, 0, len(values))
	for v := range values {
		names = append(names, v)
	}
	f.Fuzz(func(t *testing.T, s, id string, which, how uint8) {
		got := Message(s, id)
		if len(got) > MessageLimit || !utf8.ValidString(got) || Line(got, MessageLimit) != got {
			t.Fatalf("Message(%q, %q) = %q", s, id, got)
		}
		if again := Message(got, id); len(again) > MessageLimit {
			t.Fatalf("Message(%q, %q) = %q", got, id, again)
		}
		if shown := EventID(s); len(shown) > idLimit || !utf8.ValidString(shown) || EventID(shown) != shown {
			t.Fatalf("EventID(%q) = %q", s, shown)
		}
		value := names[int(which)%len(names)]
		disguise := disguises[int(how)%len(disguises)]
		if disguise.name == "upper case" && isDigest(strings.TrimRight(value, "=")) {
			return // that is another digest
		}
		spelled := disguise.of(value)
		if how >= 128 {
			spelled = escapings[int(how)%len(escapings)].of(spelled)
		}
		// Apart from its neighbours, which could make another word of it.
		text := head(s, 1000) + " \n " + spelled + " \n " + id
		needle := strings.ToLower(values[value][0])
		if len(text) < inputLimit && !strings.Contains(first(normal(strings.ToLower(s))), needle) && !strings.Contains(first(normal(strings.ToLower(id))), needle) {
			contains(t, "fuzzed", text, Message(text), values[value][:1])
		}
	})
}
