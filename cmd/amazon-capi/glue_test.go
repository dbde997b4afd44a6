package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/lab/gluetest"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// glueEnv is an environment that knows a Glue, and who asks it.
func glueEnv(g *gluetest.Glue) []string {
	return []string{"AMAZON_CAPI_GLUE_REGION=" + gluetest.Region, "AMAZON_CAPI_GLUE_ENDPOINT=" + g.URL}
}

// awsKeys are in this process's environment, which the SDK reads itself.
func awsKeys(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "aws-s3cret", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_ROLE_ARN": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
		"AWS_CONFIG_FILE": "/nonexistent/config", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
	} {
		t.Setenv(name, value)
	}
}

// TestSchemasInGlue: without a registry all of them are Glue's, with one both have the
// events' schemas, and a Glue that is away or refuses says so.
func TestSchemasInGlue(t *testing.T) {
	awsKeys(t)
	g, c := gluetest.New(t), cluster(t)
	try := func(code int, want string, args ...string) string {
		t.Helper()
		r := commandIn(t, glueEnv(g), "", append([]string{"schemas"}, args...)...)
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) || strings.Contains(r.stdout+r.stderr, "aws-s3cret") {
			t.Errorf("%q: exit %d, want %d and %q\n%s%s", args, r.code, code, want, r.stdout, r.stderr)
		}
		return r.stdout
	}
	try(exitFailed, "not all versions are registered under tracklayer.events;", "check")
	try(exitOK, "tracklayer.events: version 4 registered as version ", "register")
	if d := cmp.Diff(map[string]int{"tracklayer.events": 4, "tracklayer.events.receipts": 1}, g.Names()); d != "" {
		t.Error(d)
	}
	try(exitOK, "compatibility  BACKWARD", "check")
	try(exitOK, "tracklayer.events.receipts: receipts registered as version ", "register") // again
	var status struct {
		Subject  string
		Versions []struct {
			Registered bool
			Glue       string `json:"glue_version"`
		}
		Receipts, Glue map[string]any
	}
	if err := json.Unmarshal([]byte(try(exitOK, "", "check", "--json")), &status); err != nil || len(status.Versions) != 4 || len(status.Versions[3].Glue) != 36 || status.Receipts["glue_version"] == "" || status.Glue != nil {
		t.Errorf("%+v, %v", status, err)
	}

	try(exitFailed, "tracklayer.events-value", "check", "--registry", c.RegistryURL())
	try(exitOK, "tracklayer.events-value: version 4 registered as id ", "register", "--registry", c.RegistryURL())
	if err := json.Unmarshal([]byte(try(exitOK, "", "check", "--json", "--registry", c.RegistryURL())), &status); err != nil || status.Subject != "tracklayer.events-value" || status.Glue["subject"] != "tracklayer.events" {
		t.Errorf("%+v, %v", status, err)
	}
	g.ReadOnly()
	try(exitFailed, "glue:RegisterSchemaVersion", "register", "--topic", "other")
	try(exitOK, "", "check")
	g.Leave(true)
	try(exitFailed, "answers 503", "check")
	try(exitUsage, "not a region of AWS", "check", "--glue-region", "Europe")
}

// TestGlueAlone: everything works where Glue is the only registry: init, publish with
// records that are broken, run with receipts, check and reconcile.
func TestGlueAlone(t *testing.T) {
	awsKeys(t)
	g, c, a := gluetest.New(t), cluster(t), sandbox.DefaultAccount()
	out := filepath.Join(t.TempDir(), "config.yaml")
	r := command(t, "", "init", "--output", out, "--brokers", c.Brokers()[0], "--glue-region", gluetest.Region, "--glue-endpoint", g.URL, "--listen", "127.0.0.1:0",
		"--amazon-url", c.AmazonURL(), "--token-url", c.TokenURL(), "--client-id", a.ClientID, "--client-secret", a.ClientSecret, "--refresh-token", a.RefreshToken,
		"--create-topics", "--register-schemas", "--linger", "50ms")
	if r.code != exitOK || strings.Contains(text(t, out), "\nregistry:") {
		t.Fatalf("init: exit %d\n%s%s\n%s", r.code, r.stdout, r.stderr, text(t, out))
	}
	if r := command(t, "", "publish", "--config", out); r.code != exitUsage || !strings.Contains(r.stderr, "want glue or glue-zlib") {
		t.Errorf("publish by ids: exit %d\n%s", r.code, r.stderr)
	}
	if r := command(t, "", "publish", "--config", out, "--framing", "glue-zlib"); r.code != exitOK {
		t.Fatalf("publish: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	deliversBy(t, c, []string{"publish", "--config", out, "--framing", "glue", "-"}, "run", "--config", out, "--auth-hold", "0s")
	if r := command(t, "", "check", "--config", out, "--live"); r.code != exitOK || !strings.Contains(r.stdout, "receipts have Glue schema version") || !strings.Contains(r.stdout, "4 of our 4 versions") {
		t.Errorf("check: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = command(t, "", "reconcile", "--config", out)
	if !strings.Contains(r.stdout, "in flight 0 + missing 0") || !strings.Contains(r.stdout, "source 141 = accepted 118") {
		t.Errorf("reconcile: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := command(t, "", "dlq", "ls", "--config", out); !strings.Contains(r.stdout, "unknown_schema") || !strings.Contains(r.stdout, "not_tracklayer") {
		t.Errorf("dlq ls: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
