package mutants

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Mutant is one mistake.
type Mutant struct {
	Name  string
	What  string // what the program does wrong
	Edits []Edit
}

// Edit replaces a text of a file.
type Edit struct {
	File     string // below the module's root
	Old, New string
}

// Named returns the mutant of that name.
func Named(name string) (Mutant, error) {
	var names []string
	for _, m := range All() {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Mutant{}, fmt.Errorf("mutant %q is unknown: want one of %s", name, strings.Join(names, ", "))
}

// Overlay writes the edited files and the file that -overlay takes into dir, and
// returns the latter's path. It fails if an edit's text is not in its file
// exactly once: a mutant that changes nothing would pass for one that was not
// caught.
func (m Mutant) Overlay(root, dir string) (path string, err error) {
	files := make(map[string]string)
	for _, e := range m.Edits {
		source := filepath.Join(root, e.File)
		if _, read := files[source]; !read {
			b, err := os.ReadFile(source)
			if err != nil {
				return "", fmt.Errorf("mutant %s: %w", m.Name, err)
			}
			files[source] = string(b)
		}
		if n := strings.Count(files[source], e.Old); n != 1 {
			return "", fmt.Errorf("mutant %s: %s has this text %d times, want once; change the mutant with the code:\n%s", m.Name, e.File, n, e.Old)
		}
		files[source] = strings.Replace(files[source], e.Old, e.New, 1)
	}
	replace := make(map[string]string, len(files))
	for source, text := range files {
		edited := filepath.Join(dir, fmt.Sprintf("%s.%d.go", m.Name, len(replace)))
		if err := os.WriteFile(edited, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[source] = edited
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, m.Name+".overlay.json")
	return path, os.WriteFile(path, b, 0o600)
}

// Packages returns the folders of the edited files, sorted.
func (m Mutant) Packages() []string {
	var dirs []string
	for _, e := range m.Edits {
		dirs = append(dirs, filepath.Dir(e.File))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}
