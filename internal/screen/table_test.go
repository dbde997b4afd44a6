package screen

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// hostile are contents that cells can have: wide runes, long ids, numbers of 20 digits, what
// moves a terminal's cursor.
var hostile = []string{
	"", "0", "–", "18446744073709551615", "ord_" + strings.Repeat("x", 200), "注文が完了しました 注文が完了しました", "👩‍👩‍👧‍👧 family 🇩🇪 flag", "e\u0301\u0301\u0301 combining",
	"the value begins with byte 0x7b, and nothing names its schema; looked for: Confluent's header, Apicurio's and Glue's", "\x1b[31mred\x1b[0m", "a\tb\nc", "\u202eright to left",
	strings.Repeat("word ", 60), "https://advertising-api.amazon.com/offAmazonEvents/2023-11-13/events?with=a&very=long&query=string&that=goes&on=and&on=forever", "2026-04-23 10:15:30Z", "1234567890",
}

func TestTablesFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 16).Draw(t, "columns")
		cell := rapid.OneOf(rapid.SampledFrom(hostile), rapid.StringN(0, 60, 200))
		row := rapid.SliceOfN(cell, columns, columns)
		table := Table{Header: rapid.SliceOfN(rapid.SampledFrom([]string{"profile", "event id", "why", "", "value accepted", "state"}), columns, columns).Draw(t, "header")}
		table.Rows = rapid.SliceOfN(row, 0, 5).Draw(t, "rows")
		if rapid.Bool().Draw(t, "footer") {
			table.Footer = row.Draw(t, "foot")
		}
		width := rapid.IntRange(40, 120).Draw(t, "width")
		var b bytes.Buffer
		table.Print(New(&b, Options{Width: width, Colour: true}))
		for line := range strings.Lines(b.String()) {
			if w := Width(strings.TrimSuffix(line, "\n")); w > width {
				t.Fatalf("%d columns wide, want %d: %q\n%s", w, width, line, &b)
			}
		}
		if strings.Contains(b.String(), "\u202e") || strings.Contains(b.String(), "\x1b[31mred") {
			t.Fatalf("a cell can move the cursor: %q", &b)
		}
	})
}

func TestFoldedLinesFitAndLoseNoWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"", "  ", "  1. ", "- ", "read with  "}).Draw(t, "head") + strings.Join(rapid.SliceOf(rapid.StringMatching(`[a-z,]{1,30}`)).Draw(t, "words"), " ")
		width := rapid.IntRange(41, 100).Draw(t, "width") // a word beside each head: what has no room may be broken
		folded := Fold(line, width)
		for _, part := range folded {
			if Width(part) > width {
				t.Fatalf("%d columns, want %d: %q", Width(part), width, part)
			}
		}
		if got, want := strings.Join(strings.Fields(strings.Join(folded, " ")), " "), strings.Join(strings.Fields(line), " "); got != want {
			t.Fatalf("folded to %q, want %q", got, want)
		}
	})
}

func TestFold(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{"short", "short"},
		{"  2. Find the producer of the record by its key and headers", "  2. Find the producer of the record by\n     its key and headers"},
		{"read with  the schema that the registry has under that id", "read with  the schema that the registry\n           has under that id"},
		{"what is at https://a.example/path/that/is/long/and/has/no/blank", "what is at https://a.example/path/that/\nis/long/and/has/no/blank"},
		{strings.Repeat("x", 60) + " y", strings.Repeat("x", 39) + "…\ny"},
		{strings.Repeat("注", 30), strings.Repeat("注", 19) + "…"},
	} {
		if got := strings.Join(Fold(tc.line, 40), "\n"); got != tc.want {
			t.Errorf("%q is folded to\n%s\nwant\n%s", tc.line, got, tc.want)
		}
	}
}

func TestTableLayouts(t *testing.T) {
	table := Table{
		Header: []string{"letter", "failed", "redrives", "why", "message"}, Numbers: []int{2}, Spare: []int{2},
		Rows: [][]string{{"0/12", "2026-04-23 10:15:30Z", "0", "422 INVALID_EVENT", "the postal code is sent without its country"}, {"11/7", "2026-04-23 10:15:31Z", "2", "consent", "short"}},
	}
	for _, tc := range []struct {
		width int
		want  string
	}{
		{0, " letter  failed                redrives  why                message\n" +
			strings.Repeat("─", 104) + "\n" +
			" 0/12    2026-04-23 10:15:30Z         0  422 INVALID_EVENT  the postal code is sent without its country\n" +
			" 11/7    2026-04-23 10:15:31Z         2  consent            short\n"},
		{90, " letter  failed                redrives  why                message\n" +
			strings.Repeat("─", 90) + "\n" +
			" 0/12    2026-04-23 10:15:30Z         0  422 INVALID_EVENT  the postal code is sent\n" +
			"                                                            without its country\n" +
			" 11/7    2026-04-23 10:15:31Z         2  consent            short\n"},
		{50, " letter  failed                why\n" +
			strings.Repeat("─", 50) + "\n" +
			" 0/12    2026-04-23 10:15:30Z  422 INVALID_EVENT\n" +
			"     the postal code is sent without its country\n" +
			" 11/7    2026-04-23 10:15:31Z  consent\n" +
			"     redrives 2\n" +
			"     short\n"},
	} {
		var b bytes.Buffer
		table.Print(New(&b, Options{Width: tc.width}))
		if b.String() != tc.want {
			t.Errorf("%d columns:\n%s\nwant\n%s", tc.width, &b, tc.want)
		}
	}
}

func TestColours(t *testing.T) {
	for _, tc := range []struct {
		environ  string
		terminal bool
		want     bool
	}{
		{"", true, true}, {"", false, false}, {"NO_COLOR=1", true, false}, {"NO_COLOR=", true, true}, {"CLICOLOR_FORCE=1", false, true}, {"CLICOLOR_FORCE=0", false, false},
		{"NO_COLOR=1 CLICOLOR_FORCE=1", true, false}, {"CLICOLOR=0", true, false}, {"TERM=dumb", true, false}, {"TERM=dumb CLICOLOR_FORCE=1", true, true},
	} {
		if got := Colours(strings.Fields(tc.environ), tc.terminal); got != tc.want {
			t.Errorf("%q, terminal %v: %v", tc.environ, tc.terminal, got)
		}
	}
	var b bytes.Buffer
	table := Table{Header: []string{"class", "profile"}, Rows: [][]string{{"rejected", "open"}}}
	table.Print(New(&b, Options{Width: 80, Colour: true}))
	if !strings.Contains(b.String(), "\x1b[31mrejected\x1b[0m  open\n") {
		t.Errorf("%q", &b)
	}
}
