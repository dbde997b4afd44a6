package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// However few cores: each scene has servers of its own and waits for them.
	_ = flag.Set("test.parallel", "8")
	goleak.VerifyTestMain(m)
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
}

func command(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return commandIn(t, nil, stdin, args...)
}

// commandOn is command with streams that are terminals, or are not.
func commandOn(t *testing.T, terminal bool, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), cli.Process{
		Args: args, Environ: roomy, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		Terminal: func(any) bool { return terminal },
	})
	return worded(t, args, result{code, out.String(), errs.String()})
}

// worded fails the test if what a command printed has a number, a time or a duration as
// nobody should have to read it.
func worded(t *testing.T, args []string, r result) result {
	t.Helper()
	for _, text := range []string{r.stdout, r.stderr} {
		for _, fault := range testkit.Wording(text) {
			t.Errorf("%q prints %s", args, fault)
		}
	}
	return r
}

// roomy is the environment of commands whose words are tested and not how they are laid out.
var roomy = []string{"COLUMNS=1000", "PAGER="}

// commandIn is command with an environment.
func commandIn(t *testing.T, environ []string, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), cli.Process{Args: args, Environ: append(slices.Clone(roomy), environ...), Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs})
	return worded(t, args, result{code, out.String(), errs.String()})
}

func cluster(t *testing.T, topics ...string) *sandbox.Cluster {
	t.Helper()
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{Topics: topics})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestDemo(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"demo", "--json"}, {"demo", "--json", "--events", "2000", "--broken", "0.05"}} {
		r := command(t, "", args...)
		if r.code != exitOK {
			t.Fatalf("%q: exit %d\n%s", args, r.code, r.stderr)
		}
		var got struct {
			Consumed     int              `json:"consumed"`
			Accepted     int              `json:"accepted"`
			DeadLettered int              `json:"dead_lettered"`
			Filtered     int              `json:"filtered"`
			InFlight     *int             `json:"in_flight"`
			Profiles     []map[string]any `json:"profiles"`
			DeadLetters  []struct{ Class, Remedy, Message string }
			Letters      []map[string]any `json:"dead_letters"`
		}
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
			t.Fatalf("%q prints no JSON object: %v\n%s", args, err, r.stdout)
		}
		if got.Consumed < 100 || got.Consumed != got.Accepted+got.DeadLettered+got.Filtered || got.InFlight == nil || *got.InFlight != 0 {
			t.Errorf("%q: the sum is wrong: %+v", args, got)
		}
		if len(got.Letters) != got.DeadLettered || got.DeadLettered < 12 || len(got.Profiles) < 5 {
			t.Errorf("%q: %d letters listed of %d, %d profiles", args, len(got.Letters), got.DeadLettered, len(got.Profiles))
		}
		for _, l := range got.Letters {
			if l["remedy"] == "" || l["class"] == "" || l["message"] == "" {
				t.Errorf("a letter lacks its class, message or remedy: %v", l)
			}
		}
	}
}

func TestDemoForPeople(t *testing.T) {
	t.Parallel()
	r := command(t, "", "demo")
	if r.code != exitOK {
		t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	for _, want := range []string{"profile", "1234567890", "Dead letters", "What to do:", "bad-sandbox-422", "in flight 0", "Receipts:", "Amazon's side:"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the demo does not show %q:\n%s", want, r.stdout)
		}
	}
}

// TestWrongUsageIsExitTwo: what is wrong, and what would be right, before
// anything is connected.
func TestWrongUsageIsExitTwo(t *testing.T) {
	badMapping := write(t, 0o600, "events:\n  - match: [Purchase]\n    nmae: Purchase\n")
	badAccounts := write(t, 0o600, "accounts:\n  - name: na\n    client_id: c\n    client_secret_file: /nonexistent\n    refresh_token_env: NOTHING_AT_ALL\n    region: moon\n")
	credentials := []string{"run", "--client-id", "c", "--client-secret", "s", "--refresh-token", "r"}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"unknown command":  {[]string{"deliver"}, `no command "deliver"`},
		"unknown flag":     {[]string{"run", "--broker", "x"}, "--broker"},
		"argument":         {[]string{"run", "x"}, "takes no argument"},
		"no credentials":   {[]string{"run"}, "--client-id is not set (or AMAZON_CAPI_CLIENT_ID)"},
		"amazon URL":       {append(credentials, "--amazon-url", "amazon"), "--amazon-url"},
		"token URL":        {append(credentials, "--token-url", "ftp://x"), "--token-url"},
		"registry":         {append(credentials, "--registry", "ftp://user:s3cret@x"), "--registry"},
		"brokers":          {append(credentials, "--brokers", "http://x"), "--brokers"},
		"contract":         {append(credentials, "--contract", "v9"), "off-amazon-2023-11-13"},
		"consent missing":  {append(credentials, "--consent-missing", "x"), "refuse or deny"},
		"unmapped type":    {append(credentials, "--unmapped-type", "x"), "refuse or other"},
		"region":           {append(credentials, "--region", "APAC"), "want NA, EU or FE"},
		"accounts":         {[]string{"run", "--accounts", badAccounts}, badAccounts + ":4: client_secret_file: open /nonexistent"},
		"accounts, region": {[]string{"run", "--accounts", badAccounts}, badAccounts + `:6: region "moon"`},
		"no accounts":      {[]string{"run", "--accounts", "/nonexistent"}, "/nonexistent"},
		"accounts, flags":  {append(credentials, "--accounts", badAccounts), "both set"},
		"mapping":          {append(credentials, "--mapping", badMapping), badMapping + ":3"},
		"no mapping":       {append(credentials, "--mapping", "/nonexistent"), "--mapping"},
		"identifier rules": {append(credentials, "--identifier-rules", "x"), "amazon"},
		"consent":          {append(credentials, "--consent-denied", "x"), "strip"},
		"start":            {append(credentials, "--start", "x"), "earliest or latest"},
		"batch events":     {append(credentials, "--batch-events", "501"), "want 1 to 500"},
		"lane concurrency": {append(credentials, "--lane-concurrency", "0"), "want 1 to 1000"},
		"on exhausted":     {append(credentials, "--on-exhausted", "drop"), "want hold or dead-letter"},
		"linger":           {append(credentials, "--linger", "-1s"), "--linger"},
		"loop of letters":  {append(credentials, "--dead-letter-topic", "tracklayer.events"), "come back forever"},
		"a topic twice":    {append(credentials, "--topic", "orders.eu,orders.us,orders.eu"), `topic "orders.eu" is named twice; want each topic once`},
		"no name":          {append(credentials, "--topic", "orders.eu,,orders.us"), "a name in the list is empty"},
		"letters are read": {append(credentials, "--topic", "orders,tracklayer.events.dlq"), "--dead-letter-topic"},
		"receipts in dlq":  {append(credentials, "--receipts-topic", "tracklayer.events.dlq"), "--receipts-topic"},
		"log level":        {append(credentials, "--log-level", "loud"), "loud"},
		"fault":            {[]string{"sandbox", "--fault", "explode"}, "explode"},
		"file":             {[]string{"publish", "/nonexistent.jsonl"}, "/nonexistent.jsonl"},
		"share":            {[]string{"publish", "--events", "5", "--broken", "2"}, "broken"},
		"version":          {[]string{"schemas", "print", "--version", "9"}, "--version"},
		"URL":              {[]string{"healthcheck", "--url", "localhost"}, "--url"},
	} {
		t.Run(name, func(t *testing.T) {
			r := command(t, "", tc.args...)
			if r.code != exitUsage || !strings.Contains(r.stderr, tc.want) {
				t.Errorf("exit %d, want 2 and a message with %q:\n%s", r.code, tc.want, r.stderr)
			}
			if strings.Contains(r.stderr, "s3cret") {
				t.Errorf("the message shows a password:\n%s", r.stderr)
			}
		})
	}
}

func TestSchemasRegisterAndCheck(t *testing.T) {
	c := cluster(t)
	registry := []string{"--registry", c.RegistryURL(), "--topic", "orders"}
	if r := command(t, "", append([]string{"schemas", "check"}, registry...)...); r.code != exitFailed || !strings.Contains(r.stderr, "schemas register") {
		t.Errorf("check before register: exit %d\n%s", r.code, r.stderr)
	}
	for range 2 { // the second time changes nothing
		if r := command(t, "", append([]string{"schemas", "register"}, registry...)...); r.code != exitOK || !strings.Contains(r.stdout, "orders-value: version 4 registered as id 4") ||
			!strings.Contains(r.stdout, "tracklayer.events.receipts-value: receipts registered as id 5") {
			t.Errorf("register: exit %d\n%s%s", r.code, r.stdout, r.stderr)
		}
	}
	r := command(t, "", append([]string{"schemas", "check", "--json"}, registry...)...)
	var status struct {
		Subject    string `json:"subject"`
		Compatible bool   `json:"compatible"`
		Receipts   struct{ ID uint32 }
	}
	if err := json.Unmarshal([]byte(r.stdout), &status); err != nil || r.code != exitOK || status.Subject != "orders-value" || !status.Compatible || status.Receipts.ID != 5 {
		t.Errorf("check: exit %d, %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	if r := command(t, "", append([]string{"schemas", "check", "--receipts-topic", "other"}, registry...)...); r.code != exitFailed || !strings.Contains(r.stdout, "not registered under other-value") {
		t.Errorf("check of a receipts topic without a schema: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := command(t, "", append([]string{"schemas", "check", "--receipts-topic", ""}, registry...)...); r.code != exitOK || strings.Contains(r.stdout, "receipts") {
		t.Errorf("check without receipts: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := command(t, "", "schemas", "print", "--receipts"); r.code != exitOK || !strings.Contains(r.stdout, "DeliveryReceipt") {
		t.Errorf("print --receipts: exit %d\n%s", r.code, r.stdout)
	}
	if r := command(t, "", "schemas", "print", "--version", "1"); r.code != exitOK || !json.Valid([]byte(r.stdout)) {
		t.Errorf("print: exit %d\n%s", r.code, r.stdout)
	}
	if r := command(t, "", "schemas", "register", "--registry", "http://127.0.0.1:1"); r.code != exitFailed || !strings.Contains(r.stderr, "127.0.0.1:1") {
		t.Errorf("a registry that is away: exit %d\n%s", r.code, r.stderr)
	}
}

func TestPublish(t *testing.T) {
	c := cluster(t, "tracklayer.events")
	to := []string{"--brokers", strings.Join(c.Brokers(), ","), "--registry", c.RegistryURL()}
	line := `{"event_id":"lead_%d","profile_id":"1","event_name":"Lead","action_source":"WEBSITE","occurred_at":"2026-04-23T10:17:00Z"}` + "\n"
	file := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(file, fmt.Appendf(nil, line, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, fmt.Sprintf(line, 2), append([]string{"publish", file, "-"}, to...)...); r.code != exitOK || !strings.Contains(r.stdout, "published 2 records") {
		t.Errorf("file and standard input: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := command(t, "", append([]string{"publish", "--events", "100", "--json", "--rate", "100000"}, to...)...); r.code != exitOK || !strings.Contains(r.stdout, `"records":100`) {
		t.Errorf("generated: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := command(t, "", append([]string{"publish"}, to...)...); r.code != exitOK || !strings.Contains(r.stdout, "published 140 records") {
		t.Errorf("samples: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r := command(t, "{\"event_id\":\"x\",\"emial\":\"jane@example.com\"}\n", append([]string{"publish", "-"}, to...)...)
	if r.code != exitFailed || !strings.Contains(r.stderr, "-:1:") || !strings.Contains(r.stderr, "emial") || strings.Contains(r.stderr, "jane@") {
		t.Errorf("a misspelt field: exit %d\n%s", r.code, r.stderr)
	}
	records, err := history.ReadAll(t.Context(), kafka.Settings{Brokers: c.Brokers()}, "tracklayer.events")
	if err != nil || len(records) != 242 {
		t.Errorf("%d records in the topic, %v; want 242", len(records), err)
	}
	// Records as old as their events, more than a request holds of them.
	if r := command(t, "", append([]string{"publish", "--events", "2000", "--timestamps", "event", "--json"}, to...)...); r.code != exitOK || !strings.Contains(r.stdout, `"records":2000`) {
		t.Errorf("with the events' times: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := command(t, "", append([]string{"publish", "--events", "1", "--topic", "no-such-topic"}, to...)...); r.code != exitFailed || !strings.Contains(r.stderr, "no-such-topic") {
		t.Errorf("a topic that does not exist: exit %d\n%s", r.code, r.stderr)
	}
}

// background runs a command until the test stops it.
func background(t *testing.T, args ...string) (stderr *testkit.Buffer, stop func() int) {
	t.Helper()
	stderr = new(testkit.Buffer)
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, cli.Process{Args: args, Stdin: strings.NewReader(""), Stdout: stderr, Stderr: stderr})
	}()
	stop = sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	t.Cleanup(func() { stop() })
	return stderr, stop
}

func eventually(t *testing.T, log *testkit.Buffer, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s\n%s", what, log)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestSandboxPublishRun is the README's way of trying a Kafka without Amazon,
// with each command as written there.
func TestSandboxPublishRun(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	c := cluster(t, "unrelated")
	amazon, listen := testkit.FreeAddr(t), testkit.FreeAddr(t)
	record := filepath.Join(t.TempDir(), "requests.jsonl")
	sandboxLog, stopSandbox := background(t, "sandbox", "--listen", amazon, "--record", record, "--latency", "5ms", "--fault", "status,status=503,count=1")
	eventually(t, sandboxLog, "the sandbox is up", func() bool {
		return command(t, "", "healthcheck", "--url", "http://"+amazon+"/sandbox/health").code == exitOK
	})

	account := sandbox.DefaultAccount()
	secrets := t.TempDir()
	for name, s := range map[string]string{"client-secret": account.ClientSecret, "refresh-token": account.RefreshToken} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(s+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	servers := []string{"--brokers", strings.Join(c.Brokers(), ","), "--registry", c.RegistryURL()}
	runLog, stopRun := background(t, append([]string{
		"run", "--create-topics", "--listen", listen,
		"--amazon-url", "http://" + amazon, "--token-url", "http://" + amazon + sandbox.TokenPath,
		"--client-id", account.ClientID,
		"--client-secret-file", filepath.Join(secrets, "client-secret"),
		"--refresh-token-file", filepath.Join(secrets, "refresh-token"),
		"--linger", "20ms", "--commit-interval", "50ms", "--auth-hold", "0s",
	}, servers...)...)
	eventually(t, runLog, "the program is ready", func() bool {
		return command(t, "", "healthcheck", "--url", "http://"+listen+"/readyz").code == exitOK
	})
	if r := command(t, "", append([]string{"publish"}, servers...)...); r.code != exitOK {
		t.Fatalf("publish: exit %d\n%s", r.code, r.stderr)
	}
	eventually(t, runLog, "all events have a verdict", func() bool {
		resp, err := http.Get("http://" + listen + "/metrics")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		var b bytes.Buffer
		_, _ = b.ReadFrom(resp.Body)
		return strings.Contains(b.String(), "amazon_capi_records_taken_total 140\n") && strings.Contains(b.String(), "amazon_capi_in_flight_events 0\n")
	})
	if code := stopRun(); code != exitOK {
		t.Errorf("run ended with exit %d\n%s", code, runLog)
	}
	if code := stopSandbox(); code != exitOK {
		t.Errorf("sandbox ended with exit %d\n%s", code, sandboxLog)
	}
	if log := runLog.String(); !strings.Contains(log, `"accepted":117`) || !strings.Contains(log, `"dead_lettered":23`) || !strings.Contains(log, `"left":0`) {
		t.Errorf("the last line does not tell what became of the events:\n%s", log)
	}
	for _, s := range []string{account.ClientSecret, account.RefreshToken, "Atza|"} {
		if strings.Contains(runLog.String(), s) {
			t.Error("a secret is in the log")
		}
	}
	b, err := os.ReadFile(record)
	if err != nil || !bytes.Contains(b, []byte(`"verdict":"taken"`)) {
		t.Errorf("the sandbox's record: %v, %d bytes", err, len(b))
	}
}
