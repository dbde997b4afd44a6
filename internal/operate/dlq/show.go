package dlq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// Showing shows letters, and the present outcome of their events.
type Showing struct {
	Kafka kafka.Settings
	// Topic is that of the letters; Group remembers which of them are done.
	Topic, Group string
	Explainer    *explain.Explainer
	// Registry returns the settings of the registry that events are read with.
	Registry func() (registry.Options, error)
	// Erased is the list of events that must not be sent again; nil for none.
	Erased   *erasure.List
	Progress *report.Progress
}

// Shown is a letter and the present outcome of its event; its JSON is an output of the
// command line.
type Shown struct {
	Letter View `json:"letter"`
	// Notes say what could not be read.
	Notes []string `json:"notes,omitempty"`
	// Now is the present outcome; missing if there is nothing to read it from.
	Now *explain.Report `json:"now,omitempty"`

	topic string
	entry Entry
}

// Show reads the letter at a position.
func (s *Showing) Show(ctx context.Context, partition int32, offset int64) (*Shown, error) {
	done, err := pipeline.Settled(ctx, s.Kafka, s.Group, s.Topic)
	if err != nil {
		return nil, err
	}
	reader, err := history.New(s.Kafka)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	rec, err := reader.One(ctx, s.Topic, partition, offset)
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, fmt.Errorf("topic %q has no record at partition %d, offset %d; dlq ls lists those that there are", s.Topic, partition, offset)
	}
	shown := &Shown{topic: s.Topic, entry: Read(rec, done)}
	var rounds *Rounds
	if shown.entry.Letter.Redrives > 0 {
		if rounds, err = countRounds(ctx, s.Kafka, s.Topic, done, s.Progress); err != nil {
			return nil, err
		}
	}
	shown.Letter = shown.entry.View(rounds)
	id := s.now(ctx, reader, shown)
	told, erased := shown.entry.names(s.Erased)
	if shown.entry.Erased = erased || !told && s.Erased.Has(id); shown.entry.Erased {
		shown.Letter = shown.entry.View(rounds)
	}
	return shown, nil
}

// now fills in what would happen to the letter's event now, if that is known, and returns
// the event's id.
func (s *Showing) now(ctx context.Context, reader *history.Reader, shown *Shown) (eventID string) {
	e := &shown.entry
	note := func(format string, args ...any) { shown.Notes = append(shown.Notes, fmt.Sprintf(format, args...)) }
	rec := &kgo.Record{Key: e.Letter.Key, Value: e.Letter.Value, Headers: e.Letter.Headers}
	if !e.Letter.Whole() {
		if e.Letter.Topic == "" || e.Letter.Partition < 0 || e.Letter.Offset < 0 {
			note("the letter lacks its %s, and does not say where the original is", strings.Join(shown.Letter.Lacks, " and "))
			return ""
		}
		original, err := reader.One(ctx, e.Letter.Topic, e.Letter.Partition, e.Letter.Offset)
		switch {
		case err != nil:
			note("the letter lacks its %s, and the original cannot be read: %v", strings.Join(shown.Letter.Lacks, " and "), err)
			return ""
		case original == nil:
			note("the letter lacks its %s, and the original is not there any more", strings.Join(shown.Letter.Lacks, " and "))
			return ""
		}
		note("the letter lacks its %s; what follows is read from the original", strings.Join(shown.Letter.Lacks, " and "))
		rec = original
	}
	reading, err := s.read(ctx, rec, note)
	if err != nil {
		note("the event cannot be read: %v", err)
		return ""
	}
	shown.Now = s.Explainer.Reading(&reading, time.Now())
	shown.Now.Record = s.Explainer.RecordOf(rec, &reading)
	return reading.Event.EventID
}

// read reads a record with the registry's schema, or with the built-in ones while the
// registry is unavailable: that may be the very reason why an operator looks at a letter.
func (s *Showing) read(ctx context.Context, rec *kgo.Record, note func(string, ...any)) (explain.Reading, error) {
	candidates, closeSchemas, err := explain.OpenSchemas(explain.FromRegistry, s.Registry)
	if err != nil {
		return explain.Reading{}, err
	}
	defer closeSchemas()
	reading, err := s.Explainer.Read(ctx, rec, candidates, false)
	if !errors.Is(err, registry.ErrAway) {
		return reading, err
	}
	note("%v; read with the schemas that come with the program", err)
	embedded, err := explain.EmbeddedSchemas()
	if err != nil {
		return reading, err
	}
	return s.Explainer.Read(ctx, rec, embedded, false)
}

// Print prints the letter for people.
func (s *Shown) Print(w io.Writer) {
	v := &s.Letter
	line := func(name, format string, args ...any) {
		if text := fmt.Sprintf(format, args...); text != "" {
			fmt.Fprintf(w, "%-10s %s\n", name, text)
		}
	}
	fmt.Fprint(w, "Letter\n──────\n")
	line("at", "%s, partition %d, offset %d, %s", s.topic, v.Partition, v.Offset, map[string]string{"open": "open", "done": "redriven", "erased": "its event is erased"}[v.State])
	if v.Source != nil {
		line("of", "%s, partition %d, offset %d", v.Source.Topic, v.Source.Partition, v.Source.Offset)
	}
	line("event", "%s", v.EventID)
	line("profile", "%s", v.Profile)
	line("timestamp", "%s", v.Timestamp.UTC().Format(time.RFC3339Nano))
	line("failed", "%s, after %s, redriven %s before", v.When.UTC().Format(time.RFC3339Nano), count.Of(v.Attempts, "attempt"), count.Of(v.Redrives, "time"))
	line("class", "%s", Why(v))
	line("stage", "%s", v.Stage)
	said := "message"
	if v.Status != 0 {
		said = "Amazon"
	}
	line(said, "%s", v.Message)
	line("do", "%s", v.Remedy)
	for _, n := range s.Notes {
		line("note", "%s", n)
	}
	if s.Now != nil {
		fmt.Fprint(w, "\nWhat becomes of it now:\n")
		s.Now.Print(w)
	}
	if s.entry.Done {
		fmt.Fprintln(w, "\nThe letter was redriven already; a redrive skips it.")
	}
}

// Why says why a letter failed.
func Why(v *View) string {
	why := v.Class
	if v.Status != 0 {
		why += fmt.Sprintf(", status %d", v.Status)
	}
	if v.Code != "" {
		why += ", " + v.Code
	}
	if v.Field != "" {
		why += " (" + v.Field + ")"
	}
	return why
}
