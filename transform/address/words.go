package address

import (
	_ "embed"
	"maps"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed words.txt
var wordsText string

// Tables that belong to no country.
const (
	everywhere = "default"
	directions = "direction"
	numbers    = "number"
	letters    = "letter"
)

// words are the steps for a country, merged: the result for a word depends on the word
// alone, so it is looked up once instead of six times.
type words struct {
	// whole maps a word between spaces to its form after steps 2 to 7.
	whole map[string]string
	// last maps a part of such a word to its form after steps 4 to 7.
	last map[string]string
	// again maps such a part whose letters had marks to its form after steps 6 and 7.
	again   map[string]string
	letters map[rune]string
	// simple: no word of a table has points, and the result is the same for a whole word and
	// for a part.
	simple bool
	// lengths has a bit for each length of the plain words of whole, by their first letter:
	// most words of an address are in no table.
	lengths [26]uint32
}

// mayHave reports whether a plain word can be in a table.
func (w *words) mayHave(word []byte) bool {
	return len(word) > 0 && word[0] >= 'a' && word[0] <= 'z' && len(word) < 32 && w.lengths[word[0]-'a']&(1<<len(word)) != 0
}

// tables has the words by country; countries without a table use everywhere's.
var tables = sync.OnceValue(func() map[string]*words {
	all := parse(wordsText)
	compiled := make(map[string]*words)
	for name := range all {
		switch name {
		case directions, numbers, letters:
		default:
			compiled[name] = compile(all, name)
		}
	}
	return compiled
})

type table map[string]string

// parse reads the embedded tables. A test reads them as well.
func parse(text string) map[string]table {
	all := make(map[string]table)
	var into table
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			into = make(table)
			all[strings.Trim(line, "[]")] = into
			continue
		}
		becomes, from, _ := strings.Cut(line, ":")
		for word := range strings.FieldsSeq(from) {
			into[word] = becomes
		}
	}
	return all
}

func compile(all map[string]table, country string) *words {
	places := []table{all[everywhere]}
	if country != everywhere {
		places = append(places, all[country])
	}
	w := &words{simple: true, whole: make(map[string]string), last: make(map[string]string), again: make(map[string]string), letters: make(map[rune]string)}
	for letter, as := range all[letters] {
		r, _ := utf8.DecodeRuneInString(letter)
		w.letters[r] = as
	}
	again := func(word string) string { return string(appendKept(nil, []byte(through(word, places...)))) }
	last := func(word string) string {
		word = through(word, all[directions], all[numbers])
		for letter, as := range all[letters] {
			word = strings.ReplaceAll(word, letter, as)
		}
		return again(word)
	}
	for _, t := range append(places, all[directions], all[numbers]) {
		for word := range maps.Keys(t) {
			w.again[word] = again(word)
			w.last[word] = last(word)
			w.whole[word] = last(through(word, places...))
			if w.whole[word] != w.last[word] || strings.ContainsAny(word, ",.[]/-#") {
				w.simple = false
			}
			if c := word[0]; c >= 'a' && c <= 'z' {
				w.lengths[c-'a'] |= 1 << len(word)
			}
		}
	}
	return w
}

// through returns a word after each table in turn.
func through(word string, tables ...table) string {
	for _, t := range tables {
		if becomes, ok := t[word]; ok {
			word = becomes
		}
	}
	return word
}
