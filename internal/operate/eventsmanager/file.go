package eventsmanager

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/textfile"
)

// Shown is a row of Events Manager.
type Shown struct {
	Account string // empty if the file does not say
	Name    string
	Day     time.Time // its midnight, in UTC
	Count   int64
	// Excluded is the share that was excluded for lack of consent, 0 to 1, and Rounding
	// how far it may be off, since it is shown with few digits. It is negative if the
	// file does not have it.
	Excluded, Rounding float64
	Line               int
}

// File is an export of Events Manager.
type File struct {
	Rows []Shown
	// Accounts reports whether the rows say whose they are.
	Accounts bool
	// Notes say which lines were skipped, and why.
	Notes []string
}

// Bounds of a file: a year of several hundred names takes a tenth of them.
const (
	maxBytes  = 32 << 20
	maxRows   = 200_000
	maxHeader = 20 // lines before the header, which reports begin with
	maxNotes  = 20
)

// column is a column that is looked for.
type column int

const (
	colAccount column = iota
	colName
	colDay
	colCount
	colExcluded
	columnCount
)

// columns are the names of header cells, without case, spaces and punctuation.
var columns = [columnCount]struct {
	called  string
	aliases []string
}{
	colAccount: {"account", []string{"account", "accountid", "advertiser", "advertiserid", "profile", "profileid", "manageraccount", "manageraccountid", "adsaccountid", "amazonadsaccountid", "entityid"}},
	colName:    {"name", []string{"name", "event", "eventname", "conversioneventname", "conversionname", "conversiondefinition", "conversiondefinitionname", "eventdefinition"}},
	colDay:     {"day", []string{"day", "date", "dayutc", "dateutc", "eventday", "eventdate", "eventdayutc", "eventdateutc"}},
	colCount:   {"count", []string{"count", "counts", "events", "eventcount", "eventscount", "numberofevents", "totalevents", "totalcount", "eventsreceived", "receivedevents", "received", "conversions"}},
	colExcluded: {"excluded share", []string{
		"excludedshare", "shareexcluded", "excludedrate", "excludedratio", "excluded", "excludedpercent", "percentexcluded", "excludedpercentage", "excludedeventsshare", "excludedeventspercent", "excludedbyconsent",
	}},
}

// wanted is the header that errors ask for.
const wanted = "want a header with the columns name, day and count, and perhaps excluded share and account, as CSV with , ; or tabs between them"

// row is a row as it stands in the file.
type row struct {
	line  int
	cells [columnCount]string
}

// Read parses a file of counts. It refuses ambiguous content, because the person who saved
// the file knows which is meant.
func Read(r io.Reader) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(textfile.NewReader(r), maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("it has more than %d MiB: want counts by name and day, a month at a time", maxBytes>>20)
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("line %d is not UTF-8, but perhaps Windows-1252 or ISO 8859: want UTF-8, or names would not be those that were sent", 1+bytes.Count(data[:invalidAt(data)], []byte("\n")))
	}
	t, err := findTable(data)
	if err != nil {
		return nil, err
	}
	f := &File{Accounts: t.at[colAccount] >= 0}
	rows, err := f.readRows(t)
	if err != nil {
		return nil, err
	}
	return f, f.understand(t, rows)
}

// invalidAt returns where a text stops being UTF-8.
func invalidAt(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// table says where the rows begin, and the meaning of the columns.
type table struct {
	data   []byte // from the header on
	comma  rune
	before int // lines before the header
	at     [columnCount]int
	header [columnCount]string
}

// findTable looks for the header: reports have titles above it, and spreadsheets separate
// cells according to their language.
func findTable(data []byte) (*table, error) {
	rest := data
	var near error
	for before := 0; before < maxHeader && len(rest) > 0; before++ {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		for _, comma := range []rune{',', ';', '\t', '|'} {
			t, err := readHeader(line, comma)
			if err != nil {
				near = err
			}
			if t != nil {
				t.data, t.before = rest, before
				return t, nil
			}
		}
		rest = after
	}
	switch {
	case near != nil:
		return nil, near
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errors.New("it is empty: " + wanted)
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(data), []byte("\n"))
	return nil, fmt.Errorf("it has no such header; it begins with %s: %s", quote(string(first)), wanted)
}

// readHeader returns nil for a line that is not a header. The error is about one that is.
func readHeader(line []byte, comma rune) (*table, error) {
	r := csv.NewReader(bytes.NewReader(line))
	r.Comma, r.FieldsPerRecord = comma, -1
	cells, err := r.Read()
	if err != nil || len(cells) < 3 {
		return nil, nil
	}
	t := &table{comma: comma}
	for c := range t.at {
		t.at[c] = -1
	}
	var twice error
	for i, cell := range cells {
		c, ok := columnOf(cell)
		switch {
		case !ok:
		case t.at[c] >= 0:
			twice = fmt.Errorf("columns %s and %s could both be the %s: want one of them", quote(t.header[c]), quote(cell), columns[c].called)
		default:
			t.at[c], t.header[c] = i, cell
		}
	}
	if t.at[colName] < 0 || t.at[colDay] < 0 || t.at[colCount] < 0 {
		return nil, nil
	}
	if twice != nil {
		return nil, twice
	}
	return t, nil
}

func columnOf(header string) (column, bool) {
	h := plain(strings.ReplaceAll(header, "%", "percent"))
	for c := range columns {
		if slices.Contains(columns[c].aliases, h) {
			return column(c), true
		}
	}
	return 0, false
}

// plain returns a text without case, spaces and punctuation, by which event names match, too.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

func (f *File) note(format string, args ...any) {
	if len(f.Notes) < maxNotes {
		f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
	}
}

// readRows reads the cells of all rows with data.
func (f *File) readRows(t *table) (rows []row, err error) {
	r := csv.NewReader(bytes.NewReader(t.data))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = t.comma, -1, true
	for first := true; ; first = false {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, fmt.Errorf("line %d is not CSV: %w", bad.Line+t.before, bad.Err)
		}
		if err != nil {
			return nil, err
		}
		if first {
			continue // the header
		}
		line, _ := r.FieldPos(0)
		next := row{line: line + t.before}
		for c, at := range t.at {
			if at >= 0 && at < len(cells) {
				next.cells[c] = strings.Clone(strings.TrimFunc(cells[at], unicode.IsSpace))
			}
		}
		switch keep, err := f.keeps(&next); {
		case err != nil:
			return nil, err
		case !keep:
		case len(rows) == maxRows:
			return nil, fmt.Errorf("it has more than %d rows: want fewer days", maxRows)
		default:
			rows = append(rows, next)
		}
	}
}

// keeps reports whether a row counts something: blank lines and sums do not.
func (f *File) keeps(r *row) (bool, error) {
	name, day, count := r.cells[colName], r.cells[colDay], r.cells[colCount]
	switch sum := plain(name + day); {
	case name+day+count == "":
		return false, nil
	case (name == "" || day == "") && slices.Contains([]string{"total", "totals", "sum", "grandtotal", ""}, sum):
		f.note("line %d is a sum, and was not compared", r.line)
		return false, nil
	case name == "":
		return false, fmt.Errorf("line %d has no event name: want one in each row", r.line)
	case day == "":
		return false, fmt.Errorf("line %d has no day: want one in each row, such as 2025-11-24", r.line)
	case count == "":
		return false, fmt.Errorf("line %d has no count: want one in each row, 0 for none", r.line)
	}
	return true, nil
}

// understand turns the cells into values.
func (f *File) understand(t *table, rows []row) error {
	days, err := readDays(rows)
	if err != nil {
		return err
	}
	numbers, err := readNumbers(rows, t.header[colExcluded])
	if err != nil {
		return err
	}
	type key struct {
		account, name string
		day           time.Time
	}
	seen := make(map[key]int, len(rows))
	for i := range rows {
		r := &rows[i]
		k := key{r.cells[colAccount], r.cells[colName], days[i]}
		if first, again := seen[k]; again {
			if rows[first].cells != r.cells {
				return fmt.Errorf("lines %d and %d are both of %s on %s, and differ: want one row for each name and day (of each account), with the sum",
					rows[first].line, r.line, quote(k.name), k.day.Format(time.DateOnly))
			}
			f.note("line %d is the same as line %d, and counts once", r.line, rows[first].line)
			continue
		}
		seen[k] = i
		f.Rows = append(f.Rows, Shown{k.account, k.name, k.day, numbers[i].count, numbers[i].excluded, numbers[i].rounding, r.line})
	}
	return nil
}

// quote shows a foreign text, at most a line of it.
func quote(s string) string { return strconv.Quote(redact.Line(redact.Text(s), 80)) }
