package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
)

func TestAuditExamples(t *testing.T) {
	c, _ := publishSamples(t)
	results := runExamples(t, "audit", "2026-04-01 --to 2026-04-08", "2026-04-01 --brokers "+strings.Join(c.Brokers(), ",")+" --registry "+c.RegistryURL(),
		"localhost:9092", strings.Join(c.Brokers(), ","), "http://localhost:8081", c.RegistryURL())
	for i, want := range []string{"to act on", `"kind":"finding"`} {
		if !strings.Contains(results[i].stdout, want) {
			t.Errorf("example %d does not show %q:\n%s", i, want, results[i].stdout)
		}
	}
}

// TestAuditOfTheSamples: what is known to be wrong with the samples is found, and
// none of their people.
func TestAuditOfTheSamples(t *testing.T) {
	_, servers := publishSamples(t)
	r := command(t, "", append([]string{"audit", "--json"}, servers...)...)
	if r.code != exitOK {
		t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	found := make(map[string]string)
	records, events := 0, 0
	for line := range strings.Lines(r.stdout) {
		var l struct {
			Kind, Level, Area, Subject string
			Records, Events            int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		found[l.Area+" "+l.Subject] = l.Level
		records += l.Records
		events += l.Events
	}
	if records != 140 || events < 100 || events >= 140 {
		t.Errorf("%d records, of which %d events would be sent", records, events)
	}
	for what, level := range map[string]string{
		"events value_missing": "act", "events no_magic": "act", "events tombstone": "act", "click ids on sites": "fine",
		"identifiers email_invalid": "look", "consent denied": "fine",
	} {
		if found[what] != level {
			t.Errorf("%s is %q, want %q", what, found[what], level)
		}
	}
	for _, secret := range []string{"@example", "amzn1.click", "+1555"} {
		if strings.Contains(r.stdout, secret) {
			t.Errorf("%q is shown:\n%s", secret, r.stdout)
		}
	}
	if r := command(t, "", append([]string{"audit", "--strict"}, servers...)...); r.code != exitFailed || !strings.Contains(r.stderr, "to act on") {
		t.Errorf("--strict: exit %d\n%s", r.code, r.stderr)
	}
	if r := command(t, "", append([]string{"audit", "--profile", "1234567890", "--event-name", "order_completed,Purchase"}, servers...)...); r.code != exitOK || !strings.Contains(r.stdout, "of profile 1234567890, event name order_completed or Purchase") {
		t.Errorf("a choice: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// TestAuditLeavesCopiesOut: letters that were redriven, some of them twice, change
// nothing but the count of copies.
func TestAuditLeavesCopiesOut(t *testing.T) {
	c, servers := publishSamples(t)
	audit := func() string {
		r := command(t, "", append([]string{"audit", "--json"}, servers...)...)
		if r.code != exitOK {
			t.Fatalf("exit %d\n%s", r.code, r.stderr)
		}
		return r.stdout
	}
	before := audit()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.ProducerBatchMaxBytes(8<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	all, err := history.ReadAll(t.Context(), kafka.Settings{Brokers: c.Brokers()}, "tracklayer.events")
	if err != nil {
		t.Fatal(err)
	}
	for _, redrives := range []string{"1", "2"} {
		for _, rec := range all {
			header := kgo.RecordHeader{Key: "amazon-capi.redrives", Value: []byte(redrives)}
			copied := &kgo.Record{Topic: rec.Topic, Key: rec.Key, Value: rec.Value, Timestamp: rec.Timestamp, Headers: []kgo.RecordHeader{header}}
			if err := cl.ProduceSync(t.Context(), copied).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	after := audit()
	if without := strings.Replace(after, `,"redriven_copies":280`, "", 1); without == after || without != before {
		t.Errorf("the audit differs by more than the count of copies:\n%s\nbefore:\n%s", after, before)
	}
}

// TestAuditCountsForgedCopies: a producer that writes a redrive's header hides
// nothing: what has no original in the window is an event, and so is the second copy
// of one round.
func TestAuditCountsForgedCopies(t *testing.T) {
	c, servers := publishSamples(t)
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.ProducerBatchMaxBytes(8<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	all, err := history.ReadAll(t.Context(), kafka.Settings{Brokers: c.Brokers()}, "tracklayer.events")
	if err != nil {
		t.Fatal(err)
	}
	header := []kgo.RecordHeader{{Key: "amazon-capi.redrives", Value: []byte("1")}}
	produce := func(value []byte) {
		forged := &kgo.Record{Topic: "tracklayer.events", Key: all[0].Key, Value: value, Timestamp: all[0].Timestamp, Headers: header}
		if err := cl.ProduceSync(t.Context(), forged).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		produce(all[0].Value) // one of them may be a copy
	}
	for n := range 5 {
		produce([]byte{'j', 'u', 'n', 'k', byte(n)})
	}
	r := command(t, "", append([]string{"audit", "--json"}, servers...)...)
	window, _, _ := strings.Cut(r.stdout, "\n")
	for _, want := range []string{`"records":147`, `"redriven_copies":1`} {
		if r.code != exitOK || !strings.Contains(window, want) {
			t.Errorf("exit %d, want %s: %s\n%s", r.code, want, window, r.stderr)
		}
	}
}

func TestAuditBadInput(t *testing.T) {
	_, servers := publishSamples(t)
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no such topic":    {[]string{"--topic", "nowhere"}, exitFailed, "does not exist"},
		"no time":          {[]string{"--from", "yesterday"}, exitUsage, "--from"},
		"to before from":   {[]string{"--from", "2026-04-02", "--to", "2026-04-01"}, exitUsage, "not after its beginning"},
		"nothing there":    {[]string{"--from", "2001-01-01", "--to", "2001-01-02"}, exitFailed, "holds no records"},
		"nobody chosen":    {[]string{"--profile", "nobody"}, exitFailed, "no events of profile nobody"},
		"no lifetime":      {[]string{"--click-lifetime", "0s"}, exitUsage, "--click-lifetime"},
		"no registry":      {[]string{"--registry", "http://127.0.0.1:1"}, exitFailed, "127.0.0.1:1"},
		"no such contract": {[]string{"--contract", "v9"}, exitUsage, "--contract"},
	} {
		r := command(t, "", append(append([]string{"audit"}, servers...), tc.args...)...)
		if r.code != tc.code || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", name, r.code, tc.code, tc.want, r.stderr)
		}
	}
}
