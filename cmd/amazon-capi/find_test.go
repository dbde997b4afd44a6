package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/find"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// find runs find --json.
func (s *scene) find(code int, args ...string) (stories []find.Story, out result) {
	s.t.Helper()
	out = s.run(code, append(append([]string{"find", "--json"}, s.registry()...), args...)...)
	noIdentifiers(s.t, out)
	if strings.Contains(strings.ToLower(out.stdout+out.stderr), "jane") {
		s.t.Errorf("an identifier is shown:\n%s%s", out.stdout, out.stderr)
	}
	return objects[find.Story](s.t, out.stdout), out
}

// one is find for a query that one event answers.
func (s *scene) one(args ...string) find.Story {
	s.t.Helper()
	stories, out := s.find(exitOK, args...)
	if len(stories) != 1 {
		s.t.Fatalf("%d events, want 1\n%s", len(stories), out.stdout)
	}
	return stories[0]
}

// kinds are the steps of a story in their order.
func kinds(s find.Story) string {
	var kinds []string
	for i, step := range s.Steps {
		kinds = append(kinds, step.Kind)
		if i > 0 && !step.At.IsZero() && step.At.Add(time.Second).Before(s.Steps[i-1].At) {
			kinds = append(kinds, "(out of order)")
		}
	}
	return strings.Join(kinds, " ")
}

// TestFindTellsTheWholeStory: refused, redriven, delivered, replayed and published
// again, an event keeps one story, which each command adds to.
func TestFindTellsTheWholeStory(t *testing.T) {
	s := newScene(t)
	events := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(events, []byte(storeEvents(20, time.Now())), 0o600); err != nil {
		t.Fatal(err)
	}
	publish := append(append([]string{"publish"}, s.registry()...), events)
	s.run(exitOK, publish...)
	if got := s.one("ord_0007"); got.State != find.InFlight || kinds(got) != "happened published" || !strings.Contains(got.Says, "has committed nothing") {
		t.Errorf("before run: %s, %s, %s", got.State, kinds(got), got.Says)
	}
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.deliver()
	refused := s.one("ord_0007")
	if refused.State != find.DeadLetter || kinds(refused) != "happened published sent rejected letter" || refused.Do == "" || refused.Now == nil || refused.Now.Outcome != "send" {
		t.Errorf("refused: %+v", refused)
	}
	if st := refused.Steps[3]; st.Status != 422 || st.Attempts == 0 || st.Events == 0 || st.In == nil || st.In.Topic != config.DefaultReceiptsTopic {
		t.Errorf("the receipt: %+v", st)
	}
	letter := refused.Steps[4]
	if letter.State != "open" || letter.In.Topic != config.DefaultLettersTopic || letter.Record.Topic != config.DefaultTopic {
		t.Errorf("the letter: %+v", letter)
	}
	s.refusing()
	s.redrive(exitOK, "--go")
	s.deliver()
	const whole = "happened published sent rejected letter redriven sent accepted"
	delivered := s.one("ord_0007")
	if delivered.State != find.Accepted || kinds(delivered) != whole || delivered.Steps[4].State != "done" || delivered.Steps[7].RequestID == "" {
		t.Errorf("redriven: %s, %s, %+v, %+v", delivered.State, kinds(delivered), delivered.Steps[4], delivered.Steps[7])
	}
	s.replay(exitOK, "--from", "offset:0", "--go")
	if got := s.one("ord_0007"); !strings.HasPrefix(kinds(got), whole) || !strings.HasSuffix(kinds(got), "sent accepted sent accepted") && !strings.HasSuffix(kinds(got), "sent sent accepted accepted") || !strings.Contains(strings.Join(got.Notes, " "), "accepted it 2 times") {
		t.Errorf("replayed: %s %q", kinds(got), got.Notes)
	}
	// The same by its places: the record, the copy and the letter.
	want := kinds(s.one("ord_0007"))
	for _, step := range delivered.Steps {
		for _, at := range []*find.Place{step.Record, step.In} {
			if at == nil || at.Topic == config.DefaultReceiptsTopic {
				continue
			}
			if got := kinds(s.one(at.String())); got != want {
				t.Errorf("found by %s: %s, want %s", at, got, want)
			}
		}
	}
	s.run(exitOK, publish...)
	if got := s.one("ord_0007"); !strings.Contains(kinds(got), "duplicate") {
		t.Errorf("published again: %s", kinds(got))
	}
	s.erase(exitOK, "", "ord_0008", "--go")
	s.run(exitOK, publish...)
	s.deliver(func(c *pipeline.Config) { c.ErasureTopic = config.DefaultErasureTopic })
	if got := s.one("ord_0008"); got.State != find.Accepted || !strings.Contains(kinds(got), "filtered") {
		t.Errorf("erased after it was accepted: %s, %s", got.State, kinds(got))
	} else if got.Now == nil || got.Now.Outcome != "filtered" {
		t.Errorf("what becomes of an erased event now is %+v, want filtered", got.Now)
	}
}

// TestFindOnATerminal: no line is wider than a terminal, and nothing of a person is in
// it, with ids and topics as long as they come.
func TestFindOnATerminal(t *testing.T) {
	s := newScene(t)
	long := "ord_" + strings.Repeat("0123456789abcdef-", 14)
	events := filepath.Join(t.TempDir(), "events.jsonl")
	text := strings.ReplaceAll(storeEvents(3, time.Now()), "ord_0001", long)
	if err := os.WriteFile(events, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(exitOK, append(append([]string{"publish"}, s.registry()...), events)...)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.deliver()
	for _, id := range []string{long, "ord_0002"} {
		r := commandIn(t, []string{"COLUMNS=80"}, "", append([]string{"find", id}, s.registry()...)...)
		noIdentifiers(t, r)
		for line := range strings.Lines(r.stdout) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		for _, want := range []string{"Event ", "State ", "dead-letter", "published at", "status 422", "By today's settings", "Read: "} {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("no %q in\n%s", want, r.stdout)
			}
		}
		if r.stderr != "" {
			t.Errorf("progress in a pipe: %q", r.stderr)
		}
	}
}

// TestFindAmongSeveralTopics: the topics of a list are one source.
func TestFindAmongSeveralTopics(t *testing.T) {
	s := newScene(t)
	const other = "tracklayer.app"
	if _, err := s.admin().CreateTopic(t.Context(), 2, 1, nil, other); err != nil {
		t.Fatal(err)
	}
	events := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(events, []byte(storeEvents(20, time.Now())), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(exitOK, append(append([]string{"publish"}, s.registry()...), events)...)
	var copied []*kgo.Record
	for _, r := range s.records(config.DefaultTopic) {
		copied = append(copied, &kgo.Record{Topic: other, Key: r.Key, Value: r.Value, Timestamp: r.Timestamp})
	}
	s.produce(copied...)
	both := config.DefaultTopic + "," + other
	got := s.one("ord_0003", "--topic", both)
	var topics []string
	for _, step := range got.Steps {
		if step.Record != nil {
			topics = append(topics, step.Record.Topic)
		}
	}
	if slices.Sort(topics); !slices.Equal(topics, []string{other, config.DefaultTopic}) {
		t.Errorf("found in %q", topics)
	}
	if one := s.one("ord_0003", "--topic", other); kinds(one) != "happened published" {
		t.Errorf("in one topic: %s", kinds(one))
	}
	if one := s.one(other+"/0/0", "--topic", config.DefaultTopic); one.Steps[1].Record.Topic != other {
		t.Errorf("%+v", one)
	}
}

// TestFindLooksAtWhatItIsGiven: nothing is read for what cannot be meant, and what is
// not there is said with where it was looked for.
func TestFindLooksAtWhatItIsGiven(t *testing.T) {
	s := newScene(t)
	for name, tc := range map[string]struct {
		code  int
		stdin string
		args  []string
		want  string
	}{
		"nothing":             {exitUsage, "", nil, "takes one argument"},
		"two":                 {exitUsage, "", []string{"a", "b"}, "takes one argument"},
		"empty":               {exitUsage, "", []string{" "}, "nothing to find is named"},
		"an address":          {exitUsage, "", []string{"jane@example.com"}, "identifier of a person"},
		"nothing on input":    {exitUsage, "\n", []string{"-"}, "nothing to find is named"},
		"an address on input": {exitFailed, "jane@example.com\n", []string{"-"}, "[email]"},
		"no time":             {exitUsage, "", []string{"x", "--since", "yesterday"}, "--since"},
		"backwards":           {exitUsage, "", []string{"x", "--since", "-1h", "--until", "-2h"}, "--until"},
		"no group":            {exitUsage, "", []string{"x", "--group", ""}, "--group"},
		"letters as source":   {exitUsage, "", []string{"x", "--dead-letter-topic", config.DefaultTopic}, "different topics"},
		"not there":           {exitFailed, "", []string{"ord_1"}, "ord_1: not found in tracklayer.events (0 records)"},
		"bounds":              {exitFailed, "", []string{"ord_1", "--since", "-1h"}, "without --since"},
		"no such place":       {exitFailed, "", []string{"0/7"}, "0/7: not found"},
		"no such partition":   {exitFailed, "", []string{"70/7"}, "70/7: not found"},
		"an id with slashes":  {exitFailed, "", []string{"2026/104/7"}, "not found"},
		"no such topic":       {exitFailed, "", []string{"x", "--topic", "evnets"}, "does not exist"},
	} {
		r := command(t, tc.stdin, append(append([]string{"find"}, s.registry()...), tc.args...)...)
		if r.code != tc.code || !strings.Contains(r.stderr, tc.want) || strings.Contains(r.stderr, "jane") {
			t.Errorf("%s: exit %d, want %d with %q in %s", name, r.code, tc.code, tc.want, r.stderr)
		}
	}
}

// TestFindExamples: what the help shows works.
func TestFindExamples(t *testing.T) {
	s := newSceneAlone(t)
	events := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(events, []byte(storeEvents(20, time.Now())), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(exitOK, append(append([]string{"publish"}, s.registry()...), events)...)
	if _, err := s.admin().CreateTopic(t.Context(), 2, 1, nil, "tracklayer.app"); err != nil {
		t.Fatal(err)
	}
	for _, r := range runExamplesIn(t, s.environ(), "find", "ord_10492_purchase", "ord_0003", "0/0", s.one("ord_0003").Steps[1].Record.String(), "--brokers localhost:9092", "", "--registry http://localhost:8081", "") {
		noIdentifiers(t, r)
		if !strings.Contains(r.stdout, "ord_0003") {
			t.Errorf("%s", r.stdout)
		}
	}
}
