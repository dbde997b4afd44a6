package screen

import (
	"io"
	"slices"
	"strings"
)

// Table is rows under a header.
type Table struct {
	Header  []string
	Rows    [][]string
	Footer  []string // nil for none
	Numbers []int    // columns that are aligned to the right
	Spare   []int    // columns that go below their row first where there is no room
}

// leastText is how wide a column of text must be to be read with ease.
const leastText = 28

// longest is how long a word may be before its column is the first to go below the row.
const longest = 40

// Print writes the table. If it is wider than w's lines may be, its text is broken between
// words; if that is not enough, columns go below their rows, each with its name, and without
// those that have nothing to say.
func (t *Table) Print(w io.Writer) {
	l := newLayout(t, WidthOf(w))
	if s, ok := w.(*Screen); ok {
		l.colour = s.colour
	}
	var b strings.Builder
	l.print(&b)
	// Lines fit, so that a screen does not fold them again, and colours have no width.
	if s, ok := w.(*Screen); ok {
		if s.Flush() == nil {
			_, s.err = io.WriteString(s.out, b.String())
		}
		return
	}
	_, _ = io.WriteString(w, b.String())
}

// layout is which columns of a table go where.
type layout struct {
	header  []string
	rows    [][]string // the footer last, if there is one
	footer  bool
	width   int // 0 for any
	number  []bool
	spare   []int
	columns []int // that stand side by side
	below   []int // that go below their rows
	text    int   // the column of text among them, which is last and has no name; -1 for none
	widths  []int // by column
	natural []int
	colour  bool
}

func newLayout(t *Table, width int) *layout {
	l := &layout{width: width, footer: t.Footer != nil, number: make([]bool, len(t.Header)), spare: t.Spare, text: -1}
	l.header = cleaned(t.Header, len(t.Header))
	for _, r := range t.Rows {
		l.rows = append(l.rows, cleaned(r, len(t.Header)))
	}
	if l.footer {
		l.rows = append(l.rows, cleaned(t.Footer, len(t.Header)))
	}
	for _, n := range t.Numbers {
		l.number[n] = true
	}
	for i, h := range l.header {
		l.columns = append(l.columns, i)
		w := Width(h)
		for _, r := range l.rows {
			w = max(w, Width(r[i]))
		}
		l.natural = append(l.natural, w)
	}
	l.widths = slices.Clone(l.natural)
	if width > 0 {
		l.fit()
	}
	return l
}

func cleaned(cells []string, n int) []string {
	out := make([]string, n)
	for i := range min(n, len(cells)) {
		out[i] = clean(cells[i])
	}
	return out
}

// total is how wide the columns are side by side, with a blank before the first and two
// between them.
func (l *layout) total() int {
	sum := 1
	for i, c := range l.columns {
		if i > 0 {
			sum += 2
		}
		sum += l.widths[c]
	}
	return sum
}

// fit makes the columns no wider than the lines.
func (l *layout) fit() {
	if l.total() <= l.width {
		return
	}
	l.foldHeaders()
	if l.total() <= l.width {
		return
	}
	text := l.widest()
	if text >= 0 {
		others := l.total() - l.widths[text]
		if room := l.width - others; room >= min(leastText, l.widths[text]) {
			l.widths[text] = room
			return
		}
		l.text = text
		l.move(text)
	}
	for _, c := range l.leaving() {
		if l.total() <= l.width {
			break
		}
		l.move(c)
	}
	for _, c := range l.columns { // at least the first, whatever it holds
		l.widths[c] = min(l.widths[c], l.width-1)
	}
	slices.Sort(l.below)
}

// foldHeaders makes columns whose header is their widest cell as narrow as its words.
func (l *layout) foldHeaders() {
	for c, h := range l.header {
		need := 0
		for word := range strings.FieldsSeq(h) {
			need = max(need, Width(word))
		}
		for _, r := range l.rows {
			need = max(need, Width(r[c]))
		}
		l.widths[c] = need
	}
}

// widest returns the widest column of text that may be broken between words; -1 for none.
func (l *layout) widest() int {
	at := -1
	for _, c := range l.columns[1:] {
		if l.widths[c] < leastText || l.number[c] || at >= 0 && l.widths[c] <= l.widths[at] {
			continue
		}
		if slices.ContainsFunc(l.rows, func(r []string) bool { return Width(r[c]) > leastText && strings.Contains(r[c], " ") }) {
			at = c
		}
	}
	return at
}

// leaving returns the columns in the order in which they go below their rows: those that say
// nothing, those with long words, the spare ones, and then from the right. The first stays.
func (l *layout) leaving() (order []int) {
	add := func(c int) {
		if c != 0 && c != l.text && !slices.Contains(order, c) {
			order = append(order, c)
		}
	}
	for c := range l.header {
		if !slices.ContainsFunc(l.rows, func(r []string) bool { return says(r[c]) }) {
			add(c)
		}
	}
	for c := range l.header {
		if l.widths[c] > longest {
			add(c)
		}
	}
	for _, c := range l.spare {
		add(c)
	}
	for c := len(l.header) - 1; c > 0; c-- {
		add(c)
	}
	return order
}

// says reports whether a cell says more than that there is nothing.
func says(cell string) bool { return cell != "" && cell != "0" && cell != "–" && cell != "-" }

func (l *layout) move(c int) {
	l.columns = slices.DeleteFunc(l.columns, func(x int) bool { return x == c })
	if c != l.text {
		l.below = append(l.below, c)
	}
}
