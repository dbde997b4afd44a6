package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/erase"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// erase runs erase --json with identifiers on standard input.
func (s *scene) erase(code int, stdin string, args ...string) (r erase.Report, out result) {
	s.t.Helper()
	out = command(s.t, stdin, append(append([]string{"erase", "--json"}, s.registry()...), args...)...)
	if out.code != code {
		s.t.Fatalf("exit %d, want %d\n%s%s", out.code, code, out.stdout, out.stderr)
	}
	noIdentifiers(s.t, out)
	if strings.Contains(strings.ToLower(out.stdout+out.stderr), "jane") {
		s.t.Errorf("an identifier is shown:\n%s%s", out.stdout, out.stderr)
	}
	if code == exitOK {
		if err := json.Unmarshal([]byte(out.stdout), &r); err != nil {
			s.t.Fatal(err)
		}
	}
	return r, out
}

// TestErasedEventsAreNeverSentAgain: by no path, once they are on the list.
func TestErasedEventsAreNeverSentAgain(t *testing.T) {
	s := newScene(t)
	events := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(events, []byte(storeEvents(20, time.Now())), 0o600); err != nil {
		t.Fatal(err)
	}
	publish := append(append([]string{"publish"}, s.registry()...), events)
	obeying := func(c *pipeline.Config) { c.ErasureTopic = config.DefaultErasureTopic }
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.run(exitOK, publish...)
	s.deliver(obeying)
	s.refusing()

	// A dry run says where copies are, and writes nothing.
	const person = "# by mail\n JANE3@Example.com\n"
	copies := func(r *erase.Report) map[string]int {
		n := make(map[string]int)
		for _, p := range r.Places {
			n[p.Where] += p.Copies
		}
		return n
	}
	dry, _ := s.erase(exitOK, person, "ord_0007", "--identifiers", "-")
	if n := copies(&dry); !dry.DryRun || dry.EventIDs != 2 || dry.Added != 0 || n[erase.InSource] != 2 || n[erase.InLetters] != 2 || n[erase.InReceipts] != 2 || len(dry.Copies) != 6 {
		t.Errorf("%+v", dry)
	}
	topics, err := s.admin().ListTopics(t.Context())
	if err != nil || topics.Has(config.DefaultErasureTopic) {
		t.Fatalf("a dry run made the list: %v", err)
	}
	done, _ := s.erase(exitOK, person, "ord_0007", "--identifiers", "-", "--go")
	if done.Added != 2 {
		t.Errorf("%+v", done)
	}
	if again, _ := s.erase(exitOK, person, "ord_0007", "--identifiers", "-", "--go"); again.Added != 0 || again.EventIDs != 2 {
		t.Errorf("once more: %+v", again)
	}

	// Dead letters are marked, and passed over.
	marked := 0
	for _, v := range objects[dlq.View](t, s.run(exitOK, append([]string{"dlq", "ls", "--json"}, s.servers()...)...).stdout) {
		if v.State == "erased" {
			marked++
			if v.EventID != "ord_0003" && v.EventID != "ord_0007" || !strings.Contains(v.Remedy, "erased") {
				t.Errorf("%+v", v)
			}
		}
	}
	if marked != 2 {
		t.Errorf("%d letters are marked, want 2", marked)
	}
	direct := s.redrive(exitOK, append([]string{"--direct", "--go", "--profile", "1234567890"}, s.amazon()[2:]...)...)
	copied := s.redrive(exitOK, "--go")
	if direct.Erased != 2 || copied.Erased != 2 || direct.Accepted+copied.Sent != 22 {
		t.Errorf("%+v\n%+v", direct, copied)
	}
	// As redrive of another version does, which knows no list.
	s.redrive(exitOK, "--go", "--erasure-topic", "")
	s.run(exitOK, publish...)
	sum := s.deliver(obeying)
	s.replay(exitOK, "--from", "offset:0", "--go")
	for _, id := range []string{"ord_0003", "ord_0007"} {
		if n := s.Amazon().Accepted(id); n != 0 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
	if n := s.Amazon().Accepted("ord_0004"); n == 0 || sum.Settled() == 0 {
		t.Error("others were not sent")
	}
	got := s.reconcile(exitOK)
	if got.sum.Filtered == 0 || got.sum.Missing != 0 {
		t.Errorf("%+v", got.sum)
	}
}

// TestEraseLooksAtWhatItIsGiven: nothing is read or written for what cannot be meant.
func TestEraseLooksAtWhatItIsGiven(t *testing.T) {
	s := newScene(t)
	for name, tc := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"nothing":                {"", nil, "nothing to erase is named"},
		"an address in the open": {"", []string{"jane@example.com"}, "with --identifiers"},
		"a hash in the open":     {"", []string{strings.Repeat("ab", 32)}, "with --identifiers"},
		"a phone in the open":    {"", []string{"+15551234567"}, "with --identifiers"},
		"no lines":               {"\n# none\n", []string{"--identifiers", "-"}, "it has no lines"},
		"a long line":            {strings.Repeat("x", 5000), []string{"--identifiers", "-"}, "more than 4096 bytes"},
		"no file":                {"", []string{"--event-ids-file", "/nowhere/x"}, "--event-ids-file"},
		"twice standard input":   {"x", []string{"--identifiers", "-", "--event-ids-file", "-"}, "both standard input"},
		"no list":                {"", []string{"ord_1", "--erasure-topic", ""}, "--erasure-topic"},
		"the source as list":     {"", []string{"ord_1", "--erasure-topic", config.DefaultTopic}, "has another use"},
	} {
		if _, out := s.erase(exitUsage, tc.stdin, tc.args...); !strings.Contains(out.stderr, tc.want) {
			t.Errorf("%s: no %q in %s", name, tc.want, out.stderr)
		}
	}
	s.run(exitUsage, append([]string{"run", "--erasure-topic", config.DefaultLettersTopic}, s.amazon()...)...)
}

// TestRunHoldsWithoutTheList: a list that is there and cannot be read holds, and sends nothing.
func TestRunHoldsWithoutTheList(t *testing.T) {
	s := newScene(t)
	// An entry whose key is gone.
	if _, err := s.admin().CreateTopic(t.Context(), 1, 1, map[string]*string{"cleanup.policy": new("compact")}, config.DefaultErasureTopic); err != nil {
		t.Fatal(err)
	}
	s.produce(keyed(config.DefaultErasureTopic, "erased/"+strings.Repeat("00", 20), "{}"))
	s.run(exitOK, append([]string{"publish", "--events", "10"}, s.registry()...)...)
	r := s.run(exitFailed, append([]string{"dlq", "redrive"}, s.servers()...)...)
	if !strings.Contains(r.stderr, "the list of erased events cannot be read") {
		t.Errorf("%s", r.stderr)
	}
	pl := s.pipeline(func(c *pipeline.Config) { c.ErasureTopic = config.DefaultErasureTopic })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pl.Run(ctx) }()
	until := func(what string, ok func() bool) { t.Helper(); within30s(t, what, ok) }
	until("readiness says that the list cannot be read", pl.Conditions().Failing)
	if n := s.Amazon().Stats().Requests; n != 0 {
		t.Errorf("%d requests without the list", n)
	}
	s.produce(keyed(config.DefaultErasureTopic, "key/00000000", strings.Repeat("ab", 32)))
	until("all is delivered with the list mended", func() bool { return s.Amazon().Stats().Taken == 10 && !pl.Conditions().Failing() })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// within30s waits until something is so.
func within30s(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s not yet: %s", what)
		}
	}
}

// TestWhatAMemberHoldsIsErased: while Amazon is away a member holds an event, which is erased
// then. Amazon never gets it, and the others are delivered.
func TestWhatAMemberHoldsIsErased(t *testing.T) {
	s := newScene(t)
	events := writeFile(t, "events.jsonl", []byte(storeEvents(20, time.Now())))
	s.run(exitOK, append(append([]string{"publish"}, s.registry()...), events)...)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 503})
	pl := s.pipeline(func(c *pipeline.Config) { c.ErasureTopic = config.DefaultErasureTopic })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pl.Run(ctx) }()
	within30s(t, "the first requests have failed", func() bool { return s.Amazon().Stats().Requests > 2 })
	s.erase(exitOK, "jane3@example.com", "ord_0007", "--identifiers", "-", "--go")
	within30s(t, "the erased events are filtered", func() bool { return pl.Tally().Summary().Total.Settled[verdict.Filtered] >= 2 })
	s.refusing()
	within30s(t, "all is delivered", func() bool { return s.lag("amazon-capi") == 0 })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	sum := pl.Tally().Summary().Total.Settled
	if s.Amazon().Accepted("ord_0003")+s.Amazon().Accepted("ord_0007") != 0 || s.Amazon().Accepted("ord_0004") != 1 || sum[verdict.Filtered] != 2 {
		t.Errorf("%v", sum)
	}
}

func keyed(topic, key, value string) *kgo.Record {
	return &kgo.Record{Topic: topic, Key: []byte(key), Value: []byte(value)}
}

func TestEraseExamples(t *testing.T) {
	s := newSceneAlone(t)
	s.run(exitOK, append([]string{"publish", "--events", "10"}, s.registry()...)...)
	for _, r := range runExamplesIn(t, s.environ(), "erase", "--brokers localhost:9092", "", "--registry http://localhost:8081", "", "person.txt", writeFile(t, "person.txt", []byte("nobody@example.com\n"))) {
		if !strings.Contains(r.stdout, "meant.") {
			t.Errorf("it prints\n%s", r.stdout)
		}
		noIdentifiers(t, r)
	}
}

// TestErasingSparesIdsShownAlike: ids of digits are shown by a short tag, which many have.
// Erasing one leaves the others, and their letters.
func TestErasingSparesIdsShownAlike(t *testing.T) {
	s := newScene(t)
	id, like := shownAlike(t)
	if _, out := s.erase(exitUsage, "", redact.EventID(id)); !strings.Contains(out.stderr, "a tag that other events have") {
		t.Errorf("%s", out.stderr)
	}
	var lines string
	for i, id := range []string{id, like} {
		lines += strings.ReplaceAll(strings.SplitAfter(storeEvents(2, time.Now()), "\n")[2], "ord_0001", id)
		lines = strings.ReplaceAll(lines, "jane1@", fmt.Sprintf("joe%d@", i))
	}
	events := writeFile(t, "events.jsonl", []byte(lines))
	publish := append(append([]string{"publish"}, s.registry()...), events)
	obeying := func(c *pipeline.Config) { c.ErasureTopic = config.DefaultErasureTopic }
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.run(exitOK, publish...)
	s.deliver(obeying)
	s.refusing()
	done, _ := s.erase(exitOK, "", id, "--go")
	n := 0
	for _, p := range done.Places {
		if p.Where != erase.InReceipts {
			n += p.Copies
		}
	}
	if done.EventIDs != 1 || done.Added != 1 || n != 2 {
		t.Errorf("%+v", done)
	}
	s.saysErased(id, like)
	got := s.redrive(exitOK, "--go", "--registry", s.RegistryURL())
	if got.Erased != 1 || got.Sent != 1 {
		t.Errorf("%+v", got)
	}
	s.deliver(obeying)
	if s.Amazon().Accepted(id) != 0 || s.Amazon().Accepted(like) != 1 {
		t.Errorf("the erased event was sent %d times, the other %d", s.Amazon().Accepted(id), s.Amazon().Accepted(like))
	}
}

// shownAlike returns two ids that are shown the same.
func shownAlike(t *testing.T) (a, b string) {
	t.Helper()
	seen := make(map[string]string)
	for n := range 100_000 {
		id := fmt.Sprint(1_700_000_000_000 + n)
		form := redact.EventID(id)
		if other, ok := seen[form]; ok {
			return other, id
		}
		seen[form] = id
	}
	t.Fatal("no two ids are shown the same")
	return "", ""
}

// TestEraseSaysThatTheListWasNotWritten: nobody may take the events for erased.
func TestEraseSaysThatTheListWasNotWritten(t *testing.T) {
	s := newScene(t)
	if _, err := s.admin().CreateTopic(t.Context(), 1, 1, map[string]*string{"cleanup.policy": new("delete")}, config.DefaultErasureTopic); err != nil {
		t.Fatal(err)
	}
	r := s.run(exitUsage, append([]string{"erase", "ord_0001", "--go"}, s.registry()...)...)
	if strings.Contains(r.stdout, "They are on the list") || !strings.Contains(r.stdout, "They are not all on the list") {
		t.Errorf("%s", r.stdout)
	}
	if _, out := s.erase(exitUsage, "", "ord_0001", "--go"); !strings.Contains(out.stdout, `"listed":false`) {
		t.Errorf("%s", out.stdout)
	}
}

// saysErased checks that everything that shows an event says that the first is erased, and
// the second not, which is shown the same.
func (s *scene) saysErased(erased, not string) {
	s.t.Helper()
	marked := 0
	for _, v := range objects[dlq.View](s.t, s.run(exitOK, append([]string{"dlq", "ls", "--json"}, s.registry()...)...).stdout) {
		place := fmt.Sprintf("%d/%d", v.Partition, v.Offset)
		shown := s.run(exitOK, append([]string{"dlq", "show", "--json", place}, s.registry()...)...)
		show := objects[dlq.Shown](s.t, shown.stdout)[0]
		explained := s.run(exitOK, append([]string{"explain", "--json", "--offset", fmt.Sprintf("%d/%d", v.Source.Partition, v.Source.Offset)}, s.registry()...)...)
		x := objects[explain.Report](s.t, explained.stdout)[0]
		is := v.State == "erased"
		if is {
			marked++
		}
		if (show.Letter.State == "erased") != is || (show.Now.Why != nil && show.Now.Why.Code == "erased") != is || (x.Why != nil && x.Why.Code == "erased" && x.Outcome == explain.OutcomeFiltered) != is {
			s.t.Errorf("ls says %s, show %s and %+v, explain %+v", v.State, show.Letter.State, show.Now.Why, x.Why)
		}
		if text := s.run(exitOK, append([]string{"dlq", "show", place}, s.registry()...)...).stdout; strings.Contains(text, "its event is erased") != is {
			s.t.Errorf("%s", text)
		}
		off := s.run(exitOK, append([]string{"explain", "--json", "--erasure-topic", "", "--offset", fmt.Sprintf("%d/%d", v.Source.Partition, v.Source.Offset)}, s.registry()...)...)
		if x := objects[explain.Report](s.t, off.stdout)[0]; x.Outcome != explain.OutcomeSend {
			s.t.Errorf("without the list: %+v", x.Why)
		}
	}
	if marked != 1 {
		s.t.Errorf("%d letters are marked, want that of %s and not that of %s", marked, erased, not)
	}
	if g := objects[dlq.Group](s.t, s.run(exitOK, append([]string{"dlq", "stats", "--json"}, s.registry()...)...).stdout); len(g) != 1 || g[0].Letters != 2 || g[0].Open != 1 {
		s.t.Errorf("%+v", g)
	}
	if r := s.replay(exitOK, "--from", "offset:0"); r.Sum.Filtered != 1 || r.Sum.Erased != 1 || r.Sum.Send != 1 {
		s.t.Errorf("%+v", r.Sum)
	}
	// Where events cannot be read, the letters are not said to be well.
	away := s.run(exitOK, append([]string{"dlq", "ls", "--json", "--registry", "http://127.0.0.1:1"}, s.servers()...)...)
	if !strings.Contains(away.stderr, "2 events of open letters could not be read") {
		s.t.Errorf("%s", away.stderr)
	}
}

// TestCopiesInQuarantineAreFound: it holds letters as they were, and what others put there.
func TestCopiesInQuarantineAreFound(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append(append([]string{"publish"}, s.registry()...), writeFile(t, "events.jsonl", []byte(storeEvents(20, time.Now()))))...)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.deliver()
	const quarantine = config.DefaultLettersTopic + ".quarantine"
	if _, err := s.admin().CreateTopic(t.Context(), 1, 1, nil, quarantine); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{config.DefaultLettersTopic, config.DefaultTopic} {
		for _, r := range s.records(topic) {
			s.produce(&kgo.Record{Topic: quarantine, Key: r.Key, Value: r.Value, Headers: r.Headers})
		}
	}
	found := func(want int, args ...string) {
		t.Helper()
		r, _ := s.erase(exitOK, "jane3@example.com", append(args, "--identifiers", "-")...)
		n := 0
		for _, p := range r.Places {
			if p.Where == erase.InQuarantine && p.Topic == quarantine {
				n += p.Copies
			}
		}
		if n != want {
			t.Errorf("%q: %d copies in quarantine, want %d: %+v", args, n, want, r.Places)
		}
	}
	found(2)
	found(2, "--quarantine-topic", quarantine)
	found(0, "--quarantine-topic", config.DefaultLettersTopic+".other")
	s.erase(exitUsage, "x", "--identifiers", "-", "--erasure-topic", quarantine)
}
