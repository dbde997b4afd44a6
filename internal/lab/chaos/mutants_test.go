//go:build chaos

package chaos

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/audit"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/harness"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// TestMutants runs programs that make a known mistake, and wants the auditor to
// find it and to call it by its name; and the real one in the same run,
// which must pass. The run is as short as it can be and still ask for each of the
// mistakes: a rolling restart, dead letters that cannot be written, and answers
// that take some events of a batch and not the others.
func TestMutants(t *testing.T) {
	servers, err := harness.StartServers(t.Context(), t.TempDir(), 1)
	if servers != nil {
		t.Cleanup(func() {
			if err := servers.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	all := []string{} // every scene
	for _, tc := range []struct {
		mutant string
		scenes []string
		want   audit.Rule
	}{
		{"", all, ""},
		{"commit-on-poll", []string{"rolling"}, audit.CommittedEarly},
		{"fence-before-drain", []string{"rolling"}, audit.AfterGracefulStop},
		{"letter-not-awaited", []string{"hostile"}, audit.Lost},
		{"2xx-unread", []string{"hostile"}, audit.Lost},
		{"failure-unread", []string{"hostile"}, audit.Lost},
		{"metadata-of-anyone", []string{"takeover"}, audit.Lost},
		{"no-room", []string{"stuck"}, audit.Starved},
		{"drain-forgotten", []string{"surge"}, audit.AfterGracefulStop},
	} {
		name := cmp.Or(tc.mutant, "none")
		members := 3
		if slices.Equal(tc.scenes, []string{"surge"}) {
			members = 1 // others that give partitions up would keep the one who joins waiting until all is drained
		}
		settle := 5 * time.Second // what a mutant does wrong, it has done by then
		if tc.mutant == "" {
			settle = 4 * time.Minute
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var log, table bytes.Buffer
			code, err := harness.Run(t.Context(), harness.Options{
				Dir: dir, Seed: 11, Name: name, Servers: servers, For: time.Second, Settle: settle, Rate: 600, Members: members, Profiles: 8,
				Scenes: tc.scenes, Episodes: []string{"letters-refused"}, Troubles: []string{"items", "omit", "deny"}, Mutant: tc.mutant, Log: &log, Out: &table,
			})
			if err != nil {
				t.Fatalf("%v\n%s", err, log.String())
			}
			report := readReport(t, dir)
			broken := make([]audit.Rule, len(report.Violations))
			for i, v := range report.Violations {
				broken[i] = v.Rule
			}
			t.Logf("broken rules: %q", broken)
			asWanted := code == 0
			if tc.want != "" {
				asWanted = code == 1 && slices.Contains(broken, tc.want)
			}
			if !asWanted {
				t.Errorf("the auditor ended with %d, want it to find %q\n%s\n%s", code, tc.want, log.String(), table.String())
			}
		})
	}
}

func readReport(t *testing.T, dir string) (r audit.Report) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, journal.ReportFile))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}
