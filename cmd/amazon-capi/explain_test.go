package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/schemas"
)

const explained = `{"event_id":"lead_9","profile_id":"1234567890","event_name":"Lead","action_source":"WEBSITE","occurred_at":"2026-04-23T10:17:00Z","click_id":"amzn1.click.abc123","user_data":{"email":"jane.doe@example.com","country_code":"US"}}`

// avroFile is an event as a record's value in a file.
func avroFile(t *testing.T, event string) string {
	t.Helper()
	ev, err := schemas.EventFromJSON([]byte(event))
	if err != nil {
		t.Fatal(err)
	}
	enc, err := schemas.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	value, err := enc.EncodeWire(7, schemas.Latest, ev)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "record.avro", value)
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// explanation runs explain --json for one event.
func explanation(t *testing.T, stdin string, args ...string) explain.Report {
	t.Helper()
	r := command(t, stdin, append([]string{"explain", "--json"}, args...)...)
	var report explain.Report
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.code != exitOK || strings.Count(r.stdout, "\n") != 1 {
		t.Fatalf("%q: exit %d, %v\n%s%s", args, r.code, err, r.stdout, r.stderr)
	}
	if all := r.stdout + r.stderr; strings.Contains(all, "jane") || strings.Contains(all, "abc123") {
		t.Errorf("%q shows an identifier:\n%s", args, all)
	}
	return report
}

// publishSamples starts servers with the sample events in the topic.
func publishSamples(t *testing.T) (*sandbox.Cluster, []string) {
	t.Helper()
	c := cluster(t, "tracklayer.events")
	servers := []string{"--brokers", strings.Join(c.Brokers(), ","), "--registry", c.RegistryURL()}
	if r := command(t, "", append([]string{"publish"}, servers...)...); r.code != exitOK {
		t.Fatalf("publish: exit %d\n%s", r.code, r.stderr)
	}
	return c, servers
}

func TestExplainExamples(t *testing.T) {
	c, _ := publishSamples(t)
	results := runExamples(t, "explain", "3/18200", "0/0", "record.avro", avroFile(t, explained),
		"localhost:9092", strings.Join(c.Brokers(), ","), "http://localhost:8081", c.RegistryURL())
	for i, want := range []string{"partition 0, offset 0", `"lead_9"`, "pv_7001", "value_missing"} {
		if !strings.Contains(results[i].stdout, want) {
			t.Errorf("example %d does not show %s:\n%s", i, want, results[i].stdout)
		}
	}
}

func TestExplainWhereAnEventComesFrom(t *testing.T) {
	file := avroFile(t, explained)
	value, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := schemas.Latest.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]explain.Report{
		"a JSON argument":          explanation(t, "", "--json-event", explained),
		"JSON over several lines":  explanation(t, strings.ReplaceAll(explained, ",", ",\n"), "--json-event", "-"),
		"a JSON file":              explanation(t, "", "--json-event", writeFile(t, "e.json", []byte(explained))),
		"a sample":                 explanation(t, `{"why":"x","event":`+explained+`}`, "--json-event", "-"),
		"Avro":                     explanation(t, "", "--file", file),
		"Avro on standard input":   explanation(t, string(value), "--file", "-"),
		"Avro without its header":  explanation(t, string(value[5:]), "--file", "-"),
		"Avro by a schema of ours": explanation(t, "", "--file", file, "--schema", writeFile(t, "e.avsc", []byte(schema))),
	} {
		if r.Outcome != explain.OutcomeSend || !strings.Contains(string(r.Payload), `"eventId":"lead_9"`) || !strings.Contains(string(r.Event), `"email":"[email]"`) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := explanation(t, "", "--file", file); r.Record == nil || r.Record.SchemaID != 7 || r.Record.Bytes != len(value) {
		t.Errorf("the file's record: %+v", r.Record)
	}
	if r := explanation(t, "garbage", "--file", "-"); r.Outcome != explain.OutcomeDeadLetter || r.Why.Code != "no_magic" {
		t.Errorf("garbage: %+v", r.Why)
	}
	mapping := writeFile(t, "m.yaml", []byte("events:\n  - match: [Lead]\n    name: Enquiry\n    event_type: CONTACT\n"))
	if r := explanation(t, "", "--json-event", explained, "--mapping", mapping); !strings.Contains(string(r.Payload), `"name":"Enquiry"`) {
		t.Errorf("with a mapping: %s", r.Payload)
	}
}

func TestExplainByAnAccountsFile(t *testing.T) {
	secret := writeFile(t, "secret", []byte("hunter2"))
	file := writeFile(t, "accounts.yaml", []byte("accounts:\n  - {name: eu, client_id: c, client_secret_file: "+secret+", refresh_token_file: "+secret+
		", contract: events-v1, profiles: [{id: 1234567890, region: EU, data_set_name: shop_data}]}\n"))
	event := `{"event_id":"lead_9","profile_id":"1234567890","event_name":"Lead","action_source":"WEBSITE","occurred_at":"2026-04-23T10:15:30Z","user_data":{"email":"a@example.com","country_code":"US"}}`
	event = strings.Replace(event, "2026-04-23T10:15:30Z", time.Now().UTC().Add(-time.Hour).Format(time.RFC3339), 1)
	r := explanation(t, "", "--json-event", event, "--accounts", file)
	if r.Batch == nil || r.Batch.Account != "eu" || !strings.HasPrefix(r.Batch.URL, "https://advertising-api-eu.amazon.com/adsApi/") || !strings.Contains(string(r.Payload), `"dataSetName":"shop_data"`) {
		t.Errorf("%+v %+v\n%s", r.Batch, r.Why, r.Payload)
	}
	if r := explanation(t, "", "--json-event", strings.Replace(event, "1234567890", "9", 1), "--accounts", file); r.Why == nil || r.Why.Code != "profile_unknown" {
		t.Errorf("a profile of no account: %+v", r.Why)
	}
	if r := command(t, "", "explain", "--json-event", event, "--accounts", "/nonexistent"); r.code != exitUsage || !strings.Contains(r.stderr, "--accounts") {
		t.Errorf("no such file: exit %d\n%s", r.code, r.stderr)
	}
}

func TestExplainARecordOfTheTopic(t *testing.T) {
	c, servers := publishSamples(t)
	r := explanation(t, "", append([]string{"--offset", "0/0"}, servers...)...)
	if r.Record == nil || r.Record.Topic != "tracklayer.events" || *r.Record.Partition != 0 || *r.Record.Offset != 0 || r.Record.SchemaID == 0 || len(r.Rules) == 0 {
		t.Errorf("%+v", r)
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a topic that is not there": {[]string{"--offset", "0/0", "--topic", "nowhere"}, exitFailed, "does not exist"},
		"no such partition":         {[]string{"--offset", "99/0"}, exitUsage, "99"},
		"an offset to come":         {[]string{"--offset", "0/999999"}, exitFailed, "999999"},
		"no registry":               {[]string{"--offset", "0/0", "--registry", "http://127.0.0.1:1"}, exitFailed, "--schema=embedded"},
	} {
		got := command(t, "", append(append([]string{"explain"}, servers...), tc.args...)...)
		if got.code != tc.code || !strings.Contains(got.stderr, tc.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", name, got.code, tc.code, tc.want, got.stderr)
		}
	}
	if r := explanation(t, "", "--offset", "0/0", "--brokers", c.Brokers()[0], "--registry", "http://127.0.0.1:1", "--schema", "embedded"); len(r.Rules) == 0 {
		t.Errorf("%+v", r)
	}
}

func TestExplainWrongUsage(t *testing.T) {
	for name, tc := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"nothing to explain": {"", nil, "want one of --offset, --file and --json-event"},
		"too much":           {"", []string{"--file", "x", "--offset", "0/0"}, "want one of"},
		"no offset":          {"", []string{"--offset", "17"}, "partition/offset"},
		"negative":           {"", []string{"--offset", "0/-1"}, "partition/offset"},
		"no file":            {"", []string{"--file", "/nonexistent"}, "--file"},
		"no JSON file":       {"", []string{"--json-event", "/nonexistent"}, "--json-event"},
		"no event":           {"\n", []string{"--json-event", "-"}, "there is no event"},
		"no JSON":            {"jane.doe@example.com", []string{"--json-event", "-"}, "not one JSON object"},
		"a typing error":     {`{"emial":"jane.doe@example.com"}`, []string{"--json-event", "-"}, "emial"},
		"a container":        {"Obj\x01", []string{"--file", "-"}, "container"},
		"no schema":          {"x", []string{"--file", "-", "--schema", "/nonexistent"}, "--schema"},
		"amazon URL":         {explained, []string{"--json-event", "-", "--amazon-url", "x"}, "--amazon-url"},
		"batch":              {explained, []string{"--json-event", "-", "--batch-events", "0"}, "--batch-events"},
		"identifiers":        {explained, []string{"--json-event", "-", "--show-identifiers"}, "leave the flag out"},
	} {
		r := command(t, tc.stdin, append([]string{"explain"}, tc.args...)...)
		if r.code != exitUsage || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%s: exit %d, want 2 and %q:\n%s", name, r.code, tc.want, r.stderr)
		}
		if strings.Contains(r.stderr, "jane") {
			t.Errorf("%s: an identifier is shown:\n%s", name, r.stderr)
		}
	}
}

func TestIdentifiersAreShownToWhoSaysYes(t *testing.T) {
	terminal := func(any) bool { return true }
	for answer, want := range map[string]string{"yes\n": "j•••@•••.com", "no\n": "[email]", "": "[email]"} {
		var out, errs bytes.Buffer
		code := run(context.Background(), cli.Process{
			Args:  []string{"explain", "--json-event", explained, "--show-identifiers"},
			Stdin: strings.NewReader(answer), Stdout: &out, Stderr: &errs, Terminal: terminal,
		})
		if code != exitOK || !strings.Contains(out.String(), want) || strings.Contains(out.String(), "jane.doe") || !strings.Contains(errs.String(), "Type yes") {
			t.Errorf("answer %q: exit %d\n%s%s", answer, code, out.String(), errs.String())
		}
	}
}
