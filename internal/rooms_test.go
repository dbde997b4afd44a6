package internal

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

const module = "github.com/tracklayer/amazon-capi/"

// TestRoomsImportNoOther holds the packages that stages, pipeline and commands share to
// what each may know. A leaf that knew a stage could not be used by the others.
func TestRoomsImportNoOther(t *testing.T) {
	stages := []string{"consumer", "consumer/proof", "consumer/tally", "schemas", "schemas/framing", "schemas/receipt", "schemas/registry",
		"sink", "sink/amazon", "sink/exchange", "sink/guard", "sink/login", "sink/web", "transform"}
	leaves := []string{"internal/backoff", "internal/count", "internal/crash", "internal/near", "internal/redact", "internal/setting", "internal/textfile", "internal/verdict", "internal/wait", "internal/web"}
	rooms := map[string][]string{
		"accounts":          {"internal/health", "internal/yamlfile", "sink/amazon", "sink/exchange", "sink/login", "transform"},
		"ascii":             {},
		"backoff":           {},
		"bearer":            {},
		"cli":               {"internal/accounts", "internal/config", "internal/health", "internal/history", "internal/operate/report", "internal/screen", "consumer", "transform"},
		"cli/complete":      {"internal/cli", "internal/config", "internal/kafka", "internal/operate/dlq"},
		"config":            append([]string{"internal/accounts", "internal/bearer", "internal/kafka", "internal/kafka/auth", "internal/kafka/clientprops", "internal/kafka/javaprops", "internal/kafka/stores", "internal/pipeline", "schemas/registry/glue"}, stages...),
		"count":             {},
		"crash":             {},
		"erasure":           {"internal/health", "internal/history", "internal/kafka"},
		"faultpoint":        {},
		"health":            {},
		"history":           {"internal/instant", "internal/kafka", "schemas"},
		"instant":           {},
		"kafka":             {"internal/kafka/auth", "internal/kafka/stores"},
		"kafka/auth":        {"internal/bearer"},
		"kafka/clientprops": {"internal/kafka/javaprops"},
		"kafka/javaprops":   {},
		"kafka/stores":      {},
		"metric":            {},
		"near":              {},
		"pipeline":          append([]string{"internal/accounts", "internal/erasure", "internal/health", "internal/kafka", "internal/metric", "internal/pipeline/handler"}, stages...),
		"pipeline/handler":  {"schemas", "sink", "transform"},
		"redact":            {},
		"screen":            {},
		"setting":           {},
		"slicepool":         {},
		"textfile":          {},
		"verdict":           {},
		"wait":              {},
		"web":               {},
		"yamlfile":          {},
	}
	testkit.RoomsImport(t, rooms, leaves...)
	sources(t, func(path string, _ []byte, _ int) {
		room, ok := strings.CutPrefix(filepath.ToSlash(filepath.Dir(path)), "internal/")
		if _, known := rooms[room]; ok && !known && !strings.HasPrefix(room, "operate/") && !strings.HasPrefix(room, "lab/") && room != "operate" && room != "lab" {
			t.Errorf("%s: what internal/%s may import is not in the table", path, room)
		}
	})
}

// TestLeavesImportNoOther: what the packages above may all import knows nothing but other
// leaves.
func TestLeavesImportNoOther(t *testing.T) {
	testkit.RoomsImport(t, map[string][]string{
		"backoff":  {},
		"count":    {},
		"crash":    {"internal/redact"},
		"near":     {},
		"redact":   {"internal/count"},
		"setting":  {},
		"textfile": {},
		"verdict":  {"internal/setting"},
		"wait":     {},
		"web":      {"internal/redact"},
	})
}

// TestNobodyNeedsTheOperatorOrTheLab: only commands and the lab import what operators do,
// and only those commands the lab that need no real world, so that neither can change how
// events are delivered.
func TestNobodyNeedsTheOperatorOrTheLab(t *testing.T) {
	importers := map[string][]string{
		"internal/operate/": {"internal/operate/", "internal/lab/", "internal/cli/", "cmd/"},
		"internal/lab/":     {"internal/lab/", "cmd/"},
		"cmd/":              {"cmd/"},
	}
	sources(t, func(path string, text []byte, _ int) {
		if isTest(path) {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			imported, ours := strings.CutPrefix(imported, module)
			for area, by := range importers {
				if ours && strings.HasPrefix(imported, area) && !slices.ContainsFunc(by, func(p string) bool { return strings.HasPrefix(path, p) }) {
					t.Errorf("%s imports %s: want only what is below %v to do so", path, imported, by)
				}
			}
		}
	})
}
