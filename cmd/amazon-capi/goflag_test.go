package main

import (
	"maps"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// TestNothingActsWithoutGo: whatever the terminal, the pipe and the other flags say,
// no command sends an event, writes a letter back or moves an offset without --go.
func TestNothingActsWithoutGo(t *testing.T) {
	s := newScene(t)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422, Count: 1})
	s.run(exitOK, append([]string{"publish", "--events", "60", "--timestamps", "event", "--broken", "0.2"}, s.registry()...)...)
	s.deliver()
	letters, source, taken := len(s.records(config.DefaultLettersTopic)), len(s.records(config.DefaultTopic)), s.Amazon().Stats().Requests
	live := s.offsets("amazon-capi")
	if letters == 0 {
		t.Fatal("there are no dead letters to redrive")
	}
	send := []string{"send", "lead", "--profile", "1234567890", "--click-id", "abc123"}
	for name, args := range map[string][]string{
		"replay":             append([]string{"replay", "--from", "offset:0"}, s.amazon()...),
		"replay as JSON":     append([]string{"replay", "--from", "offset:0", "--json"}, s.amazon()...),
		"replay again":       append([]string{"replay", "--from", "offset:0", "--restart"}, s.amazon()...),
		"replay of nothing":  append([]string{"replay", "--from", "offset:0", "--dry-run"}, s.registry()...),
		"the live group":     append([]string{"replay", "--live-group", "--from", "offset:0"}, s.servers()...),
		"the same as JSON":   append([]string{"replay", "--live-group", "--from", "offset:0", "--json"}, s.servers()...),
		"redrive":            append([]string{"dlq", "redrive"}, s.servers()...),
		"redrive, no secret": append([]string{"dlq", "redrive", "--direct"}, s.registry()...),
		"redrive, direct":    append([]string{"dlq", "redrive", "--direct"}, s.amazon()...),
		"send":               append(send, s.amazon()[4:12]...),
		"send, no secret":    send,
	} {
		for _, stdin := range []string{"", "n\n", "yes\n", "y\n"} {
			for _, terminal := range []bool{false, true} {
				if r := commandOn(t, terminal, stdin, args...); r.code != exitOK {
					t.Errorf("%s: exit %d\n%s%s", name, r.code, r.stdout, r.stderr)
				}
			}
		}
	}
	if n := s.Amazon().Stats().Requests; n != taken {
		t.Errorf("%d requests were sent", n-taken)
	}
	if now := s.offsets("amazon-capi"); !maps.Equal(live, now) {
		t.Errorf("the live group was at %v and is at %v", live, now)
	}
	if l, e := len(s.records(config.DefaultLettersTopic)), len(s.records(config.DefaultTopic)); l != letters || e != source {
		t.Errorf("%d letters and %d events were written", l-letters, e-source)
	}
	groups, err := s.admin().ListGroups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if names := groups.Groups(); len(names) != 1 {
		t.Errorf("there are groups %v, want only the live one", names)
	}
}

// TestGoIsOneAnswer: every command that acts refuses --go beside --dry-run, and none
// asks anything that a pipe could answer.
func TestGoIsOneAnswer(t *testing.T) {
	found := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Flags().Lookup("go") != nil {
			found++
			args := append(strings.Fields(c.CommandPath())[1:], "--go", "--dry-run")
			if r := command(t, "", args...); r.code != exitUsage || !strings.Contains(r.stderr, "--go and --dry-run are both set") {
				t.Errorf("%s: exit %d\n%s", c.CommandPath(), r.code, r.stderr)
			}
		}
		if c.Flags().Lookup("yes") != nil {
			t.Errorf("%s has --yes", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&cli.Process{}))
	if found != 5 {
		t.Errorf("%d commands have --go, want replay, dlq redrive, erase, send lead and send purchase", found)
	}
}
