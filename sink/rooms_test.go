package sink

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestRoomsImportNoOther holds the sink's rooms to the stages and rooms that each may
// know. None knows the sink, so that a lane is never needed to test one.
func TestRoomsImportNoOther(t *testing.T) {
	const module = "github.com/tracklayer/amazon-capi/"
	for room, may := range map[string][]string{
		".":          {"transform", "sink/amazon", "sink/login", "sink/exchange", "sink/deadletter", "sink/gate", "sink/receipt", "sink/web"},
		"amazon":     {"transform"},
		"gate":       {},
		"login":      {"sink/web"},
		"exchange":   {"transform", "sink/amazon", "sink/login", "sink/web"},
		"deadletter": {"schemas/framing"},
		"receipt":    {"schemas/receipt"},
		"web":        {},
	} {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", room, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				ours, ok := strings.CutPrefix(path, module)
				if ok && !strings.HasPrefix(ours, "internal/") && !slices.Contains(may, ours) {
					t.Errorf("%s imports %s: want %v at most, and internal", name, ours, may)
				}
			}
		}
	}
}
