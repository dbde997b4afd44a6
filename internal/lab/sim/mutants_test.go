//go:build synctests

package sim

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/audit"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/mutants"
)

// TestMutants builds the simulation of programs that make a known mistake, and wants
// some of their worlds to fail by the rule that is named for it.
func TestMutants(t *testing.T) {
	if os.Getenv("SIM_MUTANTS") == "" {
		t.Skip("make sim-mutants runs it")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		mutant, only string
		want         audit.Rule
	}{
		{"commit-on-poll", "", audit.CommittedEarly},
		{"fence-before-drain", "stop,join", audit.Unexplained},
		{"letter-not-awaited", "letters-refused,stop,join", audit.Lost},
		{"2xx-unread", "amazon-refuses", audit.Lost},
		{"failure-unread", "amazon-refuses", audit.Lost},
		{"metadata-of-anyone", "stop,join", audit.Lost},
		{"drain-forgotten", "surge", audit.Unexplained},
	} {
		t.Run(tc.mutant, func(t *testing.T) {
			m, err := mutants.Named(tc.mutant)
			if err != nil {
				t.Fatal(err)
			}
			overlay, err := m.Overlay(root, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-tags=synctests", "-count=1", "-run=^TestSim$", ".")
			cmd.Env = append(os.Environ(), "SIM_MUTANTS=", "SIM_SEED=1", "SIM_SEEDS=60", "SIM_MINUTES=3", "SIM_SHRINK=no", "SIM_ONLY="+tc.only)
			out, err := cmd.CombinedOutput()
			found := strings.Count(string(out), fmt.Sprintf("s: %s, ", tc.want))
			t.Logf("%d of 60 worlds fail by the rule %q", found, tc.want)
			if err == nil || found == 0 {
				t.Errorf("the simulation passes over it: %v", err)
			}
		})
	}
}
