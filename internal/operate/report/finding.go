package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Level is the severity of a finding.
type Level uint8

// The levels.
const (
	Fine Level = iota + 1 // as it should be
	Look                  // possibly intended; somebody should know
	Act                   // something does not work, or is lost
)

var levelNames = [...]string{Fine: "fine", Look: "look", Act: "act"}

// String returns the word shown to people and programs.
func (l Level) String() string {
	if l == 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("level(%d)", uint8(l))
	}
	return levelNames[l]
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (l *Level) UnmarshalText(text []byte) error {
	i := slices.Index(levelNames[:], string(text))
	if i <= 0 {
		return fmt.Errorf("level %q is unknown: want fine, look or act", text)
	}
	*l = Level(i)
	return nil
}

// Finding is the result of one check. It contains no personal data and no secret.
type Finding struct {
	Level   Level  `json:"level"`
	Area    string `json:"area"`              // the area, such as topics
	Subject string `json:"subject,omitempty"` // the object, such as a topic's name
	Value   string `json:"value,omitempty"`   // what was measured
	Count   int64  `json:"count,omitempty"`   // the total, for a share
	Of      int64  `json:"of,omitempty"`
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"`
}

// List is findings in the order in which they were made.
type List []Finding

// Fine adds a finding that is as it should be.
func (l *List) Fine(area, subject, format string, args ...any) {
	*l = append(*l, Finding{Level: Fine, Area: area, Subject: subject, Message: fmt.Sprintf(format, args...)})
}

// Look adds a finding that somebody should know.
func (l *List) Look(area, subject, advice, format string, args ...any) {
	*l = append(*l, Finding{Level: Look, Area: area, Subject: subject, Message: fmt.Sprintf(format, args...), Advice: advice})
}

// Act adds a finding that must be fixed.
func (l *List) Act(area, subject, advice, format string, args ...any) {
	*l = append(*l, Finding{Level: Act, Area: area, Subject: subject, Message: fmt.Sprintf(format, args...), Advice: advice})
}

// Count returns how many findings have that level.
func (l List) Count(level Level) (n int) {
	for _, f := range l {
		if f.Level == level {
			n++
		}
	}
	return n
}

// Print writes the findings for people, followed by what to do.
func (l List) Print(w io.Writer) {
	header := []string{"level", "area", "what", "value", "finding"}
	measured := slices.ContainsFunc(l, func(f Finding) bool { return f.Value != "" })
	var rows [][]string
	for _, f := range l {
		row := []string{f.Level.String(), f.Area, f.Subject, f.Value, f.Message}
		if !measured {
			row = slices.Delete(row, 3, 4)
		}
		rows = append(rows, row)
	}
	if !measured {
		header = slices.Delete(header, 3, 4)
		Table(w, header, rows, nil)
	} else {
		Table(w, header, rows, nil, 3)
	}
	for _, level := range []Level{Act, Look} {
		l.advise(w, level)
	}
	fmt.Fprintf(w, "\n%d fine, %d to look at, %d to act on\n", l.Count(Fine), l.Count(Look), l.Count(Act))
}

// Brief writes a line for each finding, with what to do, for an interactive command.
func (l List) Brief(w io.Writer) {
	for _, f := range l {
		what := f.Area
		if f.Subject != "" {
			what += " " + f.Subject
		}
		fmt.Fprintf(w, "  %-4s  %s: %s\n", f.Level, what, f.Message)
		if f.Level != Fine && f.Advice != "" {
			fmt.Fprintf(w, "        %s\n", f.Advice)
		}
	}
}

// advise lists what to do at a level, each advice once, with all that it is about.
func (l List) advise(w io.Writer, level Level) {
	var said []string
	about := make(map[string][]Finding)
	for _, f := range l {
		if f.Level != level || f.Advice == "" {
			continue
		}
		if about[f.Advice] == nil {
			said = append(said, f.Advice)
		}
		about[f.Advice] = append(about[f.Advice], f)
	}
	if len(said) > 0 {
		fmt.Fprintf(w, "\nTo %s:\n", map[Level]string{Act: "act on", Look: "look at"}[level])
	}
	for _, advice := range said {
		fmt.Fprintf(w, "- %s: %s\n", subjects(about[advice]), advice)
	}
}

// subjects names what findings are about, an area once and after it its subjects.
func subjects(of []Finding) string {
	var parts []string
	for i, f := range of {
		switch part := strings.TrimSpace(f.Area + " " + f.Subject); {
		case i > 0 && of[i-1].Area != f.Area, len(parts) == 0:
			parts = append(parts, part)
		case f.Subject != "" && f.Subject != of[i-1].Subject:
			parts = append(parts, f.Subject)
		}
	}
	return strings.Join(parts, ", ")
}

// WriteJSON writes one JSON object a line.
func (l List) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, f := range l {
		if err := enc.Encode(f); err != nil {
			return err
		}
	}
	return nil
}
