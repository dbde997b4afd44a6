package dlq

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Filter chooses letters. Several values of one field are alternatives; several fields
// must all match. The zero value chooses every letter.
type Filter struct {
	Classes    []string // words of Classes
	Statuses   []int
	Codes      []string
	Fields     []string // userInfo includes everything below it
	Profiles   []string
	EventIDs   []string
	Partitions []int32 // of the dead-letter topic
	// Since and Until bound the time of the last failure; zero is unbounded.
	Since, Until time.Time
	// Open leaves out the letters that were redriven.
	Open bool
}

// Classes are the words that a Filter knows.
func Classes() (words []string) {
	for _, c := range verdict.DeadLetterClasses() {
		words = append(words, c.String())
	}
	return append(words, Foreign)
}

// Check returns an error for words that no letter has.
func (f *Filter) Check() error {
	for _, c := range f.Classes {
		if !slices.Contains(Classes(), c) {
			return fmt.Errorf("--class: %q is unknown: want %s", c, strings.Join(Classes(), ", "))
		}
	}
	for _, s := range f.Statuses {
		if s < 100 || s > 599 {
			return fmt.Errorf("--status: %d is not an HTTP status: want 100 to 599", s)
		}
	}
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return fmt.Errorf("--until: %s is not after --since, %s", f.Until.UTC().Format(time.RFC3339), f.Since.UTC().Format(time.RFC3339))
	}
	return nil
}

// Match reports whether an entry is chosen.
func (f *Filter) Match(e *Entry) bool {
	r := &e.Letter.Reason
	return (!f.Open || !e.Done && !e.Erased) &&
		anyOf(f.Classes, e.Class()) && anyOf(f.Statuses, r.Status) && anyOf(f.Codes, r.Code) &&
		(len(f.Profiles) == 0 || slices.ContainsFunc(f.Profiles, func(want string) bool {
			// Letters of profiles that were unknown have masks.
			return want == e.Letter.ProfileID || redact.Profile(want, false) == e.Letter.ProfileID
		})) && anyOf(f.Partitions, e.Partition) &&
		(len(f.Fields) == 0 || slices.ContainsFunc(f.Fields, func(want string) bool { return within(want, r.Field) })) &&
		(len(f.EventIDs) == 0 || slices.ContainsFunc(f.EventIDs, func(want string) bool {
			// Letters have ids in which possible identifiers are masked, or pseudonyms;
			// those from before --event-ids was set do not.
			return want == e.Letter.EventID || redact.EventID(want) == redact.EventID(e.Letter.EventID)
		})) &&
		(f.Since.IsZero() || !e.When().Before(f.Since)) && (f.Until.IsZero() || e.When().Before(f.Until))
}

func anyOf[T comparable](allowed []T, v T) bool {
	return len(allowed) == 0 || slices.Contains(allowed, v)
}

// within reports whether a field is the wanted one or lies within it.
func within(want, field string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(field), strings.ToLower(want))
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
