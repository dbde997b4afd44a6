package attribution

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// Window is what was read.
type Window struct {
	Topic string `json:"topic"`
	// Oldest and Newest are the times of records in it.
	Oldest  time.Time `json:"oldest,omitzero"`
	Newest  time.Time `json:"newest,omitzero"`
	Records int64     `json:"records"` // that were chosen
	// Copies are records that a redrive wrote of others in the window. They are no events
	// of their own, so nothing else counts them.
	Copies int64 `json:"redriven_copies,omitempty"`
	// Chosen describes which events were chosen, if not all.
	Chosen string `json:"chosen,omitempty"`
}

// Saw records the time of a record.
func (w *Window) Saw(at time.Time) {
	w.Records++
	if w.Oldest.IsZero() || at.Before(w.Oldest) {
		w.Oldest = at
	}
	if at.After(w.Newest) {
		w.Newest = at
	}
}

// groupLine is a group in the form for programs.
type groupLine struct {
	Kind        string `json:"kind"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Events      int64  `json:"events"`
	ClickID     int64  `json:"click_id"`
	HashedEmail int64  `json:"email"`
	HashedPhone int64  `json:"phone"`
	MADID       int64  `json:"madid"`
	Identified  int64  `json:"identified"`
	Denied      int64  `json:"consent_denied"`
}

func (a *Audit) sorted() []Key {
	keys := make([]Key, 0, len(a.groups))
	for k := range a.groups {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y Key) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(a.groups[y].Events, a.groups[x].Events), cmp.Compare(x.Type, y.Type))
	})
	return keys
}

// Print writes the audit for people.
func (a *Audit) Print(w io.Writer, of *Window) {
	fmt.Fprintf(w, "%s of %s", count.Of(of.Records, "record"), of.Topic)
	if of.Records > 0 {
		fmt.Fprintf(w, ", from %s to %s", of.Oldest.UTC().Format(time.RFC3339), of.Newest.UTC().Format(time.RFC3339))
	}
	if of.Chosen != "" {
		fmt.Fprintf(w, ", of %s", of.Chosen)
	}
	if of.Copies > 0 {
		fmt.Fprintf(w, "; copies of redriven letters are left out: %d", of.Copies)
	}
	fmt.Fprint(w, "\n\n")
	if len(a.groups) > 0 {
		var rows [][]string
		for _, k := range a.sorted() {
			rows = append(rows, groupRow(k.Source, k.Type, a.groups[k]))
		}
		t := a.total()
		report.Table(w, []string{"source", "type", "events", "click id", "email", "phone", "device id", "any of them", "consent denied"}, rows,
			groupRow("", "all that is sent", &t), 2, 3, 4, 5, 6, 7, 8)
		fmt.Fprintln(w)
	}
	a.Findings().Print(w)
}

func groupRow(source, typ string, g *Group) []string {
	return []string{
		source, typ, strconv.FormatInt(g.Events, 10), percent(g.ClickID, g.Events), percent(g.HashedEmail, g.Events),
		percent(g.HashedPhone, g.Events), percent(g.MADID, g.Events), percent(g.Identified, g.Events), percent(g.Denied, g.Events),
	}
}

// WriteJSON writes one object a line: the window, each group, each finding.
func (a *Audit) WriteJSON(w io.Writer, of *Window) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	lines := []any{struct {
		Kind string `json:"kind"`
		*Window
	}{"window", of}}
	for _, k := range a.sorted() {
		g := a.groups[k]
		lines = append(lines, groupLine{"group", k.Source, k.Type, g.Events, g.ClickID, g.HashedEmail, g.HashedPhone, g.MADID, g.Identified, g.Denied})
	}
	for _, f := range a.Findings() {
		lines = append(lines, struct {
			Kind string `json:"kind"`
			report.Finding
		}{"finding", f})
	}
	for _, line := range lines {
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
