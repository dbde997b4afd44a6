//go:build !kafka

package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/gluetest"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// TestATopicOfAllFramings: a registry with GUIDs and Glue beside it, and a topic whose
// records name their schemas in all ways in turn. While both are away nothing is
// refused; once they are back every event is accepted. FRAMED_EVENTS is how many there
// are, FRAMED_AWAY how long both stay away at least.
func TestATopicOfAllFramings(t *testing.T) {
	sideBySide(t)
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	w := newWorldOn(t, c.Brokers(), c.RegistryURL(), sandbox.Options{})
	versions := gluetest.New(t)
	n := 20_000 // a thousand and more of each framing
	if raced || testing.Short() {
		n = 5_000
	}
	if text := os.Getenv("FRAMED_EVENTS"); text != "" {
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	away, err := time.ParseDuration(cmp.Or(os.Getenv("FRAMED_AWAY"), "0"))
	if err != nil {
		t.Fatal(err)
	}
	w.publishFramed(versions, n)

	c.Registry().Intercept(func(rw http.ResponseWriter, _ *http.Request) bool {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	versions.Leave(true)
	config := w.config()
	config.ReceiptsTopic = "" // their schema would be waited for before anything is read
	config.Registry.Glue = versions.Client(t)
	p := w.start(config)
	began := time.Now()
	w.eventually(p, "it says that the registry is away", func() bool { return w.fails(p, "registry") && time.Since(began) >= away })
	if records, _ := w.deadLetters(); len(records) > 0 || w.lag() != int64(n) {
		t.Errorf("while the registry is away: %d dead letters, a lag of %d", len(records), w.lag())
	}
	c.Registry().ClearInterceptors()
	versions.Leave(false)
	w.delivered(p)
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	_, letters := w.deadLetters()
	lost := 0
	for i := range w.published {
		s := &w.published[i]
		if e, ok := w.amazon.Event(s.ProfileID(), s.EventID()); !ok || e.Accepted == 0 {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d events never reached Amazon", lost, n)
	}
	if len(letters) > 0 {
		t.Errorf("%d dead letters, the first: %+v", len(letters), letters[0].Reason)
	}
	w.framingsIn(n)
}

func (w *world) publishFramed(g *gluetest.Glue, n int) {
	w.t.Helper()
	reg, err := registry.New(registry.Options{URL: w.registry})
	if err != nil {
		w.t.Fatal(err)
	}
	defer reg.Close()
	p, err := sample.NewPublisher(w.client, reg, sample.PublisherOptions{Topic: w.topic, Framing: framing.Mixed, Glue: g.Client(w.t)})
	if err != nil {
		w.t.Fatal(err)
	}
	counts, err := p.Publish(w.t.Context(), func(yield func(sample.Sample, error) bool) {
		for s, err := range generated(w.t, n, 7, sample.GeneratorOptions{Profiles: 20}) {
			if s.Expect == 0 {
				s.Expect = verdict.Accepted
			}
			w.published = append(w.published, s)
			if !yield(s, err) {
				return
			}
		}
	})
	if err != nil || counts.Records != n {
		w.t.Fatalf("%d records, %v", counts.Records, err)
	}
}

// framingsIn checks that the topic has all framings, or the test would prove nothing.
func (w *world) framingsIn(n int) {
	w.t.Helper()
	records, err := history.ReadAll(w.t.Context(), kafka.Settings{Brokers: w.brokers}, w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	seen := make(map[string]int)
	for _, r := range records {
		var f framing.Found
		if fault := framing.All.Find(r.Value, r.Headers, &f); fault != nil {
			w.t.Fatal(fault)
		}
		seen[fmt.Sprint(f.Ref.Kind, f.Framing, f.Zlib)]++
	}
	text, _ := json.Marshal(seen)
	if len(seen) != len(framing.StyleNames())-1 {
		w.t.Errorf("the topic's framings are %s, want %d of them", text, len(framing.StyleNames())-1)
	}
	for name, count := range seen {
		if count < n/len(seen)-1 {
			w.t.Errorf("%s is %d records of %d", name, count, n)
		}
	}
}
