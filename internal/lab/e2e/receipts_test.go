package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

func (w *world) readReceipts() []*kgo.Record {
	w.t.Helper()
	records, err := history.ReadAll(w.t.Context(), kafka.Settings{Brokers: w.brokers}, w.receipts)
	if err != nil {
		w.t.Fatal(err)
	}
	return records
}

// place is where a record of the source is.
type place struct {
	partition int32
	offset    int64
}

// checkReceipts holds the receipts to the source, to the dead letters and to
// what Amazon took: every record of the source is named once, and with its class.
func (w *world) checkReceipts(letters []deadletter.Letter) {
	t := w.t
	t.Helper()
	registry, err := registry.New(registry.Options{URL: w.registry})
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	reader := receipt.NewReader(registry)
	named := make(map[place]receipt.Event)
	accepted := make(map[string]bool)
	filtered, complaints := 0, 0
	complain := func(format string, args ...any) {
		if complaints++; complaints <= 5 {
			t.Errorf(format, args...)
		}
	}
	for _, r := range w.readReceipts() {
		receipt, err := reader.Parse(t.Context(), r.Value)
		if err != nil {
			t.Fatal(err)
		}
		if receipt.Topic != w.topic || receipt.ProfileID != string(r.Key) || len(r.Headers) > 0 || receipt.Contract == "" {
			complain("receipt at %d/%d: topic %q, contract %q, profile %q under the key %q, %d headers",
				r.Partition, r.Offset, receipt.Topic, receipt.Contract, receipt.ProfileID, r.Key, len(r.Headers))
		}
		for _, e := range receipt.Events {
			at := place{e.Partition, e.Offset}
			if _, again := named[at]; again {
				complain("receipts name %d/%d more than once", e.Partition, e.Offset)
			}
			named[at] = e
			switch e.Class {
			case verdict.Accepted:
				accepted[receipt.ProfileID+" "+e.EventID] = true
			case verdict.Filtered:
				filtered++
			}
			sent := e.Class == verdict.Accepted || e.Class == verdict.Rejected || e.Class == verdict.Auth && e.Code != verdict.CodeProfileUnknown.String()
			if sent != (receipt.RequestID != "") || sent != (receipt.Attempts > 0) || sent == receipt.FirstSent.IsZero() || sent == receipt.LastAnswered.IsZero() {
				complain("%s %s: request %q, %d attempts, sent %s, answered %s",
					e.Class, e.EventID, receipt.RequestID, receipt.Attempts, receipt.FirstSent, receipt.LastAnswered)
			}
		}
	}
	sources, err := history.ReadAll(t.Context(), kafka.Settings{Brokers: w.brokers}, w.topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range sources {
		if _, ok := named[place{r.Partition, r.Offset}]; !ok {
			complain("no receipt names %d/%d", r.Partition, r.Offset)
		}
	}
	if len(named) != len(w.published) {
		t.Errorf("receipts name %d records, want the %d that were published", len(named), len(w.published))
	}
	wantFiltered := 0
	for i := range w.published {
		switch s := &w.published[i]; s.Expect {
		case verdict.Accepted:
			if !accepted[s.ProfileID()+" "+s.EventID()] {
				complain("no receipt says that %s was accepted", s.EventID())
			}
		case verdict.Filtered:
			wantFiltered++
		}
	}
	if filtered != wantFiltered {
		t.Errorf("%d filtered by their receipts, want %d", filtered, wantFiltered)
	}
	if n := int(w.amazon.Stats().Accepted); len(accepted) != n {
		t.Errorf("receipts say that %d event ids were accepted, and Amazon took %d", len(accepted), n)
	}
	for _, l := range letters {
		e := named[place{l.Partition, l.Offset}]
		if e.Class != l.Reason.Class || e.Status != l.Reason.Status || e.Code != l.Reason.Code {
			complain("the dead letter of %d/%d says %s %d %s, and its receipt %s %d %s",
				l.Partition, l.Offset, l.Reason.Class, l.Reason.Status, l.Reason.Code, e.Class, e.Status, e.Code)
		}
	}
}

// TestWithoutReceipts: an empty --receipts-topic turns them off.
func TestWithoutReceipts(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.publish(generated(t, 100, 11, sample.GeneratorOptions{Broken: 0.1}))
	c := w.config()
	c.ReceiptsTopic = ""
	p := w.start(c)
	w.delivered(p)
	if n := len(w.readReceipts()); n != 0 {
		t.Errorf("%d receipts", n)
	}
	if status, body := w.get(p, "/readyz"); status != 200 || strings.Contains(body, "receipts") {
		t.Errorf("%d:\n%s", status, body)
	}
}

// TestTopicsAreCreated: --create-topics makes all three.
func TestTopicsAreCreated(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.deleteTopics(w.letters, w.receipts)
	w.publish(generated(t, 200, 12, sample.GeneratorOptions{Broken: 0.1}))
	c := w.config()
	c.CreateTopics = true
	p := w.start(c)
	w.delivered(p)
	_, letters := w.deadLetters()
	w.checkVerdicts(letters)
}

// TestReceiptsTopicIsMissing: nothing is final without receipts, and all goes on
// once there can be some.
func TestReceiptsTopicIsMissing(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	missing := w.receipts
	w.deleteTopics(missing)
	w.publish(generated(t, 300, 13, sample.GeneratorOptions{Profiles: 3, Broken: 0.05}))
	p := w.start(w.config())
	w.eventually(p, "readiness names the receipts topic", func() bool {
		status, body := w.get(p, "/readyz")
		return status == 503 && strings.Contains(body, "[-] receipts topic") && strings.Contains(body, "does not exist")
	})
	if lag := w.lag(); lag != 300 {
		t.Errorf("lag %d without receipts, want all 300", lag)
	}
	w.createTopic(missing, 1_048_588)
	w.delivered(p)
	records, letters := w.deadLetters()
	w.checkVerdicts(letters)
	w.checkPrivacy(p, records)
	w.eventually(p, "ready again", func() bool { status, _ := w.get(p, "/readyz"); return status == 200 })
}

// TestRegistryIsAwayAtTheStart: without a schema there are no receipts, so
// nothing is sent that could not be settled.
func TestRegistryIsAwayAtTheStart(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	target, err := url.Parse(w.registry)
	if err != nil {
		t.Fatal(err)
	}
	var back atomic.Bool
	proxy := httputil.NewSingleHostReverseProxy(target)
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !back.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	defer srv.Close()
	w.publish(generated(t, 100, 14, sample.GeneratorOptions{}))
	c := w.config()
	c.Registry.URL = srv.URL
	p := w.start(c)
	w.eventually(p, "readiness names receipts and the registry", func() bool {
		status, body := w.get(p, "/readyz")
		return status == 503 && strings.Contains(body, "[-] receipts") && strings.Contains(body, "[-] registry")
	})
	if status, body := w.get(p, "/livez"); status != 200 {
		t.Errorf("waiting for the registry made the program unlive:\n%s", body)
	}
	if n := w.amazon.Stats().Requests; n != 0 {
		t.Errorf("%d requests to Amazon while no receipt can be written", n)
	}
	back.Store(true)
	w.delivered(p)
	_, letters := w.deadLetters()
	w.checkVerdicts(letters)
	w.eventually(p, "ready again", func() bool { status, _ := w.get(p, "/readyz"); return status == 200 })
}

// TestReceiptsOfARefusedProfile: what Amazon refuses for good is named with its
// status, after its dead letter.
func TestReceiptsOfARefusedProfile(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	if err := w.amazon.SetFaults(sandbox.Fault{Do: sandbox.Status, Status: 403}); err != nil {
		t.Fatal(err)
	}
	w.publish(generated(t, 20, 15, sample.GeneratorOptions{}))
	for i := range w.published {
		w.published[i].Expect, w.published[i].Code = verdict.Auth, ""
	}
	c := w.config()
	c.AuthHold = 200 * time.Millisecond
	p := w.start(c)
	w.delivered(p)
	_, letters := w.deadLetters()
	if len(letters) != 20 || letters[0].Reason.Status != 403 {
		t.Fatalf("%d letters: %+v", len(letters), letters[0].Reason)
	}
	w.checkVerdicts(letters)
}
