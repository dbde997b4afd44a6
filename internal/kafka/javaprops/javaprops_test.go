package javaprops

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestParse holds the reader to what java.util.Properties makes of the same text.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"a=b":                         "a=b@1",
		"a = b ":                      "a=b @1",
		"a: b\nc d\ne":                "a=b@1 c=d@2 e=@3",
		"  a\t:=b":                    "a==b@1",
		"# c\\\na=b\n! d\n\n \t\ne=f": "a=b@2 e=f@6",
		"a=b\\\n   c\\\r\n\td\re=f":   "a=bcd@1 e=f@4",
		"a=b\\\\\nc=d":                `a=b\@1 c=d@2`,
		"a=b\\":                       "a=b@1",
		"a=b\\\n# no comment":         "a=b# no comment@1",
		`a\ b\=c\:d=e\=f`:             "a b=c:d=e=f@1",
		`a=\t\n\q\\`:                  "a=\t\nq\\@1",
		`a=\u00e9\ud83d\ude00x`:       "a=é😀x@1",
		"a=\xe9":                      "a=é@1",
		"a=é":                         "a=é@1",
		"\ufeffa=b":                   "a=b@1",
		"a=1\na=2":                    "a=1@1 a=2@2",
		"=v":                          "=v@1",
		"":                            "",
		`p=C:\\certs\\a.jks`:          `p=C:\certs\a.jks@1`,
	} {
		entries, err := Parse([]byte(text))
		var got []string
		for _, e := range entries {
			got = append(got, fmt.Sprintf("%s=%s@%d", e.Name, e.Value, e.Line))
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"a=b\nc=\\u12":                  "line 2",
		`a=\uwxyz`:                      "hexadecimal",
		"\xff\xfea\x00=\x00b\x00":       "UTF-16",
		"a=\x00":                        "NUL",
		strings.Repeat("a", MaxBytes+1): "more than",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func TestParseJAAS(t *testing.T) {
	for text, want := range map[string]string{
		`org.apache.kafka.common.security.plain.PlainLoginModule required username="ann" password="p;w=\"x\\";`: `org.apache.kafka.common.security.plain.PlainLoginModule username=ann password=p;w="x\`,
		"a.B  REQUIRED\n c='d e'  f=g ;": "a.B c=d e f=g",
		"a.B optional;":                  "a.B",
	} {
		l, err := ParseJAAS(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := l.Class
		for _, o := range l.Options {
			got += " " + o.Name + "=" + o.Value
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]error{
		"":                                errJAAS,
		"a.B":                             errJAAS,
		`a.B wanted x="y";`:               errJAAS,
		`a.B required password="s3cret"`:  errJAASEnd,
		`a.B required password="s3cret;`:  errQuote,
		`a.B required password "s3cret";`: errJAAS,
		`a.B required p=q; c.D required;`: errModules,
		`a.B required =s3cret;`:           errJAAS,
	} {
		if _, err := ParseJAAS(text); err != want {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// escape writes a text as Java's Properties.store does, for names and for values.
func escape(s string, name bool) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case strings.ContainsRune("=:#!\\", r), r == ' ' && (name || i == 0):
			b.WriteString("\\" + string(r))
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\f':
			b.WriteString(`\f`)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04X\u%04X`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case r < 0x20 || r > 0x7e:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// TestStored: whatever Java stores is read back, wherever its lines are broken.
func TestStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab=:#!\\ \t\n\r\fé\u2028😀\x01")))
		n := rapid.IntRange(0, 5).Draw(t, "n")
		var file strings.Builder
		var names, values []string
		for range n {
			name, value := text.Filter(func(s string) bool { return s != "" }).Draw(t, "name"), text.Draw(t, "value")
			names, values = append(names, name), append(values, value)
			line := escape(name, true) + "=" + escape(value, false)
			if at := strings.IndexByte(line, 'a'); at > 0 && line[at-1] != '\\' { // a break before a letter
				line = line[:at] + "\\\n   " + line[at:]
			}
			file.WriteString(line + rapid.SampledFrom([]string{"\n", "\r", "\r\n", "\n# x\n"}).Draw(t, "end"))
		}
		entries, err := Parse([]byte(file.String()))
		if err != nil || len(entries) != n {
			t.Fatalf("%q: %v, %v; want %d entries", file.String(), entries, err, n)
		}
		for i, e := range entries {
			if e.Name != names[i] || e.Value != values[i] {
				t.Fatalf("%q: entry %d is %q=%q, want %q=%q", file.String(), i, e.Name, e.Value, names[i], values[i])
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a=b\\\n c\\u00e9\n#x\nsasl.jaas.config=a.B required x=\"y\";"))
	f.Add([]byte("\xff\xfea"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := Parse(data)
		lines := 1 + strings.Count(string(data), "\n") + strings.Count(string(data), "\r")
		for _, e := range entries {
			if e.Line < 1 || e.Line > lines {
				t.Errorf("line %d of %d", e.Line, lines)
			}
			if l, err := ParseJAAS(e.Value); err == nil && l.Class == "" && l.Options == nil && e.Value == "" {
				t.Error("nothing was taken for a login")
			}
		}
		if err != nil && entries != nil {
			t.Error("entries beside an error")
		}
	})
}
