package crash

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const sha = "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"

type event struct{ email string }

type broken struct{}

func (broken) Error() string { panic("no words for jane@example.com") }

// panics are ways to panic with what must not be shown.
var panics = map[string]func(){
	"text":          func() { panic("bad event jane@example.com") },
	"quoted":        func() { panic(`bad name "Jane Doe" at 10001`) },
	"error":         func() { panic(fmt.Errorf("decode %q: %w", "Doe", errors.New(sha))) },
	"value":         func() { panic(event{"jane@example.com"}) },
	"pointer":       func() { panic(&event{"jane@example.com"}) },
	"bytes":         func() { panic([]byte("jane@example.com")) },
	"runtime":       func() { _ = []int{1}[len(os.Args)+5] },
	"conversion":    func() { _ = any("jane@example.com").(fmt.Stringer) },
	"nil":           func() { var e *event; e.email = "jane@example.com" },
	"broken":        func() { panic(broken{}) },
	"while another": func() { defer func() { panic("again jane@example.com") }(); panic(sha) },
}

func goAndPanic(name string) {
	var wg sync.WaitGroup
	wg.Go(func() {
		defer Report()
		panics[name]()
	})
	wg.Wait()
}

// TestPanicsShowNoContents panics in a process of its own, with and without a log.
func TestPanicsShowNoContents(t *testing.T) {
	if name := os.Getenv("PANIC_WITH"); name != "" {
		if os.Getenv("PANIC_LOG") != "" {
			To(func(reason string, stack []string) { fmt.Fprintln(os.Stderr, "logged", reason, stack) })
		}
		goAndPanic(name)
		return
	}
	for name := range panics {
		for _, logged := range []string{"", "1"} {
			cmd := exec.Command(os.Args[0], "-test.run=^TestPanicsShowNoContents$")
			cmd.Env = append(os.Environ(), "PANIC_WITH="+name, "PANIC_LOG="+logged)
			out, err := cmd.CombinedOutput()
			exit := new(exec.ExitError)
			if !errors.As(err, &exit) || exit.ExitCode() != code {
				t.Errorf("%s: %v", name, err)
			}
			text := strings.ToLower(string(out))
			for _, planted := range []string{"jane", "doe", "example.com", "86e0b9", "10001\"", "goroutine"} {
				if strings.Contains(text, planted) {
					t.Errorf("%s: %q is shown in\n%s", name, planted, out)
				}
			}
			if !strings.Contains(text, "crash.init.func") || !strings.Contains(text, "crash.goandpanic") || strings.Contains(text, "runtime.gopanic") {
				t.Errorf("%s: the stack is not named in\n%s", name, out)
			}
			if strings.Contains(text, "logged") != (logged != "") {
				t.Errorf("%s: written to the wrong place:\n%s", name, out)
			}
		}
	}
}

// starters are the functions that start goroutines, or have one call us.
var starters = []string{"Go", "AfterFunc", "OnPartitionsAssigned", "OnPartitionsRevoked", "OnPartitionsLost", "Produce", "TryProduce"}

// TestEveryGoroutineReports reads the program's source: whoever starts a goroutine
// has it defer Report first.
func TestEveryGoroutineReports(t *testing.T) {
	set := token.NewFileSet()
	packages := make(map[string][]*ast.File)
	for _, root := range []string{"../../cmd", "../../consumer", "../../schemas", "../../sink", "../../transform", "../../internal"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "lab": // stands in for the world, with made-up data
				return fs.SkipDir
			case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			file, err := parser.ParseFile(set, path, nil, 0)
			packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], file)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	found := 0
	for _, files := range packages {
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				for _, f := range started(n) {
					found++
					if !reports(f, files) {
						t.Errorf("%s: a goroutine begins without defer crash.Report()", set.Position(n.Pos()))
					}
				}
				return true
			})
		}
	}
	if found < 25 {
		t.Errorf("only %d goroutines were found", found)
	}
}

// started returns the functions that a node has run in another goroutine.
func started(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.GoStmt:
		return []ast.Expr{n.Call.Fun}
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains(starters, sel.Sel.Name) || len(n.Args) == 0 {
			return nil
		}
		return n.Args[len(n.Args)-1:]
	}
	return nil
}

// reports reports whether a function defers Report first, or is not ours.
func reports(f ast.Expr, files []*ast.File) bool {
	var name string
	switch f := f.(type) {
	case *ast.FuncLit:
		if call := only(f.Body); call != nil {
			return reports(call.Fun, files)
		}
		return begins(f.Body)
	case *ast.SelectorExpr:
		name = f.Sel.Name
	case *ast.Ident:
		name = f.Name
	default:
		return true
	}
	known := true // a function that is a value reports where it is made, or is a library's
	for _, file := range files {
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == name {
				if begins(fn.Body) {
					return true
				}
				known = false
			}
		}
	}
	return known
}

// only returns the call that a function consists of.
func only(body *ast.BlockStmt) *ast.CallExpr {
	if len(body.List) != 1 {
		return nil
	}
	if e, ok := body.List[0].(*ast.ExprStmt); ok {
		call, _ := e.X.(*ast.CallExpr)
		return call
	}
	return nil
}

func begins(body *ast.BlockStmt) bool {
	if len(body.List) == 0 {
		return false
	}
	d, ok := body.List[0].(*ast.DeferStmt)
	if !ok {
		return false
	}
	sel, ok := d.Call.Fun.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Report"
}
