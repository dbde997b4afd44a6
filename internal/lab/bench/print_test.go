package bench

import (
	"bytes"
	"strings"
	"testing"
)

func benchText(r Report) string {
	var b bytes.Buffer
	r.Print(&b)
	return b.String()
}

func TestBenchReport(t *testing.T) {
	ours := Run{Events: 100, EventsPerSecond: 600_000, CPUMicros: 2.5, Allocs: 0.25, PeakBytes: 150e6, BatchEvents: 400}
	r := Report{Setting: Setting{Events: 100}, Result: Result{Runs: []Run{ours, ours}, Median: ours}}
	text := benchText(r)
	for _, want := range []string{"600000", "2.50", "0.25", "150 MB", "400"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "tenth") {
		t.Errorf("memory over the run is not known:\n%s", text)
	}
	r.Median.MemoryBytes = Tenths{140e6, 9: 143e6}
	if want := "at most 140 MB while the first tenth of the events was delivered, 143 MB while the last was"; !strings.Contains(benchText(r), want) {
		t.Errorf("no %q in\n%s", want, benchText(r))
	}
	if strings.Contains(text, "times") || strings.Contains(text, "–") {
		t.Errorf("nothing is compared:\n%s", text)
	}

	theirs := Run{Events: 100, EventsPerSecond: 40_000, CPUMicros: 50, PeakBytes: 1200e6, BatchEvents: 380}
	short, twice := theirs, theirs
	short.Events, twice.Events = 97, 104
	r.Against = &Comparison{
		Name: "connect", Result: Result{Runs: []Run{short, theirs, twice}, Median: theirs},
		Ratio: Ratio{EventsPerSecond: 15, CPUMicros: 0.05, PeakBytes: 0.125},
	}
	text = benchText(r)
	for _, want := range []string{
		"amazon-capi\n", "\nconnect\n", "40000", "–",
		"amazon-capi has 15.0 times the events/s of connect, 0.050 of its CPU, 0.125 of its memory (medians)\n",
		"connect, run 1: 3 of 100 events never came\n", "connect, run 3: 4 events more than there are",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "run 2:") || strings.Contains(text, "allocations") {
		t.Errorf("run 2 was as it should be, and allocations are not known:\n%s", text)
	}
}
