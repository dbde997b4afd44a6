//go:build kafka && soak

package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// The race detector's memory is several times the program's own.
var buildFlags = []string{"build"}

// TestSoakMemoryIsFlat holds ten million undelivered events in Kafka with Amazon
// away (SOAK_EVENTS, SOAK for others), and looks at the process's memory. Then
// Amazon comes back, and it must go on by itself.
func TestSoakMemoryIsFlat(t *testing.T) {
	n, length := 10_000_000, time.Minute
	if s := os.Getenv("SOAK_EVENTS"); s != "" {
		n = must(t)(strconv.Atoi(s))
	}
	if s := os.Getenv("SOAK"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		length = d
	}
	w := newWorld(t, sandbox.Options{ForgetEvents: true, KeepRequests: -1})
	if err := w.amazon.SetFaults(sandbox.Fault{Do: sandbox.Refuse}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	w.flood(n)
	t.Logf("%d events published in %s", n, time.Since(began).Round(time.Second))

	p := w.start(w.config())
	w.eventually(p, "the lanes are held", func() bool { return w.fails(p, "lane") })
	var rss []int
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(length / 30) {
		rss = append(rss, resident(t, p.(*process).cmd.Process.Pid))
	}
	third := len(rss) / 3
	first, last := slices.Max(rss[:third]), slices.Max(rss[2*third:])
	_, metrics := w.get(p, "/metrics")
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "amazon_capi_in_flight_") {
			t.Log(strings.TrimSpace(line))
		}
	}
	t.Logf("resident memory over %s: at most %d MiB in the first third, %d MiB in the last; lag %d", length, first, last, w.lag())
	if last > first+first/10 {
		t.Errorf("memory grew from %d to %d MiB with Amazon away: %v", first, last, rss)
	}
	if lag := w.lag(); lag != int64(n) {
		t.Errorf("lag %d, want all %d: something was committed", lag, n)
	}
	if err := w.amazon.SetFaults(); err != nil {
		t.Fatal(err)
	}
	w.eventually(p, "it goes on by itself", func() bool { return w.amazon.Stats().Taken > 100_000 })
	if now := resident(t, p.(*process).cmd.Process.Pid); now > 2*last {
		t.Errorf("memory went from %d to %d MiB when Amazon came back", last, now)
	}
	if err := p.stop(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// flood publishes a few thousand events again and again: nobody compares them,
// and encoding ten million would take longer than the soak.
func (w *world) flood(n int) {
	w.t.Helper()
	w.publish(generated(w.t, 2000, 13, sample.GeneratorOptions{Profiles: 50}))
	n -= 2000
	var records []*kgo.Record
	reader, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...), kgo.ConsumeTopics(w.topic))
	if err != nil {
		w.t.Fatal(err)
	}
	for len(records) < 2000 {
		fetches := reader.PollFetches(w.t.Context())
		if err := fetches.Err(); err != nil {
			w.t.Fatal(err)
		}
		records = append(records, fetches.Records()...)
	}
	reader.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...), kgo.MaxBufferedRecords(100_000), kgo.ProducerLinger(20*time.Millisecond))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	var failed atomic.Int64
	for i := range n {
		r := records[i%len(records)]
		client.Produce(context.Background(), &kgo.Record{Topic: w.topic, Key: r.Key, Value: r.Value}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.Add(1)
			}
		})
	}
	if err := client.Flush(w.t.Context()); err != nil || failed.Load() > 0 {
		w.t.Fatalf("%d of %d records were not published: %v", failed.Load(), n, err)
	}
	// The client takes a while to give its memory back; none of it is the
	// program's.
}

// resident is a process's resident memory in MiB.
func resident(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return must(t)(strconv.Atoi(strings.Fields(rest)[0])) / 1024
		}
	}
	t.Fatal("no VmRSS in /proc")
	return 0
}

func must(t *testing.T) func(int, error) int {
	return func(n int, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
}
