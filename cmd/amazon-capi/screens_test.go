package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/screen"
)

// narrow is the environment of commands whose lines must fit.
var narrow = []string{"COLUMNS=80", "PAGER="}

// fits fails the test if a line is wider than a terminal.
func fits(t *testing.T, what any, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if w := screen.Width(strings.TrimSuffix(line, "\n")); w > screen.Usual || strings.ContainsAny(line, "\t\x1b") {
			t.Errorf("%q: %d columns: %q", what, w, line)
		}
	}
}

// walkCommands calls f for every command.
func walkCommands(f func(*cobra.Command)) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.InitDefaultHelpCmd()
		f(c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&cli.Process{}))
}

// TestHelpFitsATerminal: no line of any command's help is wider, and none has a default that
// only a Go programmer can read.
func TestHelpFitsATerminal(t *testing.T) {
	walkCommands(func(c *cobra.Command) {
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		r := commandIn(t, narrow, "", args...)
		if r.code != exitOK || !strings.Contains(r.stdout, "Usage:") {
			t.Errorf("%q: exit %d\n%s", args, r.code, r.stdout)
		}
		fits(t, args, r.stdout)
		for _, odd := range []string{"0s)", "default [", "[=true|false]", `default "`, "int32", "stringSlice"} {
			if strings.Contains(r.stdout, odd) {
				t.Errorf("%q: the help has %q", args, odd)
			}
		}
	})
	r := command(t, "", "--help")
	last := 0
	for _, title := range []string{"\nSet up:", "\nDeliver:", "\nLook:", "\nPeople's rights:", "\nTry without Amazon:"} {
		at := strings.Index(r.stdout, title)
		if at < last {
			t.Errorf("no %q after what should be before it:\n%s", title, r.stdout)
		}
		last = at
	}
	if r := command(t, "", "run", "--help"); !strings.Contains(r.stdout, "(default 2 minutes)") || !strings.Contains(r.stdout, "(default localhost:9092)") || !strings.Contains(r.stdout, "\nFlags of Kafka:\n") {
		t.Errorf("run --help: %s", r.stdout)
	}
}

// hostileEvents are events with contents as wide and as odd as they come: each field is some
// producer's choice.
func hostileEvents(now time.Time) string {
	var b strings.Builder
	for i, id := range []string{
		"ord_" + strings.Repeat("0123456789abcdef-", 14), strings.Repeat("x", 200), "注文" + strings.Repeat("番号", 40), "ord 👩‍👩‍👧‍👧 with blanks", "ord\\u001b[31mred", "ord\\u202eleft", "ord_7",
	} {
		for _, more := range []string{`"profile_id":"18446744073709551615"`, `"profile_id":"` + strings.Repeat("p", 64) + `"`} {
			fmt.Fprintf(&b, `{"event_id":"%s-%d",%s,"event_name":"Lead","action_source":"WEBSITE","occurred_at":"%s","user_data":{"email":"jane@example.com"}}`+"\n",
				id, i, more, now.UTC().Format(time.RFC3339))
		}
		fmt.Fprintf(&b, `{"event_id":"%s-bad-%d","profile_id":"1","event_name":"%s","action_source":"%s","occurred_at":"%s"}`+"\n",
			id, i, strings.Repeat("名前 ", 30), strings.Repeat("S", 90), now.UTC().Format(time.RFC3339))
	}
	return b.String()
}

// TestScreensFit runs every command that prints for people on hostile contents, in a pipe,
// and holds each line to 80 columns.
func TestScreensFit(t *testing.T) {
	s := newScene(t)
	events := filepath.Join(t.TempDir(), strings.Repeat("long-name-", 12)+".jsonl")
	if err := os.WriteFile(events, []byte(hostileEvents(time.Now())), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(exitOK, append([]string{"publish", events}, s.registry()...)...)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	s.produce(&kgo.Record{Topic: config.DefaultTopic, Value: []byte("no Avro " + strings.Repeat("x", 300))})
	s.produce(&kgo.Record{Topic: config.DefaultLettersTopic, Value: []byte("{}"), Headers: []kgo.RecordHeader{
		{Key: "__connect.errors.topic", Value: []byte(strings.Repeat("t", 249))}, {Key: "__connect.errors.exception.message", Value: []byte(strings.Repeat("w\x1b[31m ", 300))},
	}})
	s.deliver()
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	counts := writeFile(t, "counts.csv", []byte("name,day,count\n"+strings.Repeat("Lead ", 30)+",2026-04-23,18446744073\nLead,2026-04-23,7\n"))
	wide := 0
	for _, args := range [][]string{
		{"dlq", "ls"}, {"dlq", "stats"}, {"dlq", "redrive"}, {"dlq", "show", "0/0"}, {"dlq", "show", "1/0"},
		{"find", "0/0"}, {"find", "ord_7-6"}, {"explain", "--offset", "0/0"}, {"explain", "--offset", "1/0"}, {"explain", "--json-event", events},
		{"reconcile"}, {"reconcile", "--by", "profile"}, {"reconcile", "--events-manager", counts},
		{"audit"}, {"replay", "--from", "-1h"}, {"replay", "--live-group", "--from", "-1h"}, {"check"}, {"check", "--live"},
		{"erase", "ord_7-6"}, {"schemas", "check"}, {"tag", strings.Repeat("t", 300), "18446744073709551615"}, {"demo"}, {"version"}, {"accounts", "discover"},
		{"send", "18446744073709551615"},
	} {
		environ := append(s.environ(), narrow...)
		r := commandIn(t, environ, "", args...)
		if r.stdout == "" {
			t.Logf("%q: exit %d\n%s", args, r.code, r.stderr)
		}
		fits(t, args, r.stdout)
		noIdentifiers(t, r)
		r = commandIn(t, environ, "", append(args, "--wide")...)
		for line := range strings.Lines(r.stdout) {
			if screen.Width(line) > screen.Usual {
				wide++
				break
			}
		}
	}
	if wide < 8 {
		t.Errorf("%d commands print wide lines with --wide; the contents are not wide enough to try anything", wide)
	}
}
