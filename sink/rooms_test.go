package sink

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestRoomsImportNoOther holds the sink's rooms to the stages and rooms that each may
// know. None knows the sink, so that a lane is never needed to test one.
func TestRoomsImportNoOther(t *testing.T) {
	testkit.RoomsImport(t, map[string][]string{
		".":               {"transform", "sink/amazon", "sink/batch", "sink/login", "sink/exchange", "sink/deadletter", "sink/gate", "sink/lobby", "sink/profile", "sink/receipt", "sink/web", "sink/census", "sink/guard"},
		"amazon":          {"transform", "sink/amazon/jsonskip"},
		"amazon/jsonskip": {},
		"batch":           {"sink/amazon", "sink/deadletter", "sink/exchange"},
		"census":          {},
		"gate":            {},
		"guard":           {"sink/deadletter"},
		"lobby":           {},
		"profile":         {},
		"login":           {"sink/web"},
		"exchange":        {"transform", "sink/amazon", "sink/login", "sink/web"},
		"deadletter":      {"schemas/framing"},
		"receipt":         {"schemas/receipt"},
		"web":             {},
	}, "internal/")
}

// TestEachPartOfALaneIsChangedInItsFile: what a lane knows is in small structs, and only
// the file of each changes it; the others call its methods.
func TestEachPartOfALaneIsChangedInItsFile(t *testing.T) {
	of := map[string]string{}
	for file, fields := range map[string][]string{
		"flights.go":    {"flying", "blocked", "airborne", "average", "heard"},
		"watch.go":      {"by", "unwait", "askAt", "wake"},
		"token.go":      {"stale", "renewedAt"},
		"condition.go":  {"reported", "said", "lasting", "fading"},
		"given.go":      {"some"},
		"stranger.go":   {"proven", "accepted", "strange", "charged"},
		"lanestatus.go": {"shown"},
		"reroute.go":    {"route", "stray", "batchEvents", "batchBytes"},
	} {
		for _, f := range fields {
			of[f] = file
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files, %v", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var changed []ast.Expr
			switch n := n.(type) {
			case *ast.AssignStmt:
				changed = n.Lhs
			case *ast.IncDecStmt:
				changed = []ast.Expr{n.X}
			}
			for _, x := range changed {
				sel, ok := x.(*ast.SelectorExpr)
				if !ok {
					continue
				}
				if home := of[sel.Sel.Name]; home != "" && home != name && receiver(sel.X) == "l" {
					t.Errorf("%s changes %s of a lane: want a method in %s", fset.Position(x.Pos()), sel.Sel.Name, home)
				}
			}
			return true
		})
	}
}

// receiver is the variable that a chain of fields begins with.
func receiver(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.SelectorExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}
