package start

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Undecidable reports that it cannot be decided where the group begins.
func Undecidable(group string, topics []string, why error) error {
	return fmt.Errorf("start latest: where group %q begins in topic %s cannot be decided: %w", group, quoted(topics), redact.Wrap(why))
}

// quoted lists names.
func quoted(names []string) string {
	var qs []string
	for _, name := range names {
		qs = append(qs, strconv.Quote(name))
	}
	return strings.Join(qs, ", ")
}
