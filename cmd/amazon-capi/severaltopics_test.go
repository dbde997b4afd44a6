package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/operate/attribution"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/erase"
	"github.com/tracklayer/amazon-capi/internal/operate/replay"
)

var regional = []string{"orders.eu", "orders.us"}

// regions is a scene in which one group has delivered the events of two topics.
func regions(t *testing.T) *scene {
	t.Helper()
	t.Parallel()
	s := &scene{Cluster: cluster(t, append([]string{config.DefaultLettersTopic, config.DefaultReceiptsTopic}, regional...)...), t: t, topics: regional}
	for i, topic := range regional {
		seed := []string{"1", "2"}[i]
		s.run(exitOK, append([]string{"publish", "--topic", topic, "--events", []string{"120", "80"}[i], "--seed", seed, "--broken", "0.2"}, s.registry()...)...)
	}
	s.deliver()
	return s
}

// listed is the setting of both topics.
var listed = []string{"--topic", strings.Join(regional, ",")}

func TestAuditOfSeveralTopics(t *testing.T) {
	s := regions(t)
	var records int64
	for _, topic := range append(regional, listed[1]) {
		r := s.run(exitOK, append([]string{"audit", "--json", "--topic", topic}, s.registry()...)...)
		window := objects[struct {
			Kind string `json:"kind"`
			attribution.Window
		}](t, strings.SplitAfter(r.stdout, "\n")[0])[0]
		if topic != listed[1] {
			records += window.Records
		} else if window.Records != records || records != 200 || window.Topic != "orders.eu, orders.us" {
			t.Errorf("both are %+v, one by one %d records", window, records)
		}
	}
}

func TestReplayOfSeveralTopics(t *testing.T) {
	s := regions(t)
	args := append(append([]string{"replay", "--json", "--from", "offset:0"}, listed...), s.amazon()...)
	sum := func(args ...string) (all replay.Report) {
		reports := objects[replay.Report](t, s.run(exitOK, args...).stdout)
		for i, r := range reports {
			if len(reports) != 2 || r.Topic != regional[i] {
				t.Fatalf("%d reports, one of %s", len(reports), r.Topic)
			}
			all.Records, all.Selected, all.Sent, all.Left, all.DoneBefore = all.Records+r.Records, all.Selected+r.Selected, all.Sent+r.Sent, all.Left+r.Left, all.DoneBefore+r.DoneBefore
		}
		return all
	}
	if dry := sum(args...); dry.Records != 200 || dry.Selected == 0 || dry.Sent != 0 {
		t.Errorf("a dry run: %+v", dry)
	}
	if done := sum(append(args, "--go")...); done.Sent != done.Selected || done.Left != 0 || done.Sent == 0 {
		t.Errorf("sent: %+v", done)
	}
	if again := sum(append(args, "--go")...); again.Sent != 0 || again.DoneBefore == 0 {
		t.Errorf("again: %+v", again)
	}
	for _, of := range [][]string{{"--name", "x"}, {"--partition", "0"}} {
		if r := s.run(exitUsage, append(args, of...)...); !strings.Contains(r.stderr, of[0]+":") || !strings.Contains(r.stderr, "several topics are given (orders.eu, orders.us)") {
			t.Errorf("%s: %s", of[0], r.stderr)
		}
	}
	if r := s.run(exitOK, slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "--json" })...); !strings.Contains(r.stdout, "Topic orders.eu:\n") || !strings.Contains(r.stdout, "\n\nTopic orders.us:\n") {
		t.Errorf("it does not say what is of which topic:\n%s", r.stdout)
	}
}

func TestMoveInSeveralTopics(t *testing.T) {
	s := regions(t)
	args := append(append([]string{"replay", "--json", "--live-group", "--from", "offset:0"}, listed...), s.servers()...)
	rows := objects[replay.Moved](t, s.run(exitOK, append(args, "--go")...).stdout)
	if len(rows) != 6 || rows[0].Topic != regional[0] || rows[5].Topic != regional[1] {
		t.Errorf("moved: %+v", rows)
	}
	if lag := s.lag("amazon-capi"); lag != 200 {
		t.Errorf("the group has %d records to deliver, want 200", lag)
	}
	s.run(exitUsage, append(args, "--partition", "1")...)
	if r := s.run(exitUsage, append([]string{"replay", "--live-group", "--from", "offset:0", "--topic", "", "--go"}, s.servers()...)...); !strings.Contains(r.stderr, "--topic: it has no name") || r.stdout != "" {
		t.Errorf("without a topic: %s%s", r.stdout, r.stderr)
	}
}

func TestRedriveToSeveralTopics(t *testing.T) {
	s := regions(t)
	args := append(append([]string{"dlq", "redrive", "--json"}, listed...), s.registry()...)
	plans := objects[dlq.RedriveReport](t, s.run(exitOK, args...).stdout)
	if len(plans) != 2 || plans[0].Topic != regional[0] || plans[1].Topic != regional[1] || plans[0].Send == 0 || plans[1].Send == 0 || plans[0].OtherTopic != plans[1].Send {
		t.Fatalf("planned: %+v", plans)
	}
	for i, done := range objects[dlq.RedriveReport](t, s.run(exitOK, append(args, "--go")...).stdout) {
		if done.Sent != plans[i].Send || len(s.records(regional[i])) != []int{120, 80}[i]+done.Sent {
			t.Errorf("%s has %d records: %+v", regional[i], len(s.records(regional[i])), done)
		}
	}
	for _, again := range objects[dlq.RedriveReport](t, s.run(exitOK, args...).stdout) {
		if again.Send != 0 {
			t.Errorf("again: %+v", again)
		}
	}
	// One of another tool that names no source goes to one of two only if it is the only one.
	s.produce(springLetter(config.DefaultLettersTopic))
	for topic, want := range map[string]int{listed[1]: 0, regional[0]: 1} {
		for _, plan := range objects[dlq.RedriveReport](t, s.run(exitOK, append(append([]string{"dlq", "redrive", "--json", "--topic", topic}, s.registry()...), "--class", "foreign")...).stdout) {
			if plan.Send != want || plan.OtherTopic == 0 == (want == 0) {
				t.Errorf("with --topic %s a letter without a source: %+v", topic, plan)
			}
		}
	}
}

func TestExplainARecordOfOneOfSeveralTopics(t *testing.T) {
	s := regions(t)
	args := append(append([]string{"explain", "--json"}, listed...), s.registry()...)
	if r := s.run(exitOK, append(args, "--offset", "orders.us/0/0")...); !strings.Contains(r.stdout, `"topic":"orders.us"`) {
		t.Error(r.stdout)
	}
	for at, want := range map[string]string{"0/0": "want one of them in front, such as orders.eu/0/0", "orders.us/0": "want partition/offset", "/0/0": "want one of them in front, such as orders.eu/0/0"} {
		if r := s.run(exitUsage, append(args, "--offset", at)...); !strings.Contains(r.stderr, want) {
			t.Errorf("%s: %s, want %q", at, r.stderr, want)
		}
	}
}

func TestEraseInSeveralTopics(t *testing.T) {
	s := regions(t)
	var ids []string
	for _, topic := range regional {
		ids = append(ids, s.idIn(topic))
	}
	r, _ := s.erase(exitOK, "", append(listed, append(ids, "--go")...)...)
	in := make(map[string]bool)
	for _, c := range r.Copies {
		in[c.Topic] = true
	}
	if r.EventIDs != 2 || !in[regional[0]] || !in[regional[1]] {
		t.Errorf("%d ids, copies in %v", r.EventIDs, in)
	}
}

func TestSchemasOfSeveralTopics(t *testing.T) {
	s := newScene(t)
	args := append([]string{"--registry", s.RegistryURL(), "--json"}, listed...)
	type subject struct {
		Subject  string
		Receipts *struct{ Subject string }
	}
	for _, command := range []string{"register", "check"} {
		var got []subject
		for line := range strings.Lines(s.run(exitOK, append([]string{"schemas", command}, args...)...).stdout) {
			var of subject
			if err := json.Unmarshal([]byte(line), &of); err != nil {
				t.Fatal(err)
			}
			got = append(got, of)
		}
		if len(got) != 2 || got[0].Subject != "orders.eu-value" || got[1].Subject != "orders.us-value" || got[0].Receipts == nil || got[1].Receipts != nil {
			t.Errorf("%s: %+v", command, got)
		}
	}
	if r := s.run(exitFailed, "schemas", "check", "--registry", s.RegistryURL(), "--topic", "orders.eu,orders.asia"); !strings.Contains(r.stderr, "not all versions are registered under orders.asia-value") || strings.Contains(r.stderr, "orders.eu") {
		t.Errorf("a topic without schemas: %s", r.stderr)
	}
	if r := s.run(exitUsage, "schemas", "check", "--registry", "ftp://x", "--topic", "a,b"); strings.Count(r.stderr, "--registry") > 1 {
		t.Errorf("one mistake is told twice: %s", r.stderr)
	}
}

// idIn returns an event id of a topic.
func (s *scene) idIn(topic string) string {
	s.t.Helper()
	for _, r := range s.records(topic) {
		if len(r.Key) > 0 && !erase.Identifies(string(r.Key)) && !erase.Ambiguous(string(r.Key)) {
			return string(r.Key)
		}
	}
	s.t.Fatalf("no record of %s has a key", topic)
	return ""
}

// springLetter is a letter of another tool's, which does not name its source.
func springLetter(topic string) *kgo.Record {
	return &kgo.Record{Topic: topic, Value: []byte("x"), Headers: []kgo.RecordHeader{{Key: "kafka_dlt-exception-message", Value: []byte("no")}}}
}
