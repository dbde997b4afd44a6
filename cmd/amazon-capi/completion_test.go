package main

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/cli"
)

// TestCompletion completes values as the shells' scripts ask for them.
func TestCompletion(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	s.deliver()
	env := s.environ()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"dlq", "ls", "--code", "value_m"}, "value_missing\n"},
		{[]string{"dlq", "ls", "--code", "short,value_m"}, "short,value_missing\n"},
		{[]string{"dlq", "ls", "--class", "rej"}, "rejected\n"},
		{[]string{"dlq", "stats", "--status", "42"}, "422\n"},
		{[]string{"run", "--topic", "track"}, "tracklayer.events\n"},
		{[]string{"dlq", "redrive", "--dead-letter-topic", ""}, "tracklayer.events.dlq\n"},
		{[]string{"find", "--group", "amazon"}, "amazon-capi\n"},
		{[]string{"dlq", "ls", "--profile", "123"}, "1234567890\n"},
		{[]string{"re"}, "reconcile\t"},
		{[]string{"completion", ""}, "fish\n"},
	} {
		r := commandIn(t, env, "", append([]string{"__complete"}, tc.args...)...)
		if !strings.Contains(r.stdout, tc.want) {
			t.Errorf("%q: %q, want %q (%s)", tc.args, r.stdout, tc.want, r.stderr)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if r := command(t, "", "completion", shell); r.code != exitOK || !strings.Contains(r.stdout, "amazon-capi") {
			t.Errorf("%s: exit %d", shell, r.code)
		}
	}
	if r := command(t, "", "completion", "tcsh"); r.code != exitUsage || !strings.Contains(r.stderr, "want bash, zsh or fish") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

// TestCompletionDoesNotWait: brokers that say nothing leave the values out.
func TestCompletionDoesNotWait(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	began := time.Now()
	r := command(t, "", "__complete", "run", "--brokers", l.Addr().String(), "--topic", "")
	if took := time.Since(began); took > 5*time.Second || strings.Contains(r.stdout, "tracklayer") {
		t.Errorf("it took %s: %s", took, r.stdout)
	}
}

func TestVersionCommand(t *testing.T) {
	r := command(t, "", "version", "--json")
	var b cli.Build
	if err := json.Unmarshal([]byte(r.stdout), &b); err != nil || r.code != exitOK || b.Version == "" || !strings.HasPrefix(b.Go, "go1.") || b.Platform == "" {
		t.Errorf("exit %d, %v: %s", r.code, err, r.stdout)
	}
	if r := command(t, "", "version"); r.code != exitOK || !strings.HasPrefix(r.stdout, "amazon-capi ") || !strings.Contains(r.stdout, "\ngo      go1.") {
		t.Errorf("exit %d: %s", r.code, r.stdout)
	}
}
