package config

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

// probe has a flag of each kind.
type probe struct {
	topic   string
	linger  time.Duration
	brokers []string
	secret  Secret
	stderr  bytes.Buffer
}

func (p *probe) run(t *testing.T, environ []string, args ...string) error {
	t.Helper()
	flags := pflag.NewFlagSet("probe", pflag.ContinueOnError)
	flags.String("config", "", "")
	flags.StringVar(&p.topic, "topic", "default", "")
	flags.DurationVar(&p.linger, "linger", time.Second, "")
	flags.StringSliceVar(&p.brokers, "brokers", []string{"localhost:9092"}, "")
	p.secret.Register(flags, "client-secret", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	known := map[string]bool{"rate": true} // of another command
	flags.VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
	return Apply(flags, environ, known, &p.stderr)
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
			if _, usage := err.(*setting.Mistake); !usage {
				t.Errorf("%v is not a usage error: the exit code would not be 2", err)
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
	if v, err := p.secret.Read(&p.stderr); err != nil || v != "from-file" {
		t.Errorf("secret %q, %v; want the flag's file to win over the environment's value", v, err)
	}
	if p.stderr.Len() != 0 {
		t.Errorf("a private file got a warning: %s", &p.stderr)
	}
	var q probe
	if err := q.run(t, []string{"AMAZON_CAPI_CLIENT_SECRET_FILE=" + file}, "--client-secret", "from-flag"); err != nil {
		t.Fatal(err)
	}
	if v, _ := q.secret.Read(&q.stderr); v != "from-flag" {
		t.Errorf("secret %q, want the flag's value to win over the environment's file", v)
	}
	if s := (*secretValue)(&q.secret).String(); strings.Contains(s, "from-flag") {
		t.Errorf("the secret shows as %q", s)
	}
}

func TestSecretFileMistakes(t *testing.T) {
	var warn bytes.Buffer
	open := Secret{Key: "refresh-token", path: write(t, 0o644, "s3cret\n")}
	if v, err := open.Read(&warn); err != nil || v != "s3cret" {
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
		if _, err := (&Secret{Key: "refresh-token", path: path}).Read(io.Discard); err == nil || !strings.Contains(err.Error(), "--refresh-token-file") {
			t.Errorf("%s: %v, want an error that names the flag", name, err)
		}
	}
}

// TestByteOrderMarks: what Windows puts before a text is no part of it, and the
// UTF-16 of its shell is said to be that.
func TestByteOrderMarks(t *testing.T) {
	const mark = "\ufeff"
	utf16 := func(s string) string { return "\xff\xfe" + strings.Join(strings.Split(s, ""), "\x00") + "\x00" }
	for name, s := range map[string]*Secret{
		"file":        {path: write(t, 0o600, mark+"s3cret\r\n")},
		"environment": {value: mark + "s3cret"},
	} {
		if v, err := s.Read(io.Discard); err != nil || v != "s3cret" {
			t.Errorf("secret of the %s: %q, %v", name, v, err)
		}
	}
	_, err := (&Secret{path: write(t, 0o600, utf16("s3cret"))}).Read(io.Discard)
	if err == nil || !strings.Contains(err.Error(), "UTF-16") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a secret in UTF-16: %v", err)
	}
	known := map[string]bool{"topic": true}
	if l, err := fileLayer(write(t, 0o600, mark+"topic: t\n"), known, pflag.NewFlagSet("", pflag.ContinueOnError)); err != nil || l.values["topic"] != "t" {
		t.Errorf("configuration: %v, %v", l.values, err)
	}
	if _, err := fileLayer(write(t, 0o600, utf16("topic: t\n")), known, pflag.NewFlagSet("", pflag.ContinueOnError)); err == nil || !strings.Contains(err.Error(), "UTF-16") {
		t.Errorf("a configuration in UTF-16: %v", err)
	}
}
