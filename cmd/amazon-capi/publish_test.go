package main

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/lab/publish"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// TestPublishToATopicThatIsNotThere: it says how to make it, and leaves nothing in
// the registry.
func TestPublishToATopicThatIsNotThere(t *testing.T) {
	s := newScene(t)
	registry, err := registry.New(registry.Options{URL: s.RegistryURL()})
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	registered := func() bool {
		status, err := registry.Check(t.Context(), schemas.Subject("nope"), schemas.Texts())
		return err == nil && status.Exists
	}
	r := s.run(exitFailed, append([]string{"publish", "--topic", "nope", "--events", "3"}, s.registry()...)...)
	for _, want := range []string{`topic "nope" does not exist`, "--topic", "kafka-topics.sh --create --topic nope", "--create-topics", "nothing was registered"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("no %q in %s", want, r.stderr)
		}
	}
	if registered() {
		t.Error("schemas were registered for a topic that is not there")
	}
	s.run(exitOK, append([]string{"publish", "--topic", "nope", "--events", "3", "--create-topics"}, s.registry()...)...)
	topics, err := kadm.NewClient(s.kafka()).ListTopics(t.Context(), "nope")
	if err != nil || len(topics["nope"].Partitions) != publish.Partitions || !registered() {
		t.Errorf("created: %v, %v, schemas registered: %v", topics, err, registered())
	}
	if got := len(s.records("nope")); got != 3 {
		t.Errorf("%d records", got)
	}
}

// TestSeedsMakeOtherEvents: events of another seed are others to Amazon, too, which
// removes those whose id it knows.
func TestSeedsMakeOtherEvents(t *testing.T) {
	s := newScene(t)
	for _, seed := range []string{"1", "2", "12", "121"} {
		s.run(exitOK, append([]string{"publish", "--events", "300", "--seed", seed}, s.registry()...)...)
	}
	if n := len(s.events()); n != 1200 {
		t.Errorf("%d event ids of 1200 events", n)
	}
	s.run(exitOK, append([]string{"publish", "--events", "300", "--seed", "12"}, s.registry()...)...)
	if n := len(s.events()); n != 1200 {
		t.Errorf("%d event ids after a seed was given again", n)
	}
}
