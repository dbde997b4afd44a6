package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/transform"
)

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	if r.Record != nil {
		section(w, "Record")
		r.Record.print(w)
	}
	section(w, "Event")
	indented(w, r.Event)
	for _, a := range r.Aliases {
		fmt.Fprintln(w, a)
	}

	section(w, "Rules, in the order in which they are asked")
	rows := make([][]string, len(r.Rules))
	for i, f := range r.Rules {
		says := f.Message
		if f.Result == transform.LeftOut.String() {
			says = strings.TrimPrefix(f.Message+"; "+f.Asks, "; ")
		}
		rows[i] = []string{strconv.Itoa(i + 1), f.Class, f.Rule, f.Field, f.Result, says}
	}
	report.Table(w, []string{"#", "class", "rule", "field", "result", ""}, rows, nil, 0)

	section(w, "Outcome")
	if r.Mapping != "" {
		fmt.Fprintf(w, "mapped by %s\n", r.Mapping)
	}
	if r.Why != nil {
		what := map[string]string{OutcomeFiltered: "left out", OutcomeDeadLetter: "not sent; a dead letter"}[r.Outcome]
		fmt.Fprintf(w, "%s: %s, %s", what, r.Why.Class, r.Why.Code)
		if r.Why.Field != "" {
			fmt.Fprintf(w, " (%s)", r.Why.Field)
		}
		fmt.Fprintf(w, "\n%s\nWhat to do: %s\n", r.Why.Message, r.Why.Remedy)
		return
	}
	for _, what := range r.Withheld {
		fmt.Fprintf(w, "left out for lack of consent: %s\n", what)
	}
	fmt.Fprintln(w, "sent as")
	indented(w, r.Payload)
	if r.Batch != nil {
		section(w, "Batch")
		r.Batch.print(w)
	}
}

func section(w io.Writer, title string) {
	fmt.Fprintf(w, "\n%s\n%s\n", title, strings.Repeat("─", len(title)))
}

func indented(w io.Writer, doc []byte) {
	var b bytes.Buffer
	if json.Indent(&b, doc, "", "  ") != nil {
		b.Write(doc)
	}
	fmt.Fprintln(w, b.String())
}

func (r *Record) print(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-10s "+format+"\n", append([]any{name}, args...)...)
	}
	if r.Partition != nil {
		line("at", "%s, partition %d, offset %d", r.Topic, *r.Partition, *r.Offset)
	}
	if r.Timestamp != nil {
		line("timestamp", "%s", r.Timestamp.UTC().Format(time.RFC3339Nano))
	}
	if r.Key != "" {
		line("key", "%s", r.Key)
	}
	if len(r.Headers) > 0 {
		line("headers", "%s", strings.Join(r.Headers, ", "))
	}
	line("size", "%s", count.Of(r.Bytes, "byte"))
	if r.SchemaName != "" {
		line("names", "%s, by %s", r.SchemaName, r.Framing)
	}
	if r.Schema != "" {
		line("read with", "%s", r.Schema)
	}
}

// of says whose account the profile is of, and whether it is paused.
func (b *Batch) of() (text string) {
	if b.Account != "" {
		text = ", of account " + b.Account
		if b.Paused {
			text += " and paused"
		}
		text += ","
	}
	return text
}

func (b *Batch) print(w io.Writer) {
	fmt.Fprintf(w, "%s %s\n", b.Method, b.URL)
	for _, name := range slices.Sorted(maps.Keys(b.Headers)) {
		fmt.Fprintf(w, "%s: %s\n", name, b.Headers[name])
	}
	fmt.Fprintf(w, "\nThe lane of profile %s carries it: %s of a request's %d; one holds %s like it (%d at most).\n"+
		"One that is not full leaves after %s.\n", b.Profile+b.of(), count.Of(b.EventBytes, "byte"), b.MaxBytes, count.Of(b.Alike, "event"), b.MaxEvents, b.Linger)
}
