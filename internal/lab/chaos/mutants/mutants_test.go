package mutants

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

const root = "../../../.."

// TestMutantsBuild: every mutant can be applied to the code as it is, and no two share a
// name. Those that the simulation does not build in any case compile.
func TestMutantsBuild(t *testing.T) {
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, m := range All() {
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		t.Run(m.Name, func(t *testing.T) {
			overlay, err := m.Overlay(top, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if testing.Short() || !slices.ContainsFunc(mistakes(), func(k Mutant) bool { return k.Name == m.Name }) {
				return
			}
			args := append([]string{"build", "-overlay", overlay, "-o", os.DevNull}, testkit.BuildFlags()...)
			for _, dir := range m.Packages() {
				args = append(args, "./"+dir)
			}
			cmd := exec.CommandContext(t.Context(), "go", args...)
			cmd.Dir = top
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestOverlayRefusesWhatDoesNotApply(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a // twice twice"), 0o600); err != nil {
		t.Fatal(err)
	}
	for old, want := range map[string]string{"once": "0 times", "twice": "2 times"} {
		m := Mutant{Name: "m", Edits: []Edit{{File: "a.go", Old: old, New: "x"}}}
		if _, err := m.Overlay(dir, dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", old, err, want)
		}
	}
	if _, err := (Mutant{Name: "m", Edits: []Edit{{File: "none.go"}}}).Overlay(dir, dir); err == nil {
		t.Error("an edit of a file that is not there was applied")
	}
	if _, err := Named("no-such"); err == nil || !strings.Contains(err.Error(), "commit-on-poll") {
		t.Errorf("%v, want the names that there are", err)
	}
}
