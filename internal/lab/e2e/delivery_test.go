package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// TestEveryEventGetsItsVerdict is the issue's own measure: many events over 12
// partitions and 50 profiles, one in a hundred broken.
func TestEveryEventGetsItsVerdict(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.publish(generated(t, scale, 1, sample.GeneratorOptions{Profiles: 50, Broken: 0.01, Denied: 0.02, V1: 0.3}))
	p := w.start(w.config())
	w.delivered(p)
	records, letters := w.deadLetters()
	w.checkVerdicts(letters)
	w.checkPrivacy(p, records)
	if duplicates := w.amazon.Stats().Duplicates(); duplicates != 0 {
		t.Errorf("%d events were accepted twice though nothing failed", duplicates)
	}
	if status, body := w.get(p, "/readyz"); status != 200 {
		t.Errorf("not ready after all was delivered:\n%s", body)
	}
	w.checkMetrics(p)
	if err := p.stop(); err != nil {
		t.Errorf("ended with %v, want a clean exit", err)
	}
	if lag := w.lag(); lag != 0 {
		t.Errorf("lag %d after the end", lag)
	}
}

// checkMetrics holds the program's own sum to what was published.
func (w *world) checkMetrics(p program) {
	w.t.Helper()
	_, body := w.get(p, "/metrics")
	sum := func(name string) (total int) {
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, name+"{") || strings.HasPrefix(line, name+" ") {
				total += number(w.t, line)
			}
		}
		return total
	}
	taken, ended := sum("amazon_capi_records_taken_total"),
		sum("amazon_capi_events_accepted_total")+sum("amazon_capi_events_dead_lettered_total")+sum("amazon_capi_events_filtered_total")
	if taken != len(w.published) || ended != taken || sum("amazon_capi_in_flight_events") != 0 || sum("amazon_capi_lag_records") != 0 {
		w.t.Errorf("metrics: taken %d, ended %d, in flight %d, lag %d; want %d, as many, 0, 0",
			taken, ended, sum("amazon_capi_in_flight_events"), sum("amazon_capi_lag_records"), len(w.published))
	}
	if backlog := sum("amazon_capi_backlog_records"); backlog != 0 || !strings.Contains(body, "amazon_capi_backlog_records{") {
		w.t.Errorf("metrics: a backlog of %d, want a series that says 0", backlog)
	}
	if failing := sum("amazon_capi_condition_failing"); failing != 0 || !strings.Contains(body, `amazon_capi_condition_failing{condition="brokers"} 0`) || sum("amazon_capi_build_info") != 1 {
		w.t.Errorf("metrics: %d conditions fail, want those of the process with 0, and which program this is", failing)
	}
	if timed, accepted := sum("amazon_capi_accept_latency_seconds_count"), sum("amazon_capi_events_accepted_total"); timed != accepted {
		w.t.Errorf("metrics: the latency of %d events was observed, want that of the %d accepted", timed, accepted)
	}
	if consumed := sum("amazon_capi_events_consumed_total"); consumed != taken {
		w.t.Errorf("metrics: consumed by profile add up to %d, want %d", consumed, taken)
	}
}

// TestBadInput publishes one record of every kind of bad input between good
// ones: each gets its class, and stops nothing else.
func TestBadInput(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.publish(generated(t, 50, 2, sample.GeneratorOptions{Prefix: "before-"}))
	w.publish(generated(t, 200, 3, sample.GeneratorOptions{Broken: 1, Prefix: "bad-"}))
	w.publish(generated(t, 50, 4, sample.GeneratorOptions{Prefix: "after-"}))
	seen := make(map[string]bool)
	for i := range w.published {
		seen[key(w.published[i].Expect, w.published[i].Code)] = true
	}
	if len(seen) < 15 {
		t.Fatalf("only %d kinds of bad input were published: %v", len(seen), seen)
	}
	p := w.start(w.config())
	w.delivered(p)
	records, letters := w.deadLetters()
	w.checkVerdicts(letters)
	w.checkPrivacy(p, records)
}

// TestLargeRecords: a record of 5 MB is delivered when it is good and kept whole
// when it is not.
func TestLargeRecords(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	padding := schemas.Attribute{Key: "padding", Value: strings.Repeat("x", 5<<20)}
	event := func(id string) *schemas.Event {
		return &schemas.Event{
			EventID: id, ProfileID: "1234567890", EventName: "Lead", ActionSource: "WEBSITE",
			OccurredAt: time.Now().UnixMilli(), Custom: schemas.CustomData{Attributes: []schemas.Attribute{padding}},
		}
	}
	bad := event("")
	w.publish(each(
		sample.Sample{Event: event("large"), Expect: verdict.Accepted},
		sample.Sample{Event: bad, Expect: verdict.Validation, Code: "event_id_missing"},
		sample.Sample{Event: event("large"), Damage: sample.Truncated, Expect: verdict.Decode, Code: verdict.CodeTruncated.String()},
	))
	p := w.start(w.config())
	w.delivered(p)
	_, letters := w.deadLetters()
	w.checkVerdicts(letters)
	for _, l := range letters {
		if len(l.Value) < 3<<20 || l.ValueOmitted != 0 { // the truncated one has lost a part
			t.Errorf("the dead letter of class %s has %d bytes of value, %d left out; want all of it", l.Reason.Class, len(l.Value), l.ValueOmitted)
		}
	}
}

func each(all ...sample.Sample) func(func(sample.Sample, error) bool) {
	return func(yield func(sample.Sample, error) bool) {
		for _, s := range all {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// TestRestartGoesOnWhereItStopped: a clean stop in the middle and a second
// process deliver all, and nothing twice.
func TestRestartGoesOnWhereItStopped(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.publish(generated(t, scale/2, 5, sample.GeneratorOptions{Profiles: 10}))
	p := w.start(w.config())
	w.eventually(p, "some are delivered", func() bool { return w.amazon.Stats().Accepted > 0 })
	if err := p.stop(); err != nil {
		t.Fatalf("ended with %v, want a clean exit", err)
	}
	if !strings.Contains(p.log(), `"left":0`) {
		t.Errorf("the last line does not say that nothing was left:\n%s", tail(p.log()))
	}
	q := w.start(w.config())
	w.delivered(q)
	_, letters := w.deadLetters()
	w.checkVerdicts(letters)
	if duplicates := w.amazon.Stats().Duplicates(); duplicates != 0 {
		t.Errorf("%d events were sent twice across a clean stop", duplicates)
	}
}
