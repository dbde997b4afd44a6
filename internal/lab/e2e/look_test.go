//go:build kafka

package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// findings are the lines of check and audit, as "area subject" to level and what
// was found.
func findings(t *testing.T, stdout string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for line := range strings.Lines(stdout) {
		var f struct{ Level, Area, Subject, Message string }
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[f.Area+" "+f.Subject] = f.Level + ": " + f.Message
	}
	return all
}

// TestLooking: what brokers say of their topics, of grants and of groups is theirs
// to word, and only real ones say it as users will see it.
func TestLooking(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.publish(generated(t, 2000, 7, sample.GeneratorOptions{Profiles: 3, Broken: 0.05}))

	out, errs, _ := w.tool("check", "--live", "--profile", "1234567890,"+sandbox.ForbiddenProfile, "--json")
	found := findings(t, out)
	for what, want := range map[string]string{
		"topics " + w.topic: "fine: 12 partitions, 1 replica, kept for 7 days, records to 8388608 bytes",
		// The receipts' settings are those of a broker's default.
		"topics " + w.receipts:                "fine: 12 partitions",
		"group " + w.group:                    "fine: new",
		"registry " + w.topic + "-value":      "fine: ",
		"token " + w.base + "/auth/o2/token":  "fine: good for 1h",
		"profile 1234567890":                  "fine: is let in",
		"profile " + sandbox.ForbiddenProfile: "act: is not let in: 403",
	} {
		if !strings.HasPrefix(found[what], want) {
			t.Errorf("%s: %q, want %q\n%s", what, found[what], want, errs)
		}
	}

	var explained struct {
		Record  struct{ Topic string }
		Rules   []any
		Outcome string
	}
	out, errs, code := w.tool("explain", "--offset", "0/0", "--json")
	if err := json.Unmarshal([]byte(out), &explained); err != nil || code != 0 || explained.Record.Topic != w.topic || len(explained.Rules) == 0 {
		t.Errorf("explain: exit %d, %v\n%s%s", code, err, out, errs)
	}
	if _, errs, code = w.tool("explain", "--offset", "0/0", "--topic", "nowhere"); code != 1 || !strings.Contains(errs, "does not exist") {
		t.Errorf("explain of no topic: exit %d\n%s", code, errs)
	}

	out, errs, code = w.tool("audit", "--from", "-1h", "--json")
	if found := findings(t, out); code != 0 || found["events value_missing"] == "" || found["click ids on sites"] == "" {
		t.Errorf("audit: exit %d, %v\n%s", code, found, errs)
	}
	if _, errs, code = w.tool("audit", "--to", "2001-01-01"); code != 1 || !strings.Contains(errs, "holds no records") {
		t.Errorf("audit of nothing: exit %d\n%s", code, errs)
	}

	w.deleteTopics(w.letters)
	out, _, code = w.tool("check", "--live", "--json")
	if found := findings(t, out); code != 1 || !strings.HasPrefix(found["topics "+w.letters], "act: does not exist") {
		t.Errorf("without a topic for letters: exit %d, %q", code, found["topics "+w.letters])
	}
}
