package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestCodesAreRaisedWhereTheRegistrySays: a code that nothing raises would be a promise
// in the documents, and one that another package raises would be looked for in the
// wrong place: the package that the registry names or a room below it. The packages' own
// tests show that each can happen.
func TestCodesAreRaisedWhereTheRegistrySays(t *testing.T) {
	codes, raised := codeConstants(t), make(map[verdict.Code][]string)
	eachSource(t, func(pkg string, file *ast.File) {
		if pkg == "internal/verdict" || strings.HasPrefix(pkg, "internal/operate/") || strings.HasPrefix(pkg, "internal/lab/") {
			return // which read verdicts, or make them up
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && isIdent(s.X, "verdict") {
				if code, ok := codes[s.Sel.Name]; ok {
					by := pkg
					if in := code.Entry().By; strings.HasPrefix(pkg, in+"/") {
						by = in
					}
					if !slices.Contains(raised[code], by) {
						raised[code] = append(raised[code], by)
					}
				}
			}
			return true
		})
	})
	for _, e := range verdict.Codes() {
		if by := raised[e.Code]; !slices.Equal(by, []string{e.By}) {
			t.Errorf("%s is raised by %v, want by %s alone", e.Name, by, e.By)
		}
	}
}

// TestNoCodeIsMadeUp: a code that is written out has no entry, and so neither a rule
// nor a remedy. Amazon's own are read from its answers, and never written out.
func TestNoCodeIsMadeUp(t *testing.T) {
	made := 0
	eachSource(t, func(pkg string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			s, ok := lit.Type.(*ast.SelectorExpr)
			if !ok || !isIdent(s.X, "verdict") || s.Sel.Name != "Reason" && s.Sel.Name != "Verdict" {
				return true
			}
			made++
			for _, el := range lit.Elts {
				if kv, ok := el.(*ast.KeyValueExpr); ok && isIdent(kv.Key, "Code") && stringOf(kv.Value) != "" {
					t.Errorf("%s makes up the code %q: want one of package verdict", pkg, stringOf(kv.Value))
				}
			}
			return true
		})
	})
	if made < 5 {
		t.Fatalf("found %d reasons in the sources; the search is broken", made)
	}
}

// codeConstants returns the codes by the names of their constants.
func codeConstants(t *testing.T) map[string]verdict.Code {
	t.Helper()
	codes := make(map[string]verdict.Code)
	eachSource(t, func(pkg string, file *ast.File) {
		if pkg != "internal/verdict" {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Code") {
				codes[v.Names[0].Name] = verdict.Code(len(codes) + 1) // they count up from 1
			}
			return true
		})
	})
	if len(codes) != len(verdict.Codes()) {
		t.Fatalf("found %d constants of %d codes; the search is broken", len(codes), len(verdict.Codes()))
	}
	return codes
}

// eachSource calls f with every source file that is not a test, and its package's path in
// the module.
func eachSource(t *testing.T, f func(pkg string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		f(filepath.ToSlash(pkg), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}
