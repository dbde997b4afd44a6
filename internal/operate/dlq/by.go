package dlq

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/near"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas"
)

// parts are what letters can be counted by.
var parts = map[string]func(e *Entry, ev *schemas.Event) string{
	"class":         func(e *Entry, _ *schemas.Event) string { return e.Class() },
	"status":        func(e *Entry, _ *schemas.Event) string { return report.OrDash(e.Letter.Reason.Status) },
	"code":          func(e *Entry, _ *schemas.Event) string { return e.Letter.Reason.Code },
	"field":         func(e *Entry, _ *schemas.Event) string { return e.Letter.Reason.Field },
	"profile":       func(e *Entry, _ *schemas.Event) string { return e.Profile() },
	"state":         func(e *Entry, _ *schemas.Event) string { return e.State() },
	"contract":      func(e *Entry, _ *schemas.Event) string { return foreign(e.Letter.Contract) },
	"topic":         func(e *Entry, _ *schemas.Event) string { return foreign(e.Letter.Topic) },
	"day":           func(e *Entry, _ *schemas.Event) string { return e.When().UTC().Format(time.DateOnly) },
	"hour":          func(e *Entry, _ *schemas.Event) string { return e.When().UTC().Format("2006-01-02 15:00Z") },
	"producer":      producer,
	"event_name":    func(_ *Entry, ev *schemas.Event) string { return foreign(ev.EventName) },
	"event_type":    func(_ *Entry, ev *schemas.Event) string { return foreign(ev.EventType) },
	"action_source": func(_ *Entry, ev *schemas.Event) string { return foreign(ev.ActionSource) },
	"partner":       func(_ *Entry, ev *schemas.Event) string { return foreign(ev.Partner) },
}

// ofEvents are the parts that are in the event itself, which must be decoded for them.
var ofEvents = []string{"event_name", "event_type", "action_source", "partner", "producer"}

// headerPart begins a part that is a header of the original record.
const headerPart = "header:"

// producerHeaders are the headers by which producers usually say who they are.
var producerHeaders = []string{"producer", "producer-id", "producer_id", "ce_source", "source", "service", "application", "app", "client-id", "client_id"}

// Parts returns what letters can be counted by.
func Parts() []string { return slices.Sorted(maps.Keys(parts)) }

func foreign(s string) string { return redact.Line(redact.Text(s), 60) }

// producer is who wrote the record, as far as it says so.
func producer(e *Entry, ev *schemas.Event) string {
	for _, name := range producerHeaders {
		if v := header(e, name); v != "" {
			return v
		}
	}
	return foreign(ev.Partner)
}

func header(e *Entry, name string) string {
	for _, h := range e.Letter.Headers {
		if strings.EqualFold(h.Key, name) {
			return foreign(string(h.Value))
		}
	}
	return ""
}

// By counts letters by parts of them and of their events.
type By struct {
	parts  []string
	groups map[string]*ByGroup
	sum    ByGroup
}

// ByGroup is a number of letters with the same parts; its JSON is an output of the command line.
type ByGroup struct {
	By      map[string]string `json:"by"`
	Letters int               `json:"letters"`
	Open    int               `json:"open"`
	Oldest  time.Time         `json:"oldest,omitzero"`
	Newest  time.Time         `json:"newest,omitzero"`

	key []string
}

// maxGroups bounds the groups: parts may be as many as there are letters. The rest is counted
// together.
const maxGroups = 10_000

// NewBy returns counts by those parts, or a mistake.
func NewBy(by []string) (*By, error) {
	for _, part := range by {
		if name, is := strings.CutPrefix(part, headerPart); parts[part] == nil && (!is || name == "") {
			instead := ""
			if best := near.Name(part, maps.Keys(parts), 3); best != "" {
				instead = fmt.Sprintf("did you mean %q? ", best)
			}
			return nil, setting.By.Mistakef("%s is unknown: %swant some of %s, or %sNAME", redact.Quote(part), instead, strings.Join(Parts(), ", "), headerPart)
		}
	}
	return &By{parts: by, groups: make(map[string]*ByGroup)}, nil
}

// Add counts a letter; ev is its event as far as it can be read.
func (b *By) Add(e *Entry, ev *schemas.Event) {
	key := make([]string, len(b.parts))
	for i, part := range b.parts {
		if name, is := strings.CutPrefix(part, headerPart); is {
			key[i] = header(e, name)
		} else {
			key[i] = parts[part](e, ev)
		}
		key[i] = cmp.Or(key[i], "–")
	}
	id := strings.Join(key, "\x00")
	g := b.groups[id]
	if g == nil && len(b.groups) >= maxGroups {
		for i := range key {
			key[i] = "(others)"
		}
		id = strings.Join(key, "\x00")
		g = b.groups[id]
	}
	if g == nil {
		g = &ByGroup{By: make(map[string]string, len(key)), key: key}
		for i, part := range b.parts {
			g.By[part] = key[i]
		}
		b.groups[id] = g
	}
	g.add(e)
	b.sum.add(e)
}

func (g *ByGroup) add(e *Entry) {
	when := e.When()
	if g.Letters == 0 || when.Before(g.Oldest) {
		g.Oldest = when
	}
	if when.After(g.Newest) {
		g.Newest = when
	}
	g.Letters++
	if !e.Done && !e.Erased {
		g.Open++
	}
}

// Groups returns the groups, the largest first.
func (b *By) Groups() []*ByGroup {
	return slices.SortedFunc(maps.Values(b.groups), func(x, y *ByGroup) int {
		return cmp.Or(cmp.Compare(y.Letters, x.Letters), slices.Compare(x.key, y.key))
	})
}

// Print prints the groups for people.
func (b *By) Print(w io.Writer, topic string) {
	if b.sum.Letters == 0 {
		fmt.Fprintf(w, "No such dead letters in %s.\n", topic)
		return
	}
	groups, shown := b.Groups(), 100
	var rows [][]string
	row := func(key []string, g *ByGroup) []string {
		return append(slices.Clone(key), strconv.Itoa(g.Letters), strconv.Itoa(g.Open), report.ShortTime(g.Oldest), report.ShortTime(g.Newest))
	}
	for _, g := range groups[:min(len(groups), shown)] {
		rows = append(rows, row(g.key, g))
	}
	footer := make([]string, len(b.parts))
	footer[0] = "all"
	report.Table(w, append(slices.Clone(b.parts), "letters", "open", "oldest", "newest"), rows, row(footer, &b.sum), len(b.parts), len(b.parts)+1)
	if more := len(groups) - shown; more > 0 {
		fmt.Fprintf(w, "  … and %s; %s has them all\n", count.Of(more, "more group"), setting.JSON)
	}
}

// Count counts the letters that a filter chooses.
func (b *By) Count(ctx context.Context, l *Letters, filter *Filter) error {
	reads := slices.ContainsFunc(b.parts, func(p string) bool { return slices.Contains(ofEvents, p) })
	var ev schemas.Event
	return l.Each(ctx, filter, func(e *Entry) error {
		if reads {
			if err := l.Event(ctx, e, &ev); err != nil {
				return err
			}
		}
		b.Add(e, &ev)
		return nil
	})
}

// WriteJSON writes a JSON object a line, one for each group.
func (b *By) WriteJSON(w io.Writer) error {
	for _, g := range b.Groups() {
		if err := report.JSON(w, g); err != nil {
			return err
		}
	}
	return nil
}

// Event reads the event of a letter as far as that is possible; what cannot be read has no
// fields.
func (l *Letters) Event(ctx context.Context, e *Entry, ev *schemas.Event) error {
	*ev = schemas.Event{}
	if reads, err := l.reads(); err != nil || !reads || e.NoLetter || !e.Letter.Whole() {
		return err
	}
	return l.decode(ctx, e, ev)
}
