package testsend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "event id  %s\nprofile   %s\n", r.EventID, r.Profile)
	if q := r.Request; q != nil {
		fmt.Fprintf(w, "\n%s %s\n", q.Method, q.URL)
		for _, name := range slices.Sorted(maps.Keys(q.Headers)) {
			fmt.Fprintf(w, "%s: %s\n", name, q.Headers[name])
		}
		var event bytes.Buffer
		if json.Indent(&event, q.Event, "", "  ") != nil {
			event.Write(q.Event)
		}
		fmt.Fprintf(w, "\n%s\n", event.String())
	}
	if len(r.Answers) > 0 {
		fmt.Fprintln(w)
	}
	for _, a := range r.Answers {
		status := "no answer"
		if a.Status != 0 {
			status = fmt.Sprintf("status %d", a.Status)
		}
		parts := []string{status, fmt.Sprintf("after %d ms", a.Milliseconds)}
		if a.RequestID != "" {
			parts = append(parts, "request id "+a.RequestID)
		}
		if a.Message != "" {
			parts = append(parts, a.Message)
		}
		fmt.Fprintf(w, "answer    %s\n", strings.Join(parts, ", "))
	}
	fmt.Fprintf(w, "\noutcome   %s", r.Outcome)
	if r.Code != "" {
		fmt.Fprintf(w, " %s", r.Code)
	}
	if r.Field != "" {
		fmt.Fprintf(w, " (%s)", r.Field)
	}
	if r.Message != "" {
		fmt.Fprintf(w, ": %s", r.Message)
	}
	fmt.Fprintf(w, "\nto do     %s\n", r.Remedy)
}
