package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestTopicsMadeAgain: topics are purged by deleting them and making them again,
// under a running program. It holds what belongs into them, says which is missing,
// and goes on by itself.
func TestTopicsMadeAgain(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	p := w.start(w.config())
	w.publish(generated(t, 200, 11, sample.GeneratorOptions{Profiles: 3, Broken: 0.2}))
	w.delivered(p)

	w.deleteTopics(w.letters, w.receipts)
	before := len(w.published)
	w.publish(generated(t, 200, 12, sample.GeneratorOptions{Profiles: 3, Broken: 0.2}))
	w.eventually(p, "readiness says which topics are missing", func() bool {
		_, body := w.get(p, "/readyz")
		return strings.Contains(body, w.letters+": it does not exist") && strings.Contains(body, w.receipts+": it does not exist")
	})
	if w.lag() == 0 {
		t.Error("all is committed, without letters and receipts")
	}
	w.createTopic(w.letters, 9<<20)
	w.createTopic(w.receipts, 1_048_588)
	made := time.Now()
	w.delivered(p)
	if took := time.Since(made); took > time.Minute {
		t.Errorf("it went on after %s, want a minute at most", took)
	}
	w.eventually(p, "ready again", func() bool { status, _ := w.get(p, "/readyz"); return status == 200 })
	want := 0
	for i := range w.published[before:] {
		if w.published[before+i].Expect.DeadLetter() {
			want++
		}
	}
	// What came before went with the topics.
	records, letters := w.deadLetters()
	if len(letters) != want || len(w.readReceipts()) == 0 {
		t.Errorf("%d letters, want the %d of what came after; %d receipts", len(letters), want, len(w.readReceipts()))
	}
	w.checkPrivacy(p, records)
	if n := int(w.amazon.Stats().Accepted); n != w.expected(verdict.Accepted) {
		t.Errorf("Amazon accepted %d events, want %d", n, w.expected(verdict.Accepted))
	}
}

// TestTopicsThatTakeTooLittle: topics whose max.message.bytes is below what any
// letter or receipt needs hold the program up, and no more.
func TestTopicsThatTakeTooLittle(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	limit := func(bytes string) {
		t.Helper()
		answers, err := w.admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "max.message.bytes", Value: &bytes}}, w.letters, w.receipts)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range answers {
			if a.Err != nil {
				t.Fatal(a.Err)
			}
		}
	}
	limit("100")
	w.publish(generated(t, 50, 13, sample.GeneratorOptions{Profiles: 3, Broken: 0.5}))
	p := w.start(w.config())
	w.eventually(p, "readiness says what to raise", func() bool {
		_, body := w.get(p, "/readyz")
		return strings.Contains(body, "raise max.message.bytes of topic "+w.letters+", which is 100, to ") &&
			strings.Contains(body, "raise max.message.bytes of topic "+w.receipts+", which is 100, to ")
	})
	limit("1000000")
	w.delivered(p)
	records, letters := w.deadLetters()
	w.checkVerdicts(letters)
	w.checkPrivacy(p, records)
	for _, l := range letters {
		if !l.Whole() {
			t.Errorf("the letter of partition %d, offset %d is not whole", l.Partition, l.Offset)
		}
	}
}

// expected is how many published events should end so, by different ids.
func (w *world) expected(class verdict.Class) int {
	ids := make(map[string]bool)
	for i := range w.published {
		if s := &w.published[i]; s.Expect == class {
			ids[s.ProfileID()+" "+s.EventID()] = true
		}
	}
	return len(ids)
}
