package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/dlq"
)

// foreignLetters are a letter of another tool, and a record that is none.
func foreignLetters() []*kgo.Record {
	return []*kgo.Record{
		{Topic: demoLetters, Value: []byte("{}"), Timestamp: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Headers: []kgo.RecordHeader{
			{Key: "__connect.errors.topic", Value: []byte(demoTopic)},
			{Key: "__connect.errors.stage", Value: []byte("VALUE_CONVERTER")},
			{Key: "__connect.errors.exception.message", Value: []byte("no schema for jane@example.com")},
		}},
		{Topic: demoLetters, Value: []byte("hello")},
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
			return v.Stage == "VALUE_CONVERTER" && v.Message == "no schema for [email]" && v.Source.Topic == demoTopic
		}},
		{[]string{"--event-id", "bad-sandbox-422"}, func(v dlq.View) bool { return v.EventID == "bad-sandbox-422" && v.Source.Topic == demoTopic }},
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
	s.produce(&kgo.Record{Topic: demoLetters, Partition: 2, Headers: []kgo.RecordHeader{
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
		"mended":      {unmapped, []string{"--mapping", mapping}, []string{"class      validation, event_name_unmapped", "left out: filtered, unmapped"}},
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
		if got := objects[shownLetter](t, j.stdout); len(got) != 1 || got[0].Letter.Remedy == "" || got[0].Now == nil {
			t.Errorf("%s: %s", name, j.stdout)
		}
		noIdentifiers(t, j)
	}
	for at, code := range map[string]int{"0": exitUsage, "x/1": exitUsage, "99/0": exitUsage, "0/999999": exitFailed} {
		s.run(code, append([]string{"dlq", "show", at}, s.registry()...)...)
	}
	s.run(exitUsage, "dlq", "show")
}
