//go:build kafka

package e2e

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// TestACompactedDeadLetterTopic: only a real broker refuses records without a key
// for one. They wait, the others do not, and the setting is named.
func TestACompactedDeadLetterTopic(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	policy := func(value string) {
		t.Helper()
		answers, err := w.admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "cleanup.policy", Value: &value}}, w.letters)
		if err == nil {
			err = answers[0].Err
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	policy("compact")
	w.publish(generated(t, 50, 14, sample.GeneratorOptions{Profiles: 3, Broken: 0.5}))
	if err := w.client.ProduceSync(t.Context(), &kgo.Record{Topic: w.topic, Value: []byte("nobody can read this")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	p := w.start(w.config())
	w.eventually(p, "readiness names the setting", func() bool {
		_, body := w.get(p, "/readyz")
		return strings.Contains(body, "set cleanup.policy=delete for topic "+w.letters)
	})
	want := 0
	for i := range w.published {
		if w.published[i].Expect.DeadLetter() {
			want++
		}
	}
	w.eventually(p, "letters with keys are written", func() bool {
		_, letters := w.deadLetters()
		return len(letters) == want
	})
	policy("delete")
	w.delivered(p)
	if _, letters := w.deadLetters(); len(letters) != want+1 {
		t.Errorf("%d letters, want %d and the one without a key", len(letters), want)
	}
}
