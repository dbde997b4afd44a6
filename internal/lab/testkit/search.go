package testkit

import "strings"

// searchKey is how many bytes of a pattern are looked up at each place of a text.
const searchKey = 6

// Search looks for many patterns at once, in one pass over each text: hundreds of
// thousands of identifiers in megabytes of output, which a search for one after
// the other takes minutes for.
type Search struct {
	patterns []string
	byKey    map[string][]int // by their first bytes
	short    []int            // those without as many
}

// NewSearch prepares a search. Empty patterns are never found.
func NewSearch(patterns []string) *Search {
	s := &Search{patterns: patterns, byKey: make(map[string][]int, len(patterns))}
	for i, p := range patterns {
		switch {
		case len(p) >= searchKey:
			s.byKey[p[:searchKey]] = append(s.byKey[p[:searchKey]], i)
		case p != "":
			s.short = append(s.short, i)
		}
	}
	return s
}

// First returns the index of a pattern that the text contains, the one that
// begins first where it can tell; -1 if there is none.
func (s *Search) First(text string) int {
	for _, i := range s.short {
		if strings.Contains(text, s.patterns[i]) {
			return i
		}
	}
	for at := 0; at+searchKey <= len(text); at++ {
		for _, i := range s.byKey[text[at:at+searchKey]] {
			if strings.HasPrefix(text[at:], s.patterns[i]) {
				return i
			}
		}
	}
	return -1
}
