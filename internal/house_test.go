package internal

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The bounds of the house. Code of the lab may be longer, but for its functions.
const (
	maxFile     = 400
	maxPackage  = 3500
	maxFunction = 60
)

// sources calls do for each Go file of the module, with its path from the root and its
// lines.
func sources(t *testing.T, do func(path string, text []byte, lines int)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != "..":
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", path)
		n++
		do(filepath.ToSlash(rel), text, strings.Count(string(text), "\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 500 {
		t.Fatalf("found %d files; the search is broken", n)
	}
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.go") }
func ofLab(path string) bool  { return strings.HasPrefix(path, "internal/lab/") }

// TestFilesAndPackagesAreSmall: what has grown beyond these bounds held several ideas each
// time.
func TestFilesAndPackagesAreSmall(t *testing.T) {
	packages := make(map[string]int)
	sources(t, func(path string, _ []byte, lines int) {
		if isTest(path) || ofLab(path) {
			return
		}
		packages[filepath.Dir(path)] += lines
		if lines > maxFile {
			t.Errorf("%s has %d lines: want %d at most, and one idea", path, lines, maxFile)
		}
	})
	for dir, lines := range packages {
		if lines > maxPackage {
			t.Errorf("package %s has %d lines: want %d at most; a part of it is a package of its own", dir, lines, maxPackage)
		}
	}
}

// TestLongFunctionsSayWhy: a function that does not fit on a screen says in its comment
// why it is long.
func TestLongFunctionsSayWhy(t *testing.T) {
	sources(t, func(path string, text []byte, _ int) {
		if isTest(path) {
			return
		}
		for _, wrong := range longFunctions(t, path, text) {
			t.Error(wrong)
		}
	})
}

var saysWhyLong = regexp.MustCompile(`\b(long|longer)\b`)

// longFunctions returns a sentence about each function of a file that is too long and does
// not say why.
func longFunctions(t *testing.T, path string, text []byte) (wrong []string) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Body == nil || saysWhyLong.MatchString(f.Doc.Text()) {
			continue
		}
		from, to := fset.Position(f.Pos()), fset.Position(f.End())
		if n := to.Line - from.Line + 1; n > maxFunction {
			wrong = append(wrong, fmt.Sprintf("%s: %s has %d lines: want %d at most, or a comment at its head why it is that long", from, f.Name.Name, n, maxFunction))
		}
	}
	return wrong
}

func TestLongFunctionsAreFound(t *testing.T) {
	body := strings.Repeat("\tf()\n", maxFunction-1) + "}\n"
	for text, want := range map[string]int{
		"func f() {\n" + body:                                        1,
		"// f calls itself.\nfunc f() {\n" + body:                    1,
		"// f is long because it is a list.\nfunc f() {\n" + body:    0,
		"func f() {\n" + strings.TrimPrefix(body, "\tf()\n"):         0,
		"// f calls itself along a list.\nfunc (x T) f() {\n" + body: 1,
	} {
		if got := longFunctions(t, "f.go", []byte("package p\n\n"+text)); len(got) != want {
			t.Errorf("%.40q: got %v, want %d", text, got, want)
		}
	}
}

// sentenceEnd ends a sentence.
var sentenceEnd = regexp.MustCompile(`[.!?](\s+[A-Z[]|\s*$)`)

// TestFoldersSayWhatTheyAreFor: the doc.go of each package says in about three sentences
// what lives there, what must not, and how it fits in with the others. It is where a
// newcomer, and whoever adds code, looks first.
func TestFoldersSayWhatTheyAreFor(t *testing.T) {
	const least = 3
	documented, folders := make(map[string]bool), make(map[string]bool)
	sources(t, func(path string, text []byte, _ int) {
		dir := filepath.ToSlash(filepath.Dir(path))
		if isTest(path) || dir == "testdata" {
			return
		}
		folders[dir] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		switch doc := file.Doc.Text(); {
		case filepath.Base(path) != "doc.go":
			if doc != "" {
				t.Errorf("%s has a package comment: want it in doc.go", path)
			}
		case len(sentenceEnd.FindAllString(doc, -1)) < least:
			t.Errorf("%s has fewer than %d sentences: want what lives there, what must not, and how it fits in", path, least)
		default:
			documented[dir] = true
		}
	})
	for dir := range folders {
		if !documented[dir] {
			t.Errorf("%s: no doc.go that says what the package is for", dir)
		}
	}
}
