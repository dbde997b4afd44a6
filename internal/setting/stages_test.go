package setting

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestStagesNameNoFlag: what works for run works for a library, a file and a variable
// too, so a stage says by key which setting it means, and only this package says how a
// user gives it. It reads every string of the stages, of the pipeline that puts them
// together, and of what they report with.
func TestStagesNameNoFlag(t *testing.T) {
	flag := regexp.MustCompile(`(^|[^-\w])--[a-z]|` + envPrefix)
	kafkaTools := regexp.MustCompile(`kafka-topics\.sh [^)]*`) // whose flags are not ours
	files := 0
	for _, root := range []string{"consumer", "schemas", "transform", "sink", "capture", "internal/pipeline", "internal/health", "internal/kafka", "internal/verdict", "internal/accounts"} {
		err := filepath.WalkDir(filepath.Join("..", "..", root), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			files++
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				if found := flag.FindString(kafkaTools.ReplaceAllString(text, "")); found != "" {
					t.Errorf("%s: %q spells a flag or a variable: want a key of package setting", fset.Position(lit.Pos()), text)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Errorf("only %d files were read", files)
	}
}
