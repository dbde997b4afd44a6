package consumer

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestRoomsImportNoOther holds the consumer and its rooms to what each may know: no
// stage, and nothing of what a record holds. The ledger asks nobody, and knows nobody.
func TestRoomsImportNoOther(t *testing.T) {
	const module = "github.com/tracklayer/amazon-capi/"
	leaves := []string{"internal/verdict", "internal/health", "internal/count", "internal/crash", "internal/redact", "internal/setting", "internal/slicepool", "internal/wait"}
	for room, may := range map[string][]string{
		".":          append([]string{"consumer/assignment", "consumer/pump", "consumer/commits", "consumer/parking", "consumer/ledger", "consumer/flow", "consumer/proof", "consumer/tally"}, leaves...),
		"assignment": {"consumer/ledger", "consumer/flow", "internal/verdict"},
		"parking":    {"consumer/assignment", "consumer/ledger", "consumer/flow", "internal/crash", "internal/verdict", "internal/health", "internal/redact", "internal/wait"},
		"commits":    {"consumer/assignment", "consumer/flow", "internal/crash", "internal/health", "internal/redact", "internal/wait"},
		"pump":       {"consumer/assignment", "consumer/flow", "consumer/parking", "consumer/tally", "internal/verdict", "internal/health"},
		"ledger":     {"internal/verdict"},
		"flow":       {"consumer/ledger", "internal/slicepool"},
		"tally":      {"internal/verdict"},
		"proof":      {"consumer/ledger", "internal/crash", "internal/redact", "internal/wait"},
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
				if ours, ok := strings.CutPrefix(path, module); ok && !slices.Contains(may, ours) {
					t.Errorf("%s imports %s: want %v at most", name, ours, may)
				}
			}
		}
	}
}
