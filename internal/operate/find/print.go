package find

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/screen"
)

// Print prints the stories for people.
func (r *Result) Print(w io.Writer) {
	for i := range r.Stories {
		if i > 0 {
			fmt.Fprintln(w)
		}
		r.Stories[i].print(w)
	}
	if len(r.Stories) > 1 {
		fmt.Fprintf(w, "\n%s.\n", count.Of(len(r.Stories), "event"))
	}
	fmt.Fprintln(w)
	for _, n := range r.Notes {
		wrapped(w, "Note: ", n)
	}
	r.printRead(w)
}

func (s *Story) print(w io.Writer) {
	name := s.EventID
	if name == "" {
		name = "(no event id)"
	}
	wrapped(w, "Event     ", name)
	if s.Profile != "" {
		wrapped(w, "Profile   ", s.Profile)
	}
	if s.Name != "" {
		wrapped(w, "Name      ", strings.TrimSuffix(s.Name+", "+s.Type, ", "))
	}
	wrapped(w, "State     ", s.State+": "+s.Says)
	if s.Do != "" {
		wrapped(w, "Do        ", s.Do)
	}
	fmt.Fprintln(w)
	for i := range s.Steps {
		wrapped(w, timeColumn(s.Steps[i].At), s.Steps[i].Text)
	}
	s.printNow(w)
}

// printNow says what the present settings make of the event.
func (s *Story) printNow(w io.Writer) {
	if s.Now == nil {
		return
	}
	now := map[string]string{
		explain.OutcomeSend: "it would be sent", explain.OutcomeFiltered: "it would be left out", explain.OutcomeDeadLetter: "it would be refused",
	}[s.Now.Outcome]
	if s.Now.MapsBy != "" {
		now += "; mapped by " + s.Now.MapsBy
	}
	fmt.Fprintln(w)
	wrapped(w, "By today's settings: ", now)
	if why := s.Now.Why; why != nil {
		wrapped(w, "  ", why.Class+", "+why.Code+": "+why.Message)
		wrapped(w, "  ", why.Remedy)
		return
	}
	for _, rule := range s.Rules {
		wrapped(w, "  ", rule.Result+": "+strings.TrimSuffix(rule.Rule+", "+rule.Field, ", ")+": "+firstOf(rule.Message, rule.Asks))
	}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// printRead says how far the topics were read, where older records could belong to the
// story.
func (r *Result) printRead(w io.Writer) {
	var parts []string
	for _, read := range r.Read {
		part := fmt.Sprintf("%s (%s", read.Topic, count.Of(read.Records, "record"))
		if !read.From.IsZero() {
			part += " back to " + report.ShortTime(read.From)
		}
		parts = append(parts, part+")")
	}
	if len(parts) == 0 {
		return
	}
	text := strings.Join(parts, ", ") + "."
	if !r.All {
		text += " Older records with the same id are not looked for without --all."
	}
	wrapped(w, "Read: ", text)
}

// timeColumn is a time to the second, in a column of its own; a dash for one that is not
// known.
func timeColumn(t time.Time) string {
	return fmt.Sprintf("%-*s  ", len(report.ShortTime(time.Unix(0, 0))), report.ShortTime(t))
}

// wrapped writes a text under its head, in lines that the terminal has room for.
func wrapped(w io.Writer, head, text string) {
	for _, line := range screen.FoldAfter(head, text, screen.WidthOf(w)) {
		fmt.Fprintln(w, line)
	}
}

// JSON writes an object a line, one for each event.
func (r *Result) JSON(w io.Writer) error {
	for i := range r.Stories {
		if err := report.JSON(w, &r.Stories[i]); err != nil {
			return err
		}
	}
	return nil
}
