//go:build ignore

package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/schemas"
)

// probe is a command with a flag of each kind, run through the same layers as
// the real ones.
type probe struct {
	topic   string
	linger  time.Duration
	brokers []string
	secret  secret
	stderr  bytes.Buffer
}

func (p *probe) run(t *testing.T, environ []string, args ...string) error {
	t.Helper()
	proc := &process{environ: environ, stderr: &p.stderr, stdout: io.Discard}
	root := &cobra.Command{Use: "amazon-capi", SilenceErrors: true, SilenceUsage: true}
	root.PersistentFlags().String("config", "", "")
	cmd := &cobra.Command{Use: "probe", RunE: func(*cobra.Command, []string) error { return nil }}
	cmd.Flags().StringVar(&p.topic, "topic", "default", "")
	cmd.Flags().DurationVar(&p.linger, "linger", time.Second, "")
	cmd.Flags().StringSliceVar(&p.brokers, "brokers", []string{"localhost:9092"}, "")
	secretFlag(cmd.Flags(), &p.secret, "client-secret", "")
	other := &cobra.Command{Use: "other", RunE: func(*cobra.Command, []string) error { return nil }}
	other.Flags().Int("rate", 0, "")
	root.AddCommand(cmd, other)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return applyConfig(cmd, allFlags(root), proc) }
	root.SetArgs(append([]string{"probe"}, args...))
	return root.Execute()
}

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

func TestFlagsWinOverEnvironmentOverFile(t *testing.T) {
	file := write(t, 0o600, "topic: from-file\nlinger: 3s\nbrokers: [a:1, b:2]\nrate: 5\n")
	env := []string{"AMAZON_CAPI_TOPIC=from-env", "AMAZON_CAPI_LINGER=2s", "AMAZON_CAPI_CONFIG=" + file}
	var p probe
	if err := p.run(t, env, "--topic", "from-flag"); err != nil {
		t.Fatal(err)
	}
	if p.topic != "from-flag" || p.linger != 2*time.Second || strings.Join(p.brokers, " ") != "a:1 b:2" {
		t.Errorf("topic %q, linger %s, brokers %q; want the flag's, the environment's and the file's", p.topic, p.linger, p.brokers)
	}
	var q probe
	if err := q.run(t, []string{"AMAZON_CAPI_LINGER=", "AMAZON_CAPI_TOPIC="}); err != nil {
		t.Fatal(err)
	}
	if q.linger != time.Second || q.topic != "" {
		t.Errorf("empty variables: linger %s, topic %q; want the default and an empty topic", q.linger, q.topic)
	}
}

func TestConfigMistakesNameTheirPlace(t *testing.T) {
	file := func(text string) string { return write(t, 0o600, text) }
	for name, tc := range map[string]struct {
		env  []string
		args []string
		want []string
	}{
		"unknown key":     {args: []string{"--config", file("topic: x\nlingre: 1s\n")}, want: []string{":2:", `"lingre"`, `did you mean "linger"`}},
		"bad value":       {args: []string{"--config", file("linger: soon\n")}, want: []string{":1: linger", "soon"}},
		"twice":           {args: []string{"--config", file("topic: x\ntopic: y\n")}, want: []string{"topic"}},
		"nested":          {args: []string{"--config", file("topic:\n  a: b\n")}, want: []string{"topic", "want a value"}},
		"not a mapping":   {args: []string{"--config", file("- a\n- b\n")}, want: []string{"want a mapping"}},
		"not YAML":        {args: []string{"--config", file("topic: [x\n")}, want: []string{"--config"}},
		"missing file":    {args: []string{"--config", "/nonexistent/x.yaml"}, want: []string{"--config", "no such file"}},
		"bad environment": {env: []string{"AMAZON_CAPI_LINGER=5"}, want: []string{"AMAZON_CAPI_LINGER", "5"}},
		"secret twice": {
			env:  []string{"AMAZON_CAPI_CLIENT_SECRET=a", "AMAZON_CAPI_CLIENT_SECRET_FILE=b"},
			want: []string{"AMAZON_CAPI_CLIENT_SECRET and AMAZON_CAPI_CLIENT_SECRET_FILE", "want one"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var p probe
			err := p.run(t, tc.env, tc.args...)
			if err == nil {
				t.Fatal("taken without an error")
			}
			if _, usage := err.(*usageError); !usage {
				t.Errorf("%v is no usage error: the exit code would not be 2", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestUnknownVariableIsAWarning(t *testing.T) {
	var p probe
	env := []string{"AMAZON_CAPI_TOPICS=x", "AMAZON_CAPI_RATE=1", "AMAZON_CAPI_PORT_8080_TCP=tcp://1.2.3.4", "AMAZON_CAPI_SERVICE_HOST=1.2.3.4"}
	if err := p.run(t, env); err != nil {
		t.Fatal(err)
	}
	if got := p.stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `AMAZON_CAPI_TOPICS is set, but there is no flag --topics; did you mean "topic"?`) {
		t.Errorf("warnings:\n%s", got)
	}
}

func TestSecretsComeFromFileOrValueAndStayHidden(t *testing.T) {
	file := write(t, 0o600, "  from-file\n")
	var p probe
	if err := p.run(t, []string{"AMAZON_CAPI_CLIENT_SECRET=from-env"}, "--client-secret-file", file); err != nil {
		t.Fatal(err)
	}
	if v, err := p.secret.read("client-secret", &p.stderr); err != nil || v != "from-file" {
		t.Errorf("secret %q, %v; want the flag's file to win over the environment's value", v, err)
	}
	if p.stderr.Len() != 0 {
		t.Errorf("a private file got a warning: %s", &p.stderr)
	}
	var q probe
	if err := q.run(t, []string{"AMAZON_CAPI_CLIENT_SECRET_FILE=" + file}, "--client-secret", "from-flag"); err != nil {
		t.Fatal(err)
	}
	if v, _ := q.secret.read("client-secret", &q.stderr); v != "from-flag" {
		t.Errorf("secret %q, want the flag's value to win over the environment's file", v)
	}
	if s := (*secretValue)(&q.secret).String(); strings.Contains(s, "from-flag") {
		t.Errorf("the secret shows as %q", s)
	}
}

func TestSecretFileMistakes(t *testing.T) {
	var warn bytes.Buffer
	open := secret{path: write(t, 0o644, "s3cret\n")}
	if v, err := open.read("refresh-token", &warn); err != nil || v != "s3cret" {
		t.Errorf("a world-readable file: %q, %v; want it taken", v, err)
	}
	if w := warn.String(); !strings.Contains(w, "--refresh-token-file") || !strings.Contains(w, "0644") || strings.Contains(w, "s3cret") {
		t.Errorf("warning %q: want the flag and the mode, and not the secret", w)
	}
	for name, path := range map[string]string{
		"missing": "/nonexistent/secret",
		"empty":   write(t, 0o600, "\n"),
		"lines":   write(t, 0o600, "one\ntwo\n"),
	} {
		if _, err := (&secret{path: path}).read("refresh-token", io.Discard); err == nil || !strings.Contains(err.Error(), "--refresh-token-file") {
			t.Errorf("%s: %v, want an error that names the flag", name, err)
		}
	}
}

// TestByteOrderMarks: what Windows puts before a text is no part of it, and the
// UTF-16 of its shell is said to be that.
func TestByteOrderMarks(t *testing.T) {
	const mark = "\ufeff"
	utf16 := func(s string) string { return "\xff\xfe" + strings.Join(strings.Split(s, ""), "\x00") + "\x00" }
	for name, s := range map[string]*secret{
		"file":        {path: write(t, 0o600, mark+"s3cret\r\n")},
		"environment": {value: mark + "s3cret"},
	} {
		if v, err := s.read("client-secret", io.Discard); err != nil || v != "s3cret" {
			t.Errorf("secret of the %s: %q, %v", name, v, err)
		}
	}
	_, err := (&secret{path: write(t, 0o600, utf16("s3cret"))}).read("client-secret", io.Discard)
	if err == nil || !strings.Contains(err.Error(), "UTF-16") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a secret in UTF-16: %v", err)
	}
	known := map[string]bool{"topic": true}
	if l, err := fileLayer(write(t, 0o600, mark+"topic: t\n"), known); err != nil || l.values["topic"] != "t" {
		t.Errorf("configuration: %v, %v", l.values, err)
	}
	if _, err := fileLayer(write(t, 0o600, utf16("topic: t\n")), known); err == nil || !strings.Contains(err.Error(), "UTF-16") {
		t.Errorf("a configuration in UTF-16: %v", err)
	}
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
		code := run(context.Background(), process{args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &errs})
		if s := out.String() + errs.String(); strings.Contains(s, "not JSON") || strings.Contains(s, "no YAML") || strings.Contains(s, "not one JSON object") || code == exitUsage {
			t.Errorf("%q: exit %d\n%s", args, code, s)
		}
	}
}

func TestByteSize(t *testing.T) {
	for in, want := range map[string]int64{"1MB": 1e6, "64MiB": 64 << 20, "500 kb": 500e3, "1000": 1000, "2g": 2e9, "7B": 7} {
		var b byteSize
		if err := b.Set(in); err != nil || int64(b) != want {
			t.Errorf("%q = %d, %v; want %d", in, b, err, want)
		}
		var again byteSize
		if err := again.Set(b.String()); err != nil || again != b {
			t.Errorf("%q shows as %q, which reads as %d", in, b.String(), again)
		}
	}
	for _, in := range []string{"", "MB", "-1", "1.5MB", "1TB", "9999999999GB"} {
		if err := new(byteSize).Set(in); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
}

// TestAllMistakesAtOnce: a configuration is mended in one go and not by trial.
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

func TestInFlightFollowsTheMemoryLimit(t *testing.T) {
	for limit, want := range map[int64]string{
		math.MaxInt64: "64MiB", 1 << 30: "64MiB", 512 << 20: "64MiB",
		256 << 20: "32MiB", 100_000_000: "12207KiB", 4 << 20: "1MiB", 0: "1MiB",
	} {
		b := inFlightWithin(limit)
		if b.String() != want {
			t.Errorf("with a limit of %d: %s, want %s", limit, &b, want)
		}
	}
}

// The collector is told to run often, but for who says himself how often.
func TestCollectorRunsOften(t *testing.T) {
	for env, want := range map[string]int{"": 50, "80": 100, "off": 100} {
		t.Setenv("GOGC", env)
		was := debug.SetGCPercent(100) // as the environment is read before a test can set it
		collectOften()
		if got := debug.SetGCPercent(was); got != want {
			t.Errorf("GOGC=%s: %d, want %d", env, got, want)
		}
	}
}
