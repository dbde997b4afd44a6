package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/operate/setup"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// initArgs lead init to a cluster, with the secrets in files.
func initArgs(t *testing.T, c *sandbox.Cluster, out string, more ...string) []string {
	t.Helper()
	a := sandbox.DefaultAccount()
	args := []string{"init", "--output", out, "--registry", c.RegistryURL()}
	if !slices.Contains(more, "--brokers") && !slices.Contains(more, "--kafka-properties") { // of which a list is all
		args = append(args, "--brokers", strings.Join(c.Brokers(), ","))
	}
	return append(append(args,
		"--amazon-url", c.AmazonURL(), "--token-url", c.TokenURL(), "--client-id", a.ClientID,
		"--client-secret-file", writeFile(t, "client-secret", []byte(a.ClientSecret)), "--refresh-token-file", writeFile(t, "refresh-token", []byte(a.RefreshToken))), more...)
}

func TestInitExamples(t *testing.T) {
	c, a, dir := cluster(t), sandbox.DefaultAccount(), t.TempDir()
	environ := []string{"AMAZON_CAPI_BROKERS=" + c.Brokers()[0], "AMAZON_CAPI_REGISTRY=" + c.RegistryURL(), "AMAZON_CAPI_CREATE_TOPICS=true",
		"AMAZON_CAPI_CLIENT_ID=" + a.ClientID, "AMAZON_CAPI_CLIENT_SECRET=" + a.ClientSecret, "AMAZON_CAPI_REFRESH_TOKEN=" + a.RefreshToken,
		"AMAZON_CAPI_AMAZON_URL=" + c.AmazonURL(), "AMAZON_CAPI_TOKEN_URL=" + c.TokenURL()}
	results := runExamplesIn(t, environ, "init", "/etc/", dir+"/", "kafka:9092", c.Brokers()[0], "http://registry:8081", c.RegistryURL(), "amzn1.application-oa2-client.x", a.ClientID,
		"/run/secrets/client-secret", writeFile(t, "client-secret", []byte(a.ClientSecret)), "/run/secrets/refresh-token", writeFile(t, "refresh-token", []byte(a.RefreshToken)))
	for _, r := range results {
		if !strings.Contains(r.stdout, "amazon-capi run --config "+dir) {
			t.Errorf("printed\n%s", r.stdout)
		}
	}
}

// left are the files below a folder.
func left(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != dir {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// unsaid fails the test if a secret of the sandbox is in a text.
func unsaid(t *testing.T, what, text string, more ...string) {
	t.Helper()
	a := sandbox.DefaultAccount()
	for i, secret := range append([]string{a.ClientSecret, a.RefreshToken, "Atza|"}, more...) {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows secret number %d", what, i)
		}
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestInitThenRun: from empty servers to delivered events with the command that init
// ends with, and the secrets that were given by their values in files of their own.
func TestInitThenRun(t *testing.T) {
	t.Parallel()
	c, a := cluster(t), sandbox.DefaultAccount()
	dir := t.TempDir()
	out := filepath.Join(dir, "new folder", "config.yaml")
	r := commandIn(t, []string{"AMAZON_CAPI_CLIENT_SECRET=" + a.ClientSecret}, "",
		"init", "--output", out, "--brokers", strings.Join(c.Brokers(), ","), "--registry", c.RegistryURL(), "--amazon-url", c.AmazonURL(), "--token-url", c.TokenURL(),
		"--client-id", a.ClientID, "--refresh-token", a.RefreshToken, "--profile", "1234567890", "--topic", "shop.events", "--listen", "127.0.0.1:0", "--linger", "50ms",
		"--create-topics", "--register-schemas")
	if r.code != exitOK {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	unsaid(t, "init", r.stdout+r.stderr)
	yaml := text(t, out)
	unsaid(t, "config.yaml", yaml)
	for _, want := range []string{"topic: shop.events\n", "dead-letter-topic: shop.events.dlq\n", "receipts-topic: shop.events.receipts\n", "erasure-topic: shop.events.erased\n", "linger: 50ms\n", "client-secret-file: ", "refresh-token-file: ", "\n# "} {
		if !strings.Contains(yaml, want) {
			t.Errorf("config.yaml has no %q:\n%s", want, yaml)
		}
	}
	for _, not := range []string{"create-topics:", "register-schemas:", "profile:", "output:"} {
		if strings.Contains(yaml, "\n"+not) {
			t.Errorf("config.yaml has %q", not)
		}
	}
	for name, secret := range map[string]string{"client-secret": a.ClientSecret, "refresh-token": a.RefreshToken} {
		path := filepath.Join(dir, "new folder", "config.secrets", name)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || strings.TrimSpace(text(t, path)) != secret {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if r := command(t, "", "check", "--config", out); r.code != exitOK {
		t.Errorf("check: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if want := "amazon-capi run --config '" + out + "'"; last != want {
		t.Fatalf("init ends with %q, want %q", last, want)
	}
	delivers(t, c, out, "run", "--config", out)
}

// delivers runs a command until the sandbox has accepted an event of its topic.
func delivers(t *testing.T, c *sandbox.Cluster, configFile string, args ...string) {
	t.Helper()
	deliversBy(t, c, []string{"publish", "--config", configFile, "-"}, args...)
}

func deliversBy(t *testing.T, c *sandbox.Cluster, publish []string, args ...string) {
	t.Helper()
	r := command(t, `{"event_id":"lead_init","profile_id":"1234567890","event_name":"Lead","action_source":"WEBSITE","occurred_at":"`+time.Now().UTC().Format(time.RFC3339)+`"}`+"\n",
		publish...)
	if r.code != exitOK {
		t.Fatalf("publish: exit %d\n%s", r.code, r.stderr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended, log := make(chan int, 1), new(testkit.Buffer)
	go func() {
		ended <- run(ctx, cli.Process{Args: args, Stdin: strings.NewReader(""), Stdout: log, Stderr: log})
	}()
	deadline := time.After(time.Minute)
	for {
		if e, ok := c.Amazon().Event("1234567890", "lead_init"); ok && e.Accepted > 0 {
			break
		}
		select {
		case code := <-ended:
			t.Fatalf("%q ended with %d\n%s", args, code, log)
		case <-deadline:
			t.Fatalf("%q delivers nothing\n%s", args, log)
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	if code := <-ended; code != exitOK {
		t.Errorf("%q: exit %d\n%s", args, code, log)
	}
}

// TestInitSaysAllThatIsMissing at once, and writes nothing.
func TestInitSaysAllThatIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := command(t, "", "init", "--output", filepath.Join(dir, "config.yaml"), "--start", "never", "--profile", "a b")
	for _, want := range []string{"--brokers", "--registry", "--client-id", "--client-secret", "--refresh-token", "--topic", "--start", "--profile"} {
		if r.code != exitUsage || !strings.Contains(r.stderr, want) {
			t.Errorf("exit %d, %s is not told of:\n%s", r.code, want, r.stderr)
		}
	}
	if names := left(t, dir); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
}

// TestInitRefuses: each mistake is said clearly, changes nothing, and shows no secret.
func TestInitRefuses(t *testing.T) {
	t.Parallel()
	c := cluster(t, "tracklayer.events", "tracklayer.events.dlq", "tracklayer.events.receipts")
	closed := cluster(t)
	closed.Registry().Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	typo := writeFile(t, "client.properties", []byte("bootstrap.servers=kafka:9092\nsasl.jass.config=x username=\"ann\" password=\"hunter2-s3cret\";\n"))
	file := writeFile(t, "file", nil)
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"broker down":               {[]string{"--brokers", "127.0.0.1:1"}, exitFailed, "127.0.0.1:1"},
		"broker's name":             {[]string{"--brokers", "kafka.invalid:9092"}, exitFailed, "--brokers"},
		"registry down":             {[]string{"--registry", "http://127.0.0.1:1"}, exitFailed, "--registry"},
		"registry with a password":  {[]string{"--registry", closed.RegistryURL()}, exitFailed, "--registry-password"},
		"registry, no URL":          {[]string{"--registry", "ftp://x"}, exitUsage, "--registry"},
		"wrong AWS region":          {[]string{"--brokers", "b-1.c.abc.c2.kafka.us-east-1.amazonaws.com:9098", "--sasl-mechanism", "AWS_MSK_IAM", "--aws-region", "eu-west-1"}, exitUsage, "is in us-east-1"},
		"no AWS region":             {[]string{"--glue-region", "Europe"}, exitUsage, "not a region of AWS"},
		"no region of Amazon":       {[]string{"--region", "moon"}, exitUsage, "--region"},
		"properties with a typo":    {[]string{"--kafka-properties", typo}, exitUsage, "did you mean sasl.jaas.config?"},
		"no topic":                  {[]string{"--topic", "nope"}, exitFailed, "does not exist"},
		"profile that is not let":   {[]string{"--profile", sandbox.ForbiddenProfile}, exitFailed, "is not let in"},
		"client id of another":      {[]string{"--client-id", "amzn1.application-oa2-client.other"}, exitFailed, "--refresh-token"},
		"user in a URL":             {[]string{"--amazon-url", "https://ann:hunter2-s3cret@example.com"}, exitUsage, "without user, password and query"},
		"users in registry's URLs":  {[]string{"--registry", "http://ann:hunter2-s3cret@a,http://bob:hunter2-s3cret@b"}, exitUsage, "--registry-password-file"},
		"token in registry's URL":   {[]string{"--registry", "http://hunter2-s3cret@a"}, exitUsage, "--registry-password-file"},
		"users without a scheme":    {[]string{"--offline", "--registry", "a:8081,ann:hunter2-s3cret@b:8081,bob:hunter2-s3cret@c"}, exitUsage, "--registry-password-file"},
		"token without a scheme":    {[]string{"--offline", "--registry", "hunter2-s3cret@a:8081"}, exitUsage, "--registry-password-file"},
		"user behind the host":      {[]string{"--offline", "--registry", "http://ann#hunter2-s3cret@a"}, exitUsage, "--registry-password-file"},
		"user of a broker":          {[]string{"--offline", "--brokers", "kafka:9092,ann:hunter2-s3cret@kafka2:9092"}, exitUsage, "--brokers: want it without user"},
		"second user in a URL":      {[]string{"--offline", "--amazon-url", "https://example.com,ann:hunter2-s3cret@example.com"}, exitUsage, "--amazon-url"},
		"output is a folder":        {[]string{"--output", filepath.Dir(file)}, exitUsage, "is not a file"},
		"output below a file":       {[]string{"--output", file + "/config.yaml"}, exitUsage, "--output"},
		"output exists":             {[]string{"--output", file}, exitUsage, "exists: want another file, or --overwrite"},
		"offline and create":        {[]string{"--offline", "--create-topics"}, exitUsage, "--offline"},
		"secret that a file cannot": {[]string{"--offline", "--registry-username", "ann", "--registry-password", " hunter2-s3cret "}, exitUsage, "give it by its file instead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := command(t, "", initArgs(t, c, filepath.Join(dir, "config.yaml"), tc.args...)...)
			if r.code != tc.code || !strings.Contains(r.stdout+r.stderr, tc.want) {
				t.Errorf("exit %d, want %d and %q\n%s%s", r.code, tc.code, tc.want, r.stdout, r.stderr)
			}
			unsaid(t, "init", r.stdout+r.stderr, "hunter2-s3cret")
			if names := left(t, dir); len(names) > 0 {
				t.Errorf("left: %q", names)
			}
		})
	}
}

// TestInitTakesTheRegistrysUserOut: a URL may have no scheme, as the client takes it, and
// the first of several need not be the one with the user. The password is in its own file
// alone.
func TestInitTakesTheRegistrysUserOut(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"ann:hunter2-s3cret@reg:8081":                     "registry: http://reg:8081\n",
		"http://a:8081,ann:hunter2-s3cret@b:8081":         "registry: http://a:8081,http://b:8081\n",
		"a:8081, ann:hunter2-s3cret@b:8081/apis/ccompat/": "registry: http://a:8081,http://b:8081/apis/ccompat/\n",
	} {
		out := filepath.Join(t.TempDir(), "c.yaml")
		r := command(t, "", "init", "--offline", "--output", out, "--brokers", "kafka.invalid:9092", "--registry", given,
			"--client-id", "a", "--client-secret", "other", "--refresh-token", "z")
		if r.code != exitOK {
			t.Errorf("%s: exit %d\n%s%s", given, r.code, r.stdout, r.stderr)
			continue
		}
		yaml := text(t, out)
		if !strings.Contains(yaml, want) || !strings.Contains(yaml, "registry-username: ann\n") {
			t.Errorf("%s: no %q with its user in\n%s", given, want, yaml)
		}
		unsaid(t, "init", yaml+r.stdout+r.stderr, "hunter2-s3cret")
		folder := strings.TrimSuffix(out, ".yaml") + ".secrets"
		for _, name := range left(t, folder) {
			if has := strings.Contains(text(t, filepath.Join(folder, name)), "hunter2-s3cret"); has != (name == "registry-password") {
				t.Errorf("%s: the password in %s: %v", given, name, has)
			}
		}
	}
}

// TestInitOffline asks no server, and --overwrite writes over what is there.
func TestInitOffline(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "c.yaml")
	args := []string{"init", "--offline", "--json", "--wide", "--no-pager", "--output", out, "--brokers", "kafka.invalid:9092,kafka2.invalid:9092", "--registry", "http://ann:hunter2-s3cret@a.invalid,http://ann:hunter2-s3cret@b.invalid",
		"--client-id", "a", "--client-secret", "other-s3cret", "--refresh-token", "z-s3cret", "--sasl-mechanism", "OAUTHBEARER", "--sasl-password", "tok-s3cret",
		"--sasl-oauth-extensions", "logicalCluster=lkc-1,identityPoolId=pool-2", "--tls-key", "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n"}
	if r := command(t, "", args...); r.code != exitUsage || !strings.Contains(r.stderr, "--tls-cert") {
		t.Fatalf("half a pair of certificate and key: exit %d\n%s", r.code, r.stderr)
	}
	args = args[:len(args)-2]
	r := command(t, "", args...)
	var done struct {
		setup.Result
		Command string
	}
	if err := json.Unmarshal([]byte(r.stdout), &done); err != nil || r.code != exitOK || done.File != out || done.Command != "amazon-capi run --config "+out {
		t.Fatalf("exit %d, %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	folder := strings.TrimSuffix(out, ".yaml") + ".secrets"
	if d := left(t, folder); !slices.Equal(d, []string{"client-secret", "refresh-token", "registry-password", "sasl-password"}) {
		t.Errorf("secrets: %q", d)
	}
	yaml := text(t, out)
	for _, want := range []string{"brokers: kafka.invalid:9092,kafka2.invalid:9092\n", "registry: http://a.invalid,http://b.invalid\n", "registry-username: ann\n", "logicalCluster=lkc-1", "identityPoolId=pool-2"} {
		if !strings.Contains(yaml, want) {
			t.Errorf("no %q in\n%s", want, yaml)
		}
	}
	unsaid(t, "config.yaml", yaml+r.stdout+r.stderr, "s3cret")
	if strings.Contains(yaml, "wide:") || strings.Contains(yaml, "no-pager:") {
		t.Errorf("how init's own text is printed is in\n%s", yaml)
	}
	if r := command(t, "", args...); r.code != exitUsage || !strings.Contains(r.stderr, "--overwrite") {
		t.Errorf("again: exit %d\n%s", r.code, r.stderr)
	}
	// What cannot be written whole leaves the files of before.
	if err := os.WriteFile(filepath.Join(folder, "sasl-password"), []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "", append(args, "--overwrite", "--registry-password", "one\ntwo")...); r.code != exitUsage || text(t, out) != yaml || text(t, filepath.Join(folder, "sasl-password")) != "before" {
		t.Errorf("a failure in the middle: exit %d\n%s%s", r.code, r.stderr, text(t, out))
	}
	if r := command(t, "", append(args, "--overwrite", "--group", "another")...); r.code != exitOK || !strings.Contains(text(t, out), "group: another\n") || text(t, filepath.Join(folder, "sasl-password")) != "tok-s3cret\n" {
		t.Errorf("overwrite: exit %d\n%s", r.code, r.stderr)
	}
	if d := left(t, filepath.Dir(out)); len(d) != 6 {
		t.Errorf("left: %q", d)
	}
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "", args...); r.code != exitUsage || !strings.Contains(r.stderr, "--overwrite") || len(left(t, filepath.Dir(out))) != 5 {
		t.Errorf("secrets that exist: exit %d\n%s", r.code, r.stderr)
	}
}

// TestInitOfAJavaConsumersFile: the properties file is named and not copied, its secrets
// stay where they are, and what -X says is written.
func TestInitOfAJavaConsumersFile(t *testing.T) {
	t.Parallel()
	file, brokers := javaCluster(t)
	c := cluster(t)
	out := filepath.Join(t.TempDir(), "config.yaml")
	r := command(t, "", initArgs(t, c, out, "--kafka-properties", file, "-X", "session.timeout.ms=30000", "--create-topics", "--register-schemas")...)
	if r.code != exitOK {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	yaml := text(t, out)
	for _, want := range []string{"kafka-properties: " + file + "\n", "session-timeout: 30s\n", "From the properties file: brokers"} {
		if !strings.Contains(yaml, want) {
			t.Errorf("no %q in\n%s", want, yaml)
		}
	}
	if strings.Contains(yaml, "\nbrokers:") || strings.Contains(yaml, "\ngroup:") || strings.Contains(yaml, brokers.ListenAddrs()[0]) {
		t.Errorf("what the properties file says is copied:\n%s", yaml)
	}
	unsaid(t, "config.yaml", yaml+r.stdout+r.stderr, "hunter2", "store-pass")
	if r := command(t, "", "check", "--config", out, "--live"); !strings.Contains(r.stdout, "1 answer") {
		t.Errorf("check: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// TestInitAsks: on a terminal what is missing is asked for, tried, asked for again, and
// changed after a yes.
func TestInitAsks(t *testing.T) {
	t.Parallel()
	c, a := cluster(t), sandbox.DefaultAccount()
	dir := t.TempDir()
	out := filepath.Join(dir, "config.yaml")
	answers := []string{
		"127.0.0.1:1", "y", strings.Join(c.Brokers(), ","), "n", "PLAIN", "ann", "pw-s3cret", // a broker that is down; then all of that part again
		"y", "", "n", "-", // it has no SASL
		"shop.events", "y",
		"127.0.0.1:x", "y", c.RegistryURL(), "", "y",
		a.ClientID, a.ClientSecret, "Atzr|wrong-s3cret", "1234567890", "y", "", "", a.RefreshToken, "",
	}
	args := []string{"init", "--output", out, "--amazon-url", c.AmazonURL(), "--token-url", c.TokenURL(), "--listen", "127.0.0.1:0", "--linger", "50ms"}
	r := commandOn(t, true, strings.Join(answers, "\n")+"\n", args...)
	if r.code != exitOK {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	unsaid(t, "init", r.stdout+r.stderr, "wrong-s3cret", "pw-s3cret")
	if yaml := text(t, out); strings.Contains(yaml, ": ann") || strings.Contains(yaml, "sasl-password") {
		t.Errorf("what was taken away is written:\n%s", yaml)
	}
	for _, want := range []string{"127.0.0.1:1", "not a URL", "There is no topic shop.events, shop.events.dlq, shop.events.receipts", "is let in"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("%q was not shown:\n%s", want, r.stderr)
		}
	}
	if !strings.Contains(r.stdout, "created topic shop.events.dlq") || !strings.Contains(r.stdout, "registered the schema of shop.events-value") || !strings.Contains(r.stdout, "--profile 1234567890") {
		t.Errorf("printed\n%s", r.stdout)
	}
	unsaid(t, "config.yaml", text(t, out))
	delivers(t, c, out, "run", "--config", out)

	if r := commandOn(t, true, "n\n", args...); r.code != exitUsage || !strings.Contains(r.stderr, "Overwrite") {
		t.Errorf("a file that exists: exit %d\n%s", r.code, r.stderr)
	}
	// Whoever leaves, or keeps what does not work, is understood.
	out = filepath.Join(dir, "second.yaml")
	args[2] = out
	if r := commandOn(t, true, strings.Join(c.Brokers(), ",")+"\n", args...); r.code != exitFailed || !strings.Contains(r.stderr, "no answer") || len(left(t, dir)) != 4 {
		t.Errorf("the end of the input: exit %d, left %q\n%s", r.code, left(t, dir), r.stderr)
	}
	answers = []string{"127.0.0.1:1", "n", c.RegistryURL(), "n", a.ClientID, a.ClientSecret, a.RefreshToken, ""}
	if r := commandOn(t, true, strings.Join(answers, "\n")+"\n", args...); r.code != exitOK || !strings.Contains(text(t, out), "brokers: 127.0.0.1:1\n") {
		t.Errorf("kept: exit %d\n%s", r.code, r.stderr)
	}
}

// TestInitWritesWhatWasGiven: whatever the settings are, the file says the same.
func TestInitWritesWhatWasGiven(t *testing.T) {
	t.Parallel()
	dir, n := t.TempDir(), 0
	known := cli.AllFlags(newRoot(&cli.Process{}))
	rapid.Check(t, func(t *rapid.T) {
		n++
		var f runFlags
		flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
		f.register(flags)
		settings := map[string]string{"brokers": "a:1,b:2", "registry": "http://r", "client-id": "c", "client-secret": "s", "refresh-token": "r"}
		any := rapid.StringOfN(rapid.RuneFrom([]rune("ab1~ :#-'\"{}[]&*!|>%@`,?\\\tnulé\U0001f600")), 1, 12, -1)
		for _, name := range []string{"topic", "kafka-client-id", "group", "instance-id", "registry-username", "registry-password", "sasl-oauth-scopes", "aws-profile", "receipts-topic", "session-timeout", "batch-bytes", "gzip", "tls"} {
			if !rapid.Bool().Draw(t, name) {
				continue
			}
			value := any.Draw(t, name)
			switch name {
			case "session-timeout":
				value = "7m"
			case "batch-bytes":
				value = "123KB"
			case "gzip", "tls":
				value = "true"
			case "sasl-oauth-scopes":
				value = "a,b c"
			case "registry-password":
				value = "pw" + strings.TrimSpace(value)
			case "receipts-topic":
				value = ""
			}
			settings[name] = value
		}
		for name, value := range settings {
			if err := flags.Set(name, value); err != nil {
				t.Skip(name, err)
			}
		}
		want, err := f.resolve(true, new(bytes.Buffer))
		if err != nil {
			t.Skip(err)
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.yaml", n))
		var got pipeline.Config
		_, err = setup.Run(context.Background(), setup.Options{
			Given: config.NewGiven(flags), Resolve: func(sends bool) (pipeline.Config, error) { return f.resolve(sends, new(bytes.Buffer)) },
			File: path, Offline: true,
			ReadBack: func(path string) (err error) {
				var f runFlags
				flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
				f.register(flags)
				flags.String("config", path, "")
				if err := config.Apply(flags, nil, known, new(bytes.Buffer)); err != nil {
					return err
				}
				got, err = f.resolve(true, new(bytes.Buffer))
				return err
			},
		})
		if err != nil {
			t.Fatalf("%v\n%q", err, settings)
		}
		if topic := strings.TrimSpace(settings["topic"]); topic != "" && !strings.Contains(topic, ",") { // which gives the others their names
			want.DeadLetterTopic, want.ErasureTopic = topic+".dlq", topic+".erased"
			if _, set := settings["receipts-topic"]; !set {
				want.ReceiptsTopic = topic + ".receipts"
			}
		}
		if g, w := fmt.Sprintf("%+v", comparable(got)), fmt.Sprintf("%+v", comparable(want)); g != w {
			t.Errorf("read back\n%s\nwas given\n%s", g, w)
		}
	})
}

// comparable leaves out what is made again each time.
func comparable(c pipeline.Config) pipeline.Config {
	c.Kafka.SASL.Reread, c.Registry.TLS, c.ReadAPIToken, c.Mapping = nil, nil, nil, nil
	return c
}
