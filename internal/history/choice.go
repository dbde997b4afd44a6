package history

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas"
)

// Choice chooses events by their fields. Several values of one field are alternatives;
// all fields with values must match. The zero value chooses every event.
type Choice struct {
	Profiles, Names, EventIDs []string

	asked *Asked // nil if nobody wants to know
}

// Watch notes from then on which values events have; Unmatched says which none has.
func (c *Choice) Watch() {
	c.asked = new(Asked)
	c.asked.For(setting.Profile, c.Profiles, nil)
	c.asked.For("event-name", c.Names, foldName)
	c.asked.For("event-id", c.EventIDs, nil)
}

// Unmatched says which of the values no event has, and which was perhaps meant.
func (c *Choice) Unmatched() []string {
	if c.asked == nil {
		return nil
	}
	return c.asked.Unmatched("event")
}

func (c *Choice) note(ev *schemas.Event) {
	if c.asked.Wants(setting.Profile) {
		c.asked.Saw(setting.Profile, ev.ProfileID, redact.ProfileField(ev.ProfileID))
	}
	if c.asked.Wants("event-name") {
		c.asked.Saw("event-name", ev.EventName, redact.Line(redact.Text(ev.EventName), 60))
	}
	if c.asked.Wants("event-id") {
		c.asked.Saw("event-id", ev.EventID, redact.EventID(ev.EventID))
	}
}

// Any reports whether anything is chosen; otherwise events need not be decoded.
func (c *Choice) Any() bool { return len(c.Profiles)+len(c.Names)+len(c.EventIDs) > 0 }

// Match reports whether an event is chosen. Ids are also accepted as logs, receipts and
// tables show them.
func (c *Choice) Match(ev *schemas.Event) bool {
	if c.asked != nil {
		c.note(ev)
	}
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
