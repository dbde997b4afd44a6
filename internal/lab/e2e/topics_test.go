package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
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

// TestTwoTopicsOfOneGroup: regional topics have one group, and one topic of letters and of
// receipts, which say of which topic a record was. A restart in between loses nothing.
func TestTwoTopicsOfOneGroup(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	eu := *w
	eu.topic += ".eu"
	w.createTopic(eu.topic, 8<<20)
	t.Cleanup(func() { _, _ = w.admin.DeleteTopics(context.Background(), eu.topic) })
	c := w.config()
	c.Topics = []string{w.topic, eu.topic}
	p := w.start(c)
	publish := func(seed uint64) {
		w.publish(generated(t, 200, seed, sample.GeneratorOptions{Profiles: 3, Broken: 0.2}))
		eu.publish(generated(t, 300, seed+1, sample.GeneratorOptions{Profiles: 3, Broken: 0.2}))
	}
	publish(21)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	publish(31)
	p = w.start(c)
	w.delivered(p)
	eu.delivered(p)
	_, metrics := w.get(p, "/metrics")
	for _, of := range []*world{w, &eu} {
		if !strings.Contains(metrics, `amazon_capi_lag_records{partition="0",topic="`+of.topic+`"}`) {
			t.Errorf("no metric of the lag of %s", of.topic)
		}
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}

	type of struct {
		topic string
		class verdict.Class
	}
	want, letters, named := make(map[of]int), make(map[of]int), make(map[of]int)
	places := make(map[string]bool)
	for _, in := range []*world{w, &eu} {
		for i := range in.published {
			want[of{in.topic, in.published[i].Expect}]++
		}
	}
	_, all := w.deadLetters()
	for _, l := range all {
		letters[of{l.Topic, l.Reason.Class}]++
	}
	registry, err := registry.New(registry.Options{URL: w.registry})
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	reader := receipt.NewReader(registry)
	for _, r := range w.readReceipts() {
		receipt, err := reader.Parse(t.Context(), r.Value)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range receipt.Events {
			at := fmt.Sprintf("%s %d/%d", receipt.Topic, e.Partition, e.Offset)
			if !places[at] {
				named[of{receipt.Topic, e.Class}]++
			}
			places[at] = true
		}
	}
	for key, n := range want {
		if named[key] != n {
			t.Errorf("receipts name %d records of %s as %s, want %d", named[key], key.topic, key.class, n)
		}
		if key.class.DeadLetter() && letters[key] != n {
			t.Errorf("%d letters of %s are of class %s, want %d", letters[key], key.topic, key.class, n)
		}
	}
	if len(places) != len(w.published)+len(eu.published) {
		t.Errorf("receipts name %d records, want %d", len(places), len(w.published)+len(eu.published))
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
