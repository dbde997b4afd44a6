package main

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
)

// TestLettersByWhatProducersSay counts letters by what is in their events and headers.
func TestLettersByWhatProducersSay(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	for _, service := range []string{"checkout", "checkout", "jane@example.com"} {
		s.produce(&kgo.Record{Topic: config.DefaultTopic, Value: []byte("no Avro"), Headers: []kgo.RecordHeader{{Key: "Service", Value: []byte(service)}}})
	}
	s.deliver()
	count := func(by string, more ...string) map[string]int {
		t.Helper()
		r := s.run(exitOK, append(append([]string{"dlq", "stats", "--json", "--by", by}, more...), s.registry()...)...)
		noIdentifiers(t, r)
		found := make(map[string]int)
		for _, g := range objects[dlq.ByGroup](t, r.stdout) {
			found[g.By[strings.Split(by, ",")[0]]] += g.Letters
		}
		if strings.Contains(r.stdout, "jane@") {
			t.Error("an identifier in a header is shown")
		}
		return found
	}
	if got := count("event_name"); got["Purchase"] == 0 || got["Wishlist Shared"] != 1 || got["–"] == 0 {
		t.Errorf("by event name: %v", got)
	}
	if got := count("producer,class"); got["checkout"] != 2 {
		t.Errorf("by producer: %v", got)
	}
	if got := count("header:service"); got["checkout"] != 2 {
		t.Errorf("by header: %v", got)
	}
	if got := count("code", "--class", "rejected"); len(got) != 2 {
		t.Errorf("by code, of a class: %v", got)
	}
	r := s.run(exitOK, append([]string{"dlq", "stats", "--by", "event_name,producer,code"}, s.registry()...)...)
	if !strings.Contains(r.stdout, "Wishlist Shared") || !strings.Contains(r.stdout, " all ") {
		t.Errorf("%s", r.stdout)
	}
	r = s.run(exitUsage, append([]string{"dlq", "stats", "--by", "event-name"}, s.registry()...)...)
	if !strings.Contains(r.stderr, `--by: "event-name" is unknown: did you mean "event_name"?`) {
		t.Errorf("%s", r.stderr)
	}
}
