package history

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tracklayer/amazon-capi/internal/near"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Asked finds out which of the values that somebody asked for nothing has, and what was meant.
// A misspelt filter would otherwise look like good news.
type Asked struct {
	mu     sync.Mutex
	fields []*askedField
}

type askedField struct {
	key    setting.Key
	open   map[string]string // values that nothing has had yet, by how they are compared
	exists map[string]bool   // values that something has, as they may be shown
	fold   func(string) string
}

// most bounds the values that are remembered to suggest one of them, and listed how many are
// named.
const (
	most   = 5000
	listed = 8
)

// For adds a setting with the values that were asked for. fold makes values that are the same
// equal; nil if only equal ones are.
func (a *Asked) For(key setting.Key, values []string, fold func(string) string) {
	if len(values) == 0 {
		return
	}
	if fold == nil {
		fold = func(s string) string { return s }
	}
	f := &askedField{key: key, open: make(map[string]string), exists: make(map[string]bool), fold: fold}
	for _, v := range values {
		f.open[fold(v)] = v
	}
	a.fields = append(a.fields, f)
}

// Saw notes that something has a value. shown is the form in which it may be shown; either may
// be what was asked for.
func (a *Asked) Saw(key setting.Key, value, shown string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.fields {
		if f.key != key || len(f.open) == 0 {
			continue
		}
		delete(f.open, f.fold(value))
		delete(f.open, f.fold(shown))
		if len(f.exists) < most && shown != "" {
			f.exists[shown] = true
		}
	}
}

// Wants reports whether a setting has values that nothing has had yet.
func (a *Asked) Wants(key setting.Key) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.fields, func(f *askedField) bool { return f.key == key && len(f.open) > 0 })
}

// Unmatched says, for each value that nothing has, which value was perhaps meant. what names
// the things: "dead letter".
func (a *Asked) Unmatched(what string) (texts []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.fields {
		for _, folded := range slices.Sorted(maps.Keys(f.open)) {
			value := f.open[folded]
			texts = append(texts, fmt.Sprintf("%s: no %s that was read has %s%s", f.key, what, f.quote(value), f.instead(value)))
		}
	}
	return texts
}

// quote quotes a value as it may be shown: digits are a profile's id where one was asked for.
func (f *askedField) quote(value string) string {
	if f.key == setting.Profile {
		return strconv.Quote(redact.ProfileField(value))
	}
	return redact.Quote(value)
}

// instead says what there is in place of a value.
func (f *askedField) instead(value string) string {
	edits := max(2, min(len(value)/3, 8))
	alike := func(yield func(string) bool) {
		for v := range f.exists {
			if max(len(v)-len(value), len(value)-len(v)) <= edits && !yield(v) {
				return
			}
		}
	}
	if best := near.Name(value, alike, edits); best != "" && len(value) > 3 { // all statuses are alike
		return fmt.Sprintf("; did you mean %q?", best)
	}
	if all := slices.Sorted(maps.Keys(f.exists)); len(all) > 0 && len(all) <= listed {
		return "; there are: " + strings.Join(all, ", ")
	}
	return ""
}
