package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/schemas"
)

func write(t *testing.T, mode os.FileMode, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

// TestFilesWithByteOrderMarks are read by the commands as those without.
func TestFilesWithByteOrderMarks(t *testing.T) {
	latest, err := schemas.Latest.Schema()
	if err != nil {
		t.Fatal(err)
	}
	schema := write(t, 0o600, "\ufeff"+latest)
	mapping := write(t, 0o600, "\ufeffextends: default\nunmapped: reject\n")
	event := write(t, 0o600, "\ufeff{\n \"event_id\": \"e1\", \"event_name\": \"Lead\", \"profile_id\": \"1\", \"action_source\": \"web\", \"occurred_at\": \"2026-04-23T10:15Z\"}\n")
	for _, args := range [][]string{
		{"check", "--schema", schema, "--json"},
		{"explain", "--json-event", event, "--mapping", mapping},
	} {
		var out, errs bytes.Buffer
		code := run(context.Background(), cli.Process{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs})
		if s := out.String() + errs.String(); strings.Contains(s, "not JSON") || strings.Contains(s, "no YAML") || strings.Contains(s, "not one JSON object") || code == exitUsage {
			t.Errorf("%q: exit %d\n%s", args, code, s)
		}
	}
}

// TestAllMistakesAtOnce: a configuration is fixed all at once.
func TestAllMistakesAtOnce(t *testing.T) {
	r := command(t, "", "run", "--brokers", "http://x", "--contract", "v9", "--linger", "-1s", "--client-secret-file", "/nonexistent",
		"--mapping", "/nonexistent", "--batch-events", "0", "--workers", "-1", "--start", "never", "--receipts-topic", "tracklayer.events")
	for _, want := range []string{"--brokers", "--contract", "--client-id", "--client-secret-file", "--refresh-token", "--mapping", "--workers", "--start", "--receipts-topic"} {
		if r.code != exitUsage || !strings.Contains(r.stderr, want) {
			t.Errorf("exit %d, %s is not told of:\n%s", r.code, want, r.stderr)
		}
	}
	if strings.Contains(r.stderr, "--client-secret is not set") {
		t.Errorf("a secret whose file cannot be read is said not to be set:\n%s", r.stderr)
	}
}
