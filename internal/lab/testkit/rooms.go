package testkit

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// RoomsImport holds rooms to what each may import of ours, beside what all may, such as
// internal/. A room is a folder below the test's own, which is ".".
func RoomsImport(t *testing.T, rooms map[string][]string, all ...string) {
	t.Helper()
	for room, may := range rooms {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", room, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, path := range imports(t, name) {
				freely := slices.ContainsFunc(all, func(p string) bool {
					return path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p)
				})
				if !freely && !slices.Contains(may, path) {
					t.Errorf("%s imports %s: want %v at most, and %v", name, path, may, all)
				}
			}
		}
	}
}

// imports are those of ours in a file, without the module's path.
func imports(t *testing.T, name string) (paths []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if ours, ok := strings.CutPrefix(path, "github.com/tracklayer/amazon-capi/"); ok {
			paths = append(paths, ours)
		}
	}
	return paths
}
