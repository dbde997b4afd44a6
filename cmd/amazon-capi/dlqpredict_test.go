package main

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
)

// TestADryRunPredicts: what a redrive would come to is known before it is done, and changes
// with the mapping.
func TestADryRunPredicts(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	s.deliver()
	look := func(more ...string) *dlq.Prediction {
		t.Helper()
		r := objects[dlq.RedriveReport](t, s.run(exitOK, append(append([]string{"dlq", "redrive", "--json"}, s.registry()...), more...)...).stdout)[0]
		if p := r.Predicted; p == nil || p.Pass+p.Refused+p.Filtered+p.Unread != r.Send {
			t.Fatalf("%q: %d to send, predicted %+v", more, r.Send, p)
		}
		return r.Predicted
	}
	// Of the samples 2 are refused by Amazon itself and 2 for their account; our rules refuse the others again.
	if p := look(); p.Pass != 4 || p.AmazonRefused != 4 || p.Refused != 19 || p.Codes["value_missing"] != 1 || p.Codes["tombstone"] != 1 {
		t.Errorf("%+v", p)
	}
	mapping := writeFile(t, "m.yaml", []byte("extends: default\nevents:\n  - match: [Wishlist Shared]\n    name: Lead\n    event_type: LEAD\n"))
	if p := look("--code", "event_name_unmapped"); p.Refused != 1 {
		t.Errorf("without a mapping: %+v", p)
	}
	if p := look("--code", "event_name_unmapped", "--mapping", mapping); p.Pass != 1 || p.AmazonRefused != 0 {
		t.Errorf("with a mapping: %+v", p)
	}
	if p := look("--registry", "http://127.0.0.1:1"); p.Pass != 0 || p.Unread == 0 {
		t.Errorf("without a registry: %+v", p)
	}
	r := s.run(exitOK, append([]string{"dlq", "redrive"}, s.registry()...)...)
	if !strings.Contains(r.stdout, "By today's rules 4 of them would be sent to Amazon, 19 refused again and 0 left out.") {
		t.Errorf("%s", r.stdout)
	}
}
