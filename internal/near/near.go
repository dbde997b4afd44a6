package near

import (
	"iter"
	"slices"
)

// Name returns the known name nearest to a misspelt one, at most that many edits away;
// empty for none. Among equally near names the first is returned.
func Name(misspelt string, known iter.Seq[string], most int) string {
	best, at := "", most+1
	for _, k := range slices.Sorted(known) {
		if d := distance(misspelt, k); d < at {
			best, at = k, d
		}
	}
	return best
}

// distance returns how many bytes are added, removed or changed between two names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diag+cost)
		}
	}
	return row[len(b)]
}
