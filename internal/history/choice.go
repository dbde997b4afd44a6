package history

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
)

// Choice chooses events by their fields. Several values of one field are alternatives;
// all fields with values must match. The zero value chooses every event.
type Choice struct{ Profiles, Names, EventIDs []string }

// Any reports whether anything is chosen; otherwise events need not be decoded.
func (c *Choice) Any() bool { return len(c.Profiles)+len(c.Names)+len(c.EventIDs) > 0 }

// Match reports whether an event is chosen. Ids are also accepted as logs, receipts and
// tables show them.
func (c *Choice) Match(ev *schemas.Event) bool {
	return oneOf(c.Profiles, ev.ProfileID) &&
		(oneOf(c.EventIDs, ev.EventID) || slices.Contains(c.EventIDs, redact.EventID(ev.EventID))) &&
		(len(c.Names) == 0 || slices.ContainsFunc(c.Names, func(n string) bool { return foldName(n) == foldName(ev.EventName) }))
}

func oneOf(allowed []string, v string) bool { return len(allowed) == 0 || slices.Contains(allowed, v) }

// foldName reduces a name to what the mapping compares.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// Describe describes the choice, for reports; empty if it includes everything.
func (c *Choice) Describe() string {
	var parts []string
	ids := make([]string, len(c.EventIDs))
	for i, id := range c.EventIDs {
		ids[i] = redact.EventID(id)
	}
	for _, by := range []struct {
		what   string
		values []string
	}{{"profile", c.Profiles}, {"event name", c.Names}, {"event id", ids}} {
		if len(by.values) > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", by.what, strings.Join(by.values, " or ")))
		}
	}
	return strings.Join(parts, ", ")
}
