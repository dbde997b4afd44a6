package transform

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

const (
	minDataSet = 5
	maxDataSet = 100
)

// CheckDataSet returns why Amazon would not take the name of a data set; nil if it is valid.
// Amazon refuses names of 4 or 101 characters only when an event is sent, so every setting
// with such a name is checked at start.
func CheckDataSet(name string) error {
	if len(name) < minDataSet || len(name) > maxDataSet {
		return fmt.Errorf("data set name %s has %s: want %d to %d", redact.Quote(name), count.Of(len(name), "character"), minDataSet, maxDataSet)
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '_' || c == '-'):
		default:
			return fmt.Errorf("data set name %s cannot be used: want a letter, then letters, digits, _ and -", redact.Quote(name))
		}
	}
	return nil
}
