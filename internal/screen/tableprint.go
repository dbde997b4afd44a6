package screen

import (
	"strings"
)

// print writes the table as it is laid out.
func (l *layout) print(b *strings.Builder) {
	l.line(b, l.header, true)
	rule := strings.Repeat("─", l.ruled()) + "\n"
	b.WriteString(rule)
	for i, r := range l.rows {
		if l.footer && i == len(l.rows)-1 {
			b.WriteString(rule)
		}
		l.line(b, r, false)
		l.under(b, r)
	}
}

// ruled is how long the rule under the header is: as wide as the table, which is wider than
// its columns where text stands below them.
func (l *layout) ruled() int {
	if len(l.below) > 0 || l.text >= 0 {
		return l.width
	}
	n := l.total() + 1
	if l.width > 0 {
		n = min(n, l.width)
	}
	return n
}

// line writes a row, over several lines if cells are broken.
func (l *layout) line(b *strings.Builder, cells []string, header bool) {
	folded, height := make([][]string, len(l.columns)), 1
	for i, c := range l.columns {
		folded[i] = fold("", "", cells[c], max(l.widths[c], 1))
		height = max(height, len(folded[i]))
	}
	for at := range height {
		var line strings.Builder
		for i, c := range l.columns {
			if i > 0 {
				line.WriteByte(' ')
			}
			cell := ""
			if at < len(folded[i]) {
				cell = folded[i][at]
			}
			pad := strings.Repeat(" ", max(l.widths[c]-Width(cell), 0))
			if l.colour && !header && coloured(l.header[c]) {
				cell = paint(cell)
			}
			if l.number[c] {
				line.WriteString(" " + pad + cell)
			} else {
				line.WriteString(" " + cell + pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// below writes what stands under a row: columns with their names, then the text.
func (l *layout) under(b *strings.Builder, cells []string) {
	var parts []string
	for _, c := range l.below {
		if says(cells[c]) {
			parts = append(parts, strings.TrimSpace(l.header[c]+" "+cells[c]))
		}
	}
	texts := []string{strings.Join(parts, ", ")}
	if l.text >= 0 {
		texts = append(texts, cells[l.text])
	}
	for _, text := range texts {
		if text == "" {
			continue
		}
		for _, line := range fold("     ", "     ", text, l.width) {
			b.WriteString(line + "\n")
		}
	}
}
