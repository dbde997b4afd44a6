package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// foreignLetters are a letter of another tool, and a record that is none.
func foreignLetters() []*kgo.Record {
	return []*kgo.Record{
		{Topic: config.DefaultLettersTopic, Value: []byte("{}"), Timestamp: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Headers: []kgo.RecordHeader{
			{Key: "__connect.errors.topic", Value: []byte(config.DefaultTopic)},
			{Key: "__connect.errors.stage", Value: []byte("VALUE_CONVERTER")},
			{Key: "__connect.errors.exception.message", Value: []byte("no schema for jane@example.com")},
		}},
		{Topic: config.DefaultLettersTopic, Value: []byte("hello")},
	}
}

func TestDLQStatsAndLs(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	dead := int(func() uint64 { sum := s.deliver(); return sum.Total.DeadLettered() }())
	if dead < 15 {
		t.Fatalf("only %d dead letters to look at", dead)
	}
	s.produce(foreignLetters()...)

	stats := s.run(exitOK, append([]string{"dlq", "stats"}, s.servers()...)...)
	for _, want := range []string{"rejected", "422", "validation", "event_name_unmapped", "custom_data.currency", "foreign", "profile", time.Now().UTC().Format(time.DateOnly), "What to do:", "Another tool wrote it"} {
		if !strings.Contains(stats.stdout, want) {
			t.Errorf("stats do not show %q:\n%s", want, stats.stdout)
		}
	}
	if stats.stderr != "" {
		t.Errorf("progress in a pipe: %q", stats.stderr)
	}
	groups := objects[dlq.Group](t, s.run(exitOK, append([]string{"dlq", "stats", "--json"}, s.servers()...)...).stdout)
	letters := 0
	for _, g := range groups {
		letters += g.Letters
		if g.Remedy == "" || g.Day == "" || g.Oldest.IsZero() || g.Newest.Before(g.Oldest) || g.Open != g.Letters {
			t.Errorf("%+v", g)
		}
	}
	if letters != dead+2 {
		t.Errorf("stats count %d letters, want %d", letters, dead+2)
	}

	ls := func(filter ...string) []dlq.View {
		t.Helper()
		return objects[dlq.View](t, s.run(exitOK, append(append([]string{"dlq", "ls", "--json"}, s.servers()...), filter...)...).stdout)
	}
	for _, tc := range []struct {
		filter []string
		ok     func(dlq.View) bool
	}{
		{[]string{"--class", "rejected"}, func(v dlq.View) bool { return v.Class == "rejected" && v.Status > 0 }},
		{[]string{"--class", "validation", "--field", "custom_data"}, func(v dlq.View) bool { return strings.HasPrefix(v.Field, "custom_data.") }},
		{[]string{"--status", "422", "--since", "-1h"}, func(v dlq.View) bool { return v.Status == 422 }},
		{[]string{"--class", "foreign", "--until", "2026-01-02"}, func(v dlq.View) bool {
			return v.Stage == "VALUE_CONVERTER" && v.Message == "no schema for [email]" && v.Source.Topic == config.DefaultTopic
		}},
		{[]string{"--event-id", "bad-sandbox-422"}, func(v dlq.View) bool { return v.EventID == "bad-sandbox-422" && v.Source.Topic == config.DefaultTopic }},
		{[]string{"--class", "decode,foreign", "--partition", "0,1,2"}, func(v dlq.View) bool { return v.Class == "decode" || v.Class == "foreign" }},
	} {
		got := ls(tc.filter...)
		if len(got) == 0 || len(got) >= dead {
			t.Errorf("%q: %d letters of %d", tc.filter, len(got), dead+2)
		}
		for _, v := range got {
			if !tc.ok(v) {
				t.Errorf("%q lists %+v", tc.filter, v)
			}
		}
	}
	if all := ls(); len(all) != dead+2 {
		t.Errorf("%d letters listed, want %d", len(all), dead+2)
	}
	table := s.run(exitOK, append([]string{"dlq", "ls", "--limit", "3"}, s.servers()...)...)
	if rows := strings.Count(table.stdout, "\n"); rows != 6 || !strings.Contains(table.stdout, "older; --limit 0") {
		t.Errorf("a table of 3 has %d lines:\n%s", rows, table.stdout)
	}
	if r := s.run(exitOK, append([]string{"dlq", "ls", "--since", "2020-01-01", "--until", "2020-01-02"}, s.servers()...)...); !strings.Contains(r.stdout, "No such dead letters") {
		t.Errorf("nothing found says %q", r.stdout)
	}
	noIdentifiers(t, stats)
	noIdentifiers(t, table)
}

func TestDLQUsage(t *testing.T) {
	s := newScene(t)
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"class":      {[]string{"dlq", "ls", "--class", "accepted"}, exitUsage, "want decode, validation, rejected, auth, foreign"},
		"status":     {[]string{"dlq", "ls", "--status", "42"}, exitUsage, "100 to 599"},
		"since":      {[]string{"dlq", "stats", "--since", "monday"}, exitUsage, "RFC 3339"},
		"backwards":  {[]string{"dlq", "stats", "--since", "-1h", "--until", "-2h"}, exitUsage, "not after --since"},
		"limit":      {[]string{"dlq", "ls", "--limit", "-1"}, exitUsage, "--limit"},
		"topic":      {[]string{"dlq", "stats", "--dead-letter-topic", "no-such.dlq"}, exitFailed, `"no-such.dlq" cannot be read: the topic does not exist`},
		"partition":  {[]string{"dlq", "ls", "--partition", "99"}, exitUsage, "no partition 99"},
		"no letters": {[]string{"dlq", "stats"}, exitOK, "No such dead letters in tracklayer.events.dlq"},
	} {
		r := s.run(tc.code, append(tc.args, s.servers()...)...)
		if !strings.Contains(r.stdout+r.stderr, tc.want) {
			t.Errorf("%s: no %q in:\n%s%s", name, tc.want, r.stdout, r.stderr)
		}
	}
}

func TestDLQShow(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	s.deliver()
	s.produce(foreignLetters()...)
	all := objects[dlq.View](t, s.run(exitOK, append([]string{"dlq", "ls", "--json"}, s.servers()...)...).stdout)
	place := func(ok func(dlq.View) bool) string {
		t.Helper()
		i := slices.IndexFunc(all, ok)
		if i < 0 {
			t.Fatal("there is no such letter")
		}
		return fmt.Sprintf("%d/%d", all[i].Partition, all[i].Offset)
	}
	refused := place(func(v dlq.View) bool { return v.EventID == "bad-sandbox-422" })
	unmapped := place(func(v dlq.View) bool { return v.Code == "event_name_unmapped" })
	// A letter that its topic was too small for, with the original in the source.
	original := all[slices.IndexFunc(all, func(v dlq.View) bool { return v.EventID == "bad-sandbox-422" })].Source
	s.produce(&kgo.Record{Topic: config.DefaultLettersTopic, Partition: 2, Headers: []kgo.RecordHeader{
		{Key: "amazon-capi.class", Value: []byte("rejected")}, {Key: "amazon-capi.value-omitted", Value: []byte("123")},
		{Key: "__connect.errors.topic", Value: []byte(original.Topic)},
		{Key: "__connect.errors.partition", Value: []byte(strconv.Itoa(int(original.Partition)))},
		{Key: "__connect.errors.offset", Value: []byte(strconv.Itoa(int(original.Offset)))},
	}})
	all = objects[dlq.View](t, s.run(exitOK, append([]string{"dlq", "ls", "--json"}, s.servers()...)...).stdout)
	mapping := write(t, 0o600, "extends: default\nevents:\n  - match: [MadeUp]\n    name: Lead\n    event_type: LEAD\nunmapped: filter\n")

	for name, tc := range map[string]struct {
		at    string
		flags []string
		want  []string
	}{
		"refused":     {refused, nil, []string{"class      rejected, status 422, INVALID_EVENT", "Amazon     the event id asks to be refused", "What becomes of it now:", `"eventId": "bad-sandbox-422"`, "POST http"}},
		"unmapped":    {unmapped, nil, []string{"message ", "not sent; a dead letter: validation, event_name_unmapped", "What to do: Name the event in the mapping"}},
		"fixed":       {unmapped, []string{"--mapping", mapping}, []string{"class      validation, event_name_unmapped", "left out: filtered, unmapped"}},
		"undecoded":   {place(func(v dlq.View) bool { return v.Code == "no_magic" }), nil, []string{"decode, no_magic"}},
		"other tool":  {place(func(v dlq.View) bool { return v.Stage == "VALUE_CONVERTER" && v.Class == "foreign" }), nil, []string{"no schema for [email]", "class      foreign", "decode, no_magic"}},
		"no letter":   {place(func(v dlq.View) bool { return v.Class == "foreign" && v.Stage == "" }), nil, []string{"no header of a dead letter"}},
		"reduced":     {place(func(v dlq.View) bool { return len(v.Lacks) > 0 }), nil, []string{"the letter lacks its value; what follows is read from the original", `"eventId": "bad-sandbox-422"`}},
		"no registry": {refused, []string{"--registry", "http://127.0.0.1:1"}, []string{"read with the schemas that come with the program", `"eventId": "bad-sandbox-422"`}},
	} {
		r := s.run(exitOK, append(append([]string{"dlq", "show", tc.at}, s.registry()...), tc.flags...)...)
		for _, want := range tc.want {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("%s: not shown: %q\n%s", name, want, r.stdout)
			}
		}
		noIdentifiers(t, r)
		j := s.run(exitOK, append(append([]string{"dlq", "show", tc.at, "--json"}, s.registry()...), tc.flags...)...)
		if got := objects[dlq.Shown](t, j.stdout); len(got) != 1 || got[0].Letter.Remedy == "" || got[0].Now == nil {
			t.Errorf("%s: %s", name, j.stdout)
		}
		noIdentifiers(t, j)
	}
	for at, code := range map[string]int{"0": exitUsage, "x/1": exitUsage, "99/0": exitUsage, "0/999999": exitFailed} {
		s.run(code, append([]string{"dlq", "show", at}, s.registry()...)...)
	}
	s.run(exitUsage, "dlq", "show")
}

// redrive runs dlq redrive --json.
func (s *scene) redrive(code int, args ...string) dlq.RedriveReport {
	s.t.Helper()
	r := s.run(code, append(append([]string{"dlq", "redrive", "--json"}, s.servers()...), args...)...)
	noIdentifiers(s.t, r)
	all := objects[dlq.RedriveReport](s.t, r.stdout)
	if len(all) != 1 {
		s.t.Fatalf("%d objects:\n%s", len(all), r.stdout)
	}
	got := all[0]
	if got.Open != got.Send+got.Quarantine+got.NotMeant+got.OtherTopic+got.NoLetter+got.Lost+got.Erased || got.Left != got.Send+got.Quarantine-got.Sent-got.Quarantined {
		s.t.Errorf("the report does not add up: %+v", got)
	}
	return got
}

// refusing makes the sandbox refuse what it takes otherwise, or not any more.
func (s *scene) refusing(faults ...sandbox.Fault) {
	s.t.Helper()
	if err := s.Amazon().SetFaults(faults...); err != nil {
		s.t.Fatal(err)
	}
}

// framingsShown checks that dlq show and explain say what names a record's schema, of
// records of each framing.
func (s *scene) framingsShown() {
	s.t.Helper()
	seen := make(map[string]bool)
	letters := objects[dlq.View](s.t, s.run(exitOK, append([]string{"dlq", "ls", "--json"}, s.servers()...)...).stdout)
	for _, v := range letters[:40] { // every framing several times
		shown := s.run(exitOK, append([]string{"dlq", "show", "--json", fmt.Sprintf("%d/%d", v.Partition, v.Offset)}, s.registry()...)...)
		now := objects[dlq.Shown](s.t, shown.stdout)[0].Now
		explained := s.run(exitOK, append([]string{"explain", "--json", "--offset", fmt.Sprintf("%d/%d", v.Source.Partition, v.Source.Offset)}, s.registry()...)...)
		r := objects[explain.Report](s.t, explained.stdout)[0].Record
		if now.Record == nil || r == nil || r.Framing == "" || now.Record.Framing != r.Framing || now.Record.SchemaName != r.SchemaName {
			s.t.Fatalf("the letter is %+v, and its original %+v", now.Record, r)
		}
		seen[r.Framing] = true
	}
	for _, name := range []string{"confluent-header", "confluent-prefix", "apicurio-header", "apicurio-prefix"} {
		if !seen[name] {
			s.t.Errorf("%s is not among %v", name, seen)
		}
	}
}

func TestRedriveGivesBackWhatCame(t *testing.T) {
	s := newScene(t)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.run(exitOK, append([]string{"publish", "--events", "300", "--timestamps", "event", "--framing", "mixed"}, s.registry()...)...)
	if sum := s.deliver(); sum.Total.DeadLettered() != 300 {
		t.Fatalf("%d dead letters, want 300", sum.Total.DeadLettered())
	}
	s.refusing()
	s.framingsShown()
	s.produce(foreignLetters()[1])
	before := s.records(config.DefaultTopic)

	dry := s.redrive(exitOK, "--status", "422")
	if !dry.DryRun || dry.Send != 300 || dry.NotMeant != 1 || dry.Sent != 0 || dry.Left != 300 {
		t.Errorf("dry run: %+v", dry)
	}
	if n := len(s.records(config.DefaultTopic)); n != 300 {
		t.Fatalf("a dry run wrote to the source: %d records", n)
	}
	// A part by a filter, and the rest without: together all, and none twice.
	profile := sample.ProfileIDs(1)[0]
	part := s.redrive(exitOK, "--profile", profile, "--go")
	if part.Sent == 0 || part.Sent == 300 || part.Left != 0 {
		t.Fatalf("by profile: %+v", part)
	}
	rest := s.redrive(exitOK, "--go", "--status", "422")
	if rest.Sent != 300-part.Sent || rest.DoneBefore != part.Sent || rest.Left != 0 {
		t.Errorf("the rest: %+v after %+v", rest, part)
	}
	if again := s.redrive(exitOK, "--go"); again.Sent != 0 || again.Open != 1 || again.NoLetter != 1 || again.DoneBefore != 300 {
		t.Errorf("a second redrive: %+v, want that it finds nothing", again)
	}
	if r := s.run(exitOK, append([]string{"dlq", "stats"}, s.servers()...)...); !strings.Contains(r.stdout, "userInfo") && !strings.Contains(r.stdout, "422") {
		t.Errorf("stats:\n%s", r.stdout)
	}
	if open := objects[dlq.View](t, s.run(exitOK, append([]string{"dlq", "ls", "--json", "--open"}, s.servers()...)...).stdout); len(open) != 1 {
		t.Errorf("%d letters are open, want the one that is none", len(open))
	}

	// The copies are the originals, with a count.
	originals := make(map[string]*kgo.Record)
	for _, r := range before {
		originals[string(r.Value)] = r
	}
	copies := slices.DeleteFunc(s.records(config.DefaultTopic), func(r *kgo.Record) bool {
		return !slices.ContainsFunc(r.Headers, func(h kgo.RecordHeader) bool { return h.Key == "amazon-capi.redrives" })
	})
	if len(copies) != 300 {
		t.Fatalf("%d records were written to the source, want 300", len(copies))
	}
	for _, c := range copies {
		o := originals[string(c.Value)]
		if o == nil || string(o.Key) != string(c.Key) || !o.Timestamp.Equal(c.Timestamp) || o.Partition != c.Partition {
			t.Fatalf("the copy at %d/%d is not its original", c.Partition, c.Offset)
		}
		if len(c.Headers) != len(o.Headers)+1 || c.Headers[len(o.Headers)].Key != "amazon-capi.redrives" || string(c.Headers[len(o.Headers)].Value) != "1" || !slices.EqualFunc(c.Headers[:len(o.Headers)], o.Headers, sameHeader) {
			t.Fatalf("headers of the copy: %v", c.Headers)
		}
	}
	if sum := s.deliver(); sum.Total.Settled[verdict.Accepted] != 300 {
		t.Errorf("%d of 300 redriven events were accepted", sum.Total.Settled[verdict.Accepted])
	}
	if st := s.Amazon().Stats(); st.Accepted != 300 || st.Changed != 0 {
		t.Errorf("Amazon took %d event ids, %d sends had other bytes", st.Accepted, st.Changed)
	}
}

func sameHeader(a, b kgo.RecordHeader) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) }

// TestForgedRedrivesAreNotShown: the header is copied from the source, where any
// producer can write it.
func TestForgedRedrivesAreNotShown(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "20"}, s.registry()...)...)
	s.deliver()
	s.redrive(exitOK, "--go") // so that the group has begun
	s.produce(&kgo.Record{Topic: config.DefaultLettersTopic, Partition: 0, Value: []byte("{}"), Headers: []kgo.RecordHeader{
		{Key: "amazon-capi.class", Value: []byte("rejected")}, {Key: "amazon-capi.code", Value: []byte("FORGED")}, {Key: "amazon-capi.redrives", Value: []byte("900")},
	}})
	found := false
	for _, v := range objects[dlq.View](t, s.run(exitOK, append([]string{"dlq", "ls", "--json", "--code", "FORGED"}, s.servers()...)...).stdout) {
		found = true
		shown := s.run(exitOK, append([]string{"dlq", "show", fmt.Sprintf("%d/%d", v.Partition, v.Offset)}, s.registry()...)...)
		if v.Redrives != 0 || strings.Contains(shown.stdout, "900") {
			t.Errorf("%+v\n%s", v, shown.stdout)
		}
	}
	if !found {
		t.Error("the letter is not listed")
	}
}

func TestRedriveDirect(t *testing.T) {
	s := newScene(t)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.run(exitOK, append([]string{"publish", "--events", "60"}, s.registry()...)...)
	s.deliver()
	// Of the profiles one is refused still.
	bad := sample.ProfileIDs(2)[1]
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422, Profile: bad})
	got := s.redrive(exitOK, append([]string{"--direct", "--go", "--max-redrives", "2"}, s.amazon()[2:]...)...)
	if got.Sent != 60 || got.DeadLettered == 0 || got.Accepted+got.DeadLettered != 60 || got.Left != 0 {
		t.Fatalf("%+v", got)
	}
	if n := len(s.records(config.DefaultTopic)); n != 60 {
		t.Errorf("%d records in the source, want that nothing was written to it", n)
	}
	failedAgain := got.DeadLettered
	// Those that failed again are letters of the same originals, and open.
	open := objects[dlq.View](t, s.run(exitOK, append([]string{"dlq", "ls", "--json", "--open"}, s.servers()...)...).stdout)
	if len(open) != failedAgain {
		t.Errorf("%d letters are open, want %d", len(open), failedAgain)
	}
	for _, v := range open {
		if v.Redrives != 1 || v.Source.Topic != config.DefaultTopic || v.Profile != redact.Profile(bad, false) {
			t.Fatalf("%+v, want a letter of the source that was redriven once", v)
		}
	}
	// Once more, and then they have had their chances.
	if got := s.redrive(exitOK, append([]string{"--direct", "--go", "--max-redrives", "2"}, s.amazon()[2:]...)...); got.DeadLettered != failedAgain {
		t.Errorf("%+v", got)
	}
	last := s.redrive(exitOK, append([]string{"--direct", "--go", "--max-redrives", "2"}, s.amazon()[2:]...)...)
	if last.Quarantined != failedAgain || last.Sent != 0 || last.Left != 0 {
		t.Errorf("%+v, want %d quarantined", last, failedAgain)
	}
	quarantined := s.records(config.DefaultLettersTopic + ".quarantine")
	if len(quarantined) != failedAgain {
		t.Fatalf("%d letters in quarantine, want %d", len(quarantined), failedAgain)
	}
	for _, rec := range quarantined {
		if l, err := deadletter.Parse(rec); err != nil || l.Reason.Status != 422 || l.Redrives != 2 || len(rec.Value) == 0 {
			t.Fatalf("not the letter: %+v, %v", l, err)
		}
	}
	if got := s.redrive(exitOK, "--go"); got.Sent+got.Quarantined != 0 || got.Open != 0 {
		t.Errorf("at the end: %+v", got)
	}
	// Receipts name the originals, in the source.
	if n := s.records(config.DefaultReceiptsTopic); len(n) == 0 {
		t.Error("no receipts")
	}
}

func TestRedriveStopsAndGoesOn(t *testing.T) {
	s := newScene(t)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.run(exitOK, append([]string{"publish", "--events", "200"}, s.registry()...)...)
	s.deliver()
	args := append([]string{"dlq", "redrive", "--go", "--rate", "20"}, s.servers()...) // ten seconds, of which one is waited for
	out, stop := background(t, args...)
	eventually(t, out, "some letters are redriven", func() bool { return len(s.records(config.DefaultTopic)) > 220 })
	if code := stop(); code != exitInterrupted || !strings.Contains(out.String(), "run it again to go on") {
		t.Errorf("stopped with exit %d\n%s", code, out)
	}
	some := len(s.records(config.DefaultTopic)) - 200
	if some >= 200 {
		t.Fatal("it was done before it could be stopped: nothing is shown")
	}
	if got := s.redrive(exitOK, "--go"); got.DoneBefore != some || got.Sent != 200-some {
		t.Errorf("%+v after %d, want the others", got, some)
	}
	if n := len(s.records(config.DefaultTopic)); n != 400 {
		t.Errorf("%d records in the source, want each letter's copy once", n-200)
	}
}

func TestRedriveThatCannot(t *testing.T) {
	s := newScene(t)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.run(exitOK, append([]string{"publish", "--events", "5"}, s.registry()...)...)
	s.deliver()
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"same topics":      {[]string{"--topic", config.DefaultLettersTopic}, exitUsage, "three different topics"},
		"rate":             {[]string{"--rate", "-1"}, exitUsage, "--rate"},
		"max redrives":     {[]string{"--max-redrives", "0"}, exitUsage, "--max-redrives"},
		"no group":         {[]string{"--redrive-group", ""}, exitUsage, "--redrive-group"},
		"direct, no token": {[]string{"--direct", "--go"}, exitUsage, "--client-id is not set"},
		"other topic":      {[]string{"--topic", "elsewhere"}, exitOK, "5 of other topics"},
	} {
		r := s.run(tc.code, append(append([]string{"dlq", "redrive"}, s.servers()...), tc.args...)...)
		if !strings.Contains(r.stdout+r.stderr, tc.want) {
			t.Errorf("%s: no %q in:\n%s%s", name, tc.want, r.stdout, r.stderr)
		}
	}
	// The source is gone: the letters stay, and it is said why.
	if _, err := s.admin().DeleteTopics(t.Context(), config.DefaultTopic); err != nil {
		t.Fatal(err)
	}
	r := s.run(exitFailed, append([]string{"dlq", "redrive", "--go"}, s.servers()...)...)
	if !strings.Contains(r.stderr, "5 letters could not be copied, and are left") || !strings.Contains(r.stdout, "failed 5, left 5 of 5") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
}

func TestDLQExamples(t *testing.T) {
	s := newSceneAlone(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	s.deliver()
	first := objects[dlq.View](t, s.run(exitOK, append([]string{"dlq", "ls", "--json"}, s.servers()...)...).stdout)[0]
	for name, want := range map[string]string{"dlq": "class", "dlq stats": "letters", "dlq ls": "letter", "dlq show": "remedy", "dlq redrive": "to send"} {
		t.Run(name, func(t *testing.T) {
			for _, r := range runExamplesIn(t, s.environ(), name, "0/0", fmt.Sprintf("%d/%d", first.Partition, first.Offset), "--brokers localhost:9092", "", "--registry http://localhost:8081", "", "--until -1h ", "", "1234567890", "4030000000") {
				noIdentifiers(t, r)
				if !strings.Contains(r.stdout, want) && !strings.Contains(r.stdout, "No such dead letters") && !strings.HasPrefix(r.stdout, "{") && !strings.Contains(r.stdout, "nothing to redrive") && !strings.Contains(r.stdout, "What to do") {
					t.Errorf("it prints\n%s", r.stdout)
				}
			}
		})
	}
}
