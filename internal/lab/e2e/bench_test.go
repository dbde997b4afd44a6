//go:build kafka

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/bench"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// TestBench: the benchmark ends by itself, adds up, and leaves nothing behind.
// What it measures is nobody's business here.
func TestBench(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "bench", "--brokers", strings.Join(w.brokers, ","), "--registry", w.registry,
		"--events", "5000", "--runs", "2", "--profiles", "7", "--partitions", "3", "--echo", "--answer", "5ms",
		"--rate", "500", "--latency-for", "1s", "--json", "--", "--linger", "50ms")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var r bench.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(r.Runs) != 2 || r.Median.EventsPerSecond <= 0 || r.Median.CPUMicros <= 0 || r.Median.Allocs <= 0 || r.Median.BatchEvents < 1 {
		t.Errorf("%s", out)
	}
	if r.Latency == nil || r.Latency.Events != 500 || r.Latency.P50 <= 0 || r.Latency.P99 < r.Latency.P50 {
		t.Errorf("latency: %+v", r.Latency)
	}
	topics, err := w.admin.ListTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range topics.Names() {
		if strings.HasPrefix(name, "amazon-capi.bench.") {
			t.Errorf("topic %s is left behind", name)
		}
	}
}
