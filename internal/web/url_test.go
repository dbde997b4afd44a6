package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	const secret = "hunter2"
	for raw, want := range map[string]string{
		"http://h":                              "",
		"https://h:8081/x":                      "",
		"https://[::1]:443/":                    "",
		"":                                      `"" is not an absolute URL`,
		"h:8081":                                `"h:8081" is not an absolute URL`,
		"//h/x":                                 `"//h/x" is not an absolute URL`,
		"ftp://h":                               `"ftp://h" is not an absolute URL`,
		"http://":                               "is not an absolute URL",
		"http://:8081/x":                        "is not an absolute URL",
		"ftp://me:" + secret + "@h?k=" + secret: `"ftp://h" is not an absolute URL`,
		"http://x:" + secret + " z":             "it is not a URL",
		"http://me:" + secret + "@h":            "user or password",
		"http://me@h":                           "user or password",
		"http://h/?k=" + secret:                 "query or fragment",
		"http://h/#" + secret:                   "query or fragment",
	} {
		u, err := ParseURL(raw, 0)
		if want == "" {
			if err != nil || u.String() != raw {
				t.Errorf("%q: %v, %v", raw, u, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v, want %q", raw, err, want)
		}
	}
	for raw, may := range map[string]URLParts{"http://me:x@h": URLUser, "http://h?a=b": URLQuery, "http://me@h/#a": URLUser | URLQuery} {
		if _, err := ParseURL(raw, may); err != nil {
			t.Errorf("%q: %v", raw, err)
		}
		if _, err := ParseURL(raw, 0); err == nil {
			t.Errorf("%q is taken without its parts allowed", raw)
		}
	}
}

// TestURLsAreCheckedHere finds other code that judges the scheme of a URL. There were seven
// checks once, and what one took another refused.
func TestURLsAreCheckedHere(t *testing.T) {
	const root = "../.."
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		slashed := filepath.ToSlash(path)
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.Contains(slashed, "/internal/lab/") || strings.HasSuffix(slashed, "internal/web/url.go") {
			return err
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if n, ok := n.(*ast.BinaryExpr); ok && n.Op == token.NEQ {
				if field, ok := n.X.(*ast.SelectorExpr); ok && field.Sel.Name == "Scheme" {
					t.Errorf("%s: judges a URL by its scheme: want web.ParseURL", set.Position(n.Pos()))
				}
			}
			return true
		})
		return nil
	})
	if err != nil || files < 300 {
		t.Fatalf("%d files, %v", files, err)
	}
}
