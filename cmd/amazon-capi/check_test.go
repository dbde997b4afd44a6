package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/schemas"
)

// configuration is a file for run that leads to a cluster.
func configuration(t *testing.T, c *sandbox.Cluster) string {
	t.Helper()
	a := sandbox.DefaultAccount()
	return writeFile(t, "amazon-capi.yaml", fmt.Appendf(nil,
		"brokers: %s\nregistry: %s\namazon-url: %s\ntoken-url: %s\nclient-id: %s\nclient-secret: %s\nrefresh-token: %q\n",
		strings.Join(c.Brokers(), ","), c.RegistryURL(), c.AmazonURL(), c.TokenURL(), a.ClientID, a.ClientSecret, a.RefreshToken))
}

// checked runs check --json.
func checked(t *testing.T, code int, args ...string) (l report.List, stderr string) {
	t.Helper()
	r := command(t, "", append([]string{"check", "--json"}, args...)...)
	if r.code != code {
		t.Fatalf("%q: exit %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	for line := range strings.Lines(r.stdout) {
		var f report.Finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q prints %q: %v", args, line, err)
		}
		l = append(l, f)
	}
	a := sandbox.DefaultAccount()
	for _, secret := range []string{a.ClientSecret, a.RefreshToken, "Atza|"} {
		if strings.Contains(r.stdout+r.stderr, secret) {
			t.Errorf("%q shows a secret", args)
		}
	}
	return l, r.stderr
}

func TestCheckExamples(t *testing.T) {
	c := cluster(t, "tracklayer.events", "tracklayer.events.dlq", "tracklayer.events.receipts")
	for i, r := range runExamples(t, "check", "/etc/amazon-capi.yaml", configuration(t, c)) {
		if want := []string{"to act on", `"area":"profile"`, "a purchase, whole"}[i]; !strings.Contains(r.stdout, want) {
			t.Errorf("example %d does not show %q:\n%s", i, want, r.stdout)
		}
	}
}

func TestCheckWithoutANetwork(t *testing.T) {
	l, _ := checked(t, exitFailed, "--linger", "-1s", "--brokers", "http://x")
	found := make(map[string]bool)
	for _, f := range l {
		if f.Level == report.Act {
			found[strings.Fields(f.Message)[0]] = true
		}
	}
	for _, want := range []string{"--brokers:", "--client-id", "--client-secret", "--refresh-token", "--linger:"} {
		if !found[want] {
			t.Errorf("nothing of %s: %+v", want, l)
		}
	}
	mapping := writeFile(t, "m.yaml", []byte("events:\n  - match: [Purchase]\n    nmae: Purchase\n  - match: []\n"))
	l, _ = checked(t, exitFailed, "--client-id", "a", "--client-secret", "b", "--refresh-token", "c", "--mapping", mapping)
	lines := 0
	for _, f := range l {
		if strings.Contains(f.Message, mapping+":") {
			lines++
		}
	}
	if lines < 2 {
		t.Errorf("a mapping's mistakes are %d findings, want one each: %+v", lines, l)
	}
	schema := writeFile(t, "producer.avsc", []byte(`{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"}]}`))
	l, stderr := checked(t, exitFailed, "--config", configuration(t, cluster(t)), "--schema", schema)
	if last := l[len(l)-1]; last.Level != report.Act || last.Subject != schema || !strings.Contains(stderr, "1 finding to act on") {
		t.Errorf("a producer's schema: %+v\n%s", last, stderr)
	}
}

func TestCheckLive(t *testing.T) {
	c := cluster(t, "tracklayer.events", "tracklayer.events.dlq", "tracklayer.events.receipts")
	config := configuration(t, c)
	l, _ := checked(t, exitFailed, "--config", config, "--live", "--profile", "1,"+sandbox.ForbiddenProfile)
	var profiles []string
	for _, f := range l {
		if f.Area == "profile" {
			profiles = append(profiles, f.Level.String()+" "+f.Subject)
		}
	}
	if got, want := strings.Join(profiles, ", "), "fine 1, act "+sandbox.ForbiddenProfile; got != want {
		t.Errorf("profiles: %s, want %s", got, want)
	}
	l, _ = checked(t, exitFailed, "--live", "--brokers", "http://x")
	if last := l[len(l)-1]; last.Subject != "--live" || last.Level != report.Look {
		t.Errorf("a configuration that is not whole: %+v", last)
	}
	if r := command(t, "", "check", "--config", config, "--live", "--profile", "a b"); r.code != exitUsage || !strings.Contains(r.stderr, "--profile") {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
}

func TestCheckMappingTests(t *testing.T) {
	cases := writeFile(t, "cases.yaml", []byte(`
defaults: {profile_id: "1", action_source: WEBSITE, occurred_at: "2026-04-23T10:15:30Z"}
cases:
  - name: good
    event: {event_id: a, event_name: Lead}
    has: {name: Lead}
  - name: bad
    event: {event_id: b, event_name: Lead, user_data: {email: jane.doe@example.com}}
    payload: {name: Enquiry}
`))
	r := command(t, "", "check", "--mapping-tests", cases)
	if r.code != exitFailed || !strings.Contains(r.stdout, `name is "Lead", want "Enquiry"`) || !strings.Contains(r.stderr, "1 case failed") || strings.Contains(r.stdout, "jane") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = command(t, "", "check", "--mapping-tests", cases, "--json")
	var results []caseResult
	for line := range strings.Lines(r.stdout) {
		var c caseResult
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		results = append(results, c)
	}
	if len(results) != 2 || !results[0].OK || results[1].OK || results[1].File != cases || len(results[1].Problems) < 5 {
		t.Errorf("%+v", results)
	}
	mapping := writeFile(t, "m.yaml", []byte("extends: default\nevents:\n  - match: [Lead]\n    name: Enquiry\n    event_type: LEAD\n"))
	if r = command(t, "", "check", "--mapping-tests", cases, "--mapping", mapping); r.code != exitFailed || !strings.Contains(r.stdout, `name is "Enquiry", want "Lead"`) {
		t.Errorf("another mapping: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for name, text := range map[string]string{"no cases": "cases: []", "no YAML": "["} {
		file := writeFile(t, "cases.yaml", []byte(text))
		if r := command(t, "", "check", "--mapping-tests", file); r.code != exitUsage || !strings.Contains(r.stderr, file) {
			t.Errorf("%s: exit %d\n%s", name, r.code, r.stderr)
		}
	}
	if r := command(t, "", "check", "--mapping-tests", "/nonexistent"); r.code != exitUsage || !strings.Contains(r.stderr, "--mapping-tests") {
		t.Errorf("no file: exit %d\n%s", r.code, r.stderr)
	}
}

// TestCheckOfASchemaNeedsNoAccount: a producer's build looks at its schema, and has
// no credentials of Amazon's.
func TestCheckOfASchemaNeedsNoAccount(t *testing.T) {
	text, err := schemas.Latest.Schema()
	if err != nil {
		t.Fatal(err)
	}
	schema := writeFile(t, "producer.avsc", []byte(text))
	r := command(t, "", "check", "--schema", schema)
	if r.code != exitOK || strings.Contains(r.stdout, "client") || strings.Contains(r.stdout, "refresh") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	// Who gives a part of an account is told what is missing.
	if r := command(t, "", "check", "--schema", schema, "--client-id", "a"); r.code != exitFailed || !strings.Contains(r.stdout, "--refresh-token") {
		t.Errorf("a part of an account: exit %d\n%s", r.code, r.stdout)
	}
	if r := command(t, "", "check", "--schema", schema, "--live"); r.code != exitFailed || !strings.Contains(r.stdout, "--client-id") {
		t.Errorf("--live: exit %d\n%s", r.code, r.stdout)
	}
}
