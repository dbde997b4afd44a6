package setup

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOverwritingKeepsOtherFiles: what is beside a file that is overwritten is no business
// of ours, whatever it is called, and the file of before comes back if the rest fails.
func TestOverwritingKeepsOtherFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	files := map[string]string{path: "old", path + ".before": "mine"}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when, now string) {
		t.Helper()
		files[path] = now
		for name, want := range files {
			if got, err := os.ReadFile(name); err != nil || string(got) != want {
				t.Errorf("%s: %s has %q, %v, want %q", when, filepath.Base(name), got, err, want)
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(files) {
			t.Errorf("%s: left %v, %v", when, entries, err)
		}
	}
	undone := &written{overwrite: true}
	if err := undone.add(path, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	undone.undo()
	check("undone", "old")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("undone: %v, %v", info, err)
	}
	kept := &written{overwrite: true}
	if err := kept.add(path, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	kept.keep()
	check("kept", "new")
}
