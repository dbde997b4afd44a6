package screen

import (
	"regexp"
	"strings"
)

// item is what begins an item of a list, or a line of two columns; what follows is indented
// under it.
var item = regexp.MustCompile(`^\s*(?:(?:\d{1,3}\.|[-•*])\s+|\S{1,20}(?: \S{1,12})?:? {2,}|#\s+)?`)

// Fold breaks a line between words, so that no part is wider than width. Later parts are
// indented under the text of the first. A word that is too wide for a line is broken after
// punctuation, and a piece that still is too wide is shortened.
func Fold(line string, width int) []string {
	line = strings.TrimRight(line, " ")
	if width <= 0 || Width(line) <= width {
		return []string{line}
	}
	head := item.FindString(line)
	indent := Width(head)
	if indent > width/2 {
		head = line[:len(line)-len(strings.TrimLeft(line, " "))]
		if indent = len(head); indent > width/2 {
			head, indent = "", 0
			line = strings.TrimLeft(line, " ")
		}
	}
	return fold(head, strings.Repeat(" ", indent), line[len(head):], width)
}

// FoldAfter is Fold for a text after its head, which later lines are indented by.
func FoldAfter(head, text string, width int) []string {
	if width <= 0 || Width(head)+Width(text) <= width {
		return []string{strings.TrimRight(head+text, " ")}
	}
	return fold(head, strings.Repeat(" ", min(Width(head), width/2)), text, width)
}

// fold breaks a text into lines, the first after head and the others after indent, which is
// as wide.
func fold(head, indent, text string, width int) (lines []string) {
	room := width - Width(indent)
	line, used, wrote := head, 0, false
	next := func() {
		lines = append(lines, strings.TrimRight(line, " "))
		line, used, wrote = indent, 0, false
	}
	put := func(piece string, space bool) {
		n := Width(piece)
		if space && wrote {
			n++
			piece = " " + piece
		}
		if wrote && used+n > room {
			next()
			piece = strings.TrimPrefix(piece, " ")
			n = Width(piece)
		}
		line, used, wrote = line+piece, used+n, true
	}
	for word := range strings.FieldsSeq(text) {
		if Width(word) <= room {
			put(word, true)
			continue
		}
		for i, piece := range pieces(word, room) {
			put(piece, i == 0)
		}
	}
	if wrote || len(lines) == 0 {
		next()
	}
	return lines
}

// pieces breaks a word after punctuation. What is wider than room even so is shortened.
func pieces(word string, room int) (all []string) {
	for word != "" {
		i := strings.IndexAny(word, ",;/|&?=")
		if i < 0 {
			i = len(word) - 1
		}
		all = append(all, Cut(word[:i+1], room))
		word = word[i+1:]
	}
	return all
}
