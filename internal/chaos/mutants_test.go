//go:build chaos

package chaos

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/chaos/audit"
	"github.com/tracklayer/amazon-capi/internal/chaos/harness"
	"github.com/tracklayer/amazon-capi/internal/chaos/journal"
)

// TestMutants runs programs that make a known mistake, and wants the auditor to
// find it and to call it by its name; and the real one in the same runs, which
// must pass.
func TestMutants(t *testing.T) {
	episodes := []string{"kill", "letters-refused"}
	troubles := []string{"items", "omit"}
	for _, tc := range []struct {
		tag string
		// names are the rules of which one at least must be found broken.
		names []audit.Rule
	}{
		{"", nil},
		{"mutant_commit_on_poll", []audit.Rule{audit.CommittedEarly}},
		{"mutant_fence_before_drain", []audit.Rule{audit.AfterGracefulStop}},
		{"mutant_letter_not_awaited", []audit.Rule{audit.CommittedEarly, audit.Lost}},
		{"mutant_2xx_unread", []audit.Rule{audit.Lost}},
	} {
		name := tc.tag
		if name == "" {
			name = "none"
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var log, table bytes.Buffer
			code, err := harness.Run(t.Context(), harness.Options{
				Dir: dir, Seed: 11, For: 40 * time.Second, Settle: 90 * time.Second, Rate: 600, Members: 3, Profiles: 8,
				Episodes: episodes, Troubles: troubles, Tags: tc.tag, Log: &log, Out: &table,
			})
			t.Logf("%s\n%s", log.String(), table.String())
			if err != nil {
				t.Fatal(err)
			}
			if (code == 0) != (tc.tag == "") {
				t.Errorf("the auditor ended with %d", code)
			}
			b, err := os.ReadFile(filepath.Join(dir, journal.ReportFile))
			if err != nil {
				t.Fatal(err)
			}
			var report audit.Report
			if err := json.Unmarshal(b, &report); err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(report.Violations, func(v audit.Violation) bool { return slices.Contains(tc.names, v.Rule) })
			if tc.tag != "" && !found {
				t.Errorf("found %v, want one of %q", report.Violations, tc.names)
			}
		})
	}
}
