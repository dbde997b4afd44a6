package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoRedirectIsFollowed(t *testing.T) {
	followed := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(status)
			}))
			req, err := http.NewRequest(method, srv.URL, strings.NewReader("secret"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := NoRedirects(http.Client{}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != status || !IsRedirect(status) || followed {
				t.Errorf("%s, %d: status %d, followed: %v", method, status, resp.StatusCode, followed)
			}
			srv.Close()
		}
	}
}

// TestClientsAreMadeHere finds clients that would follow redirects: those that are
// not made by NoRedirects, net/http's own, and AWS's.
func TestClientsAreMadeHere(t *testing.T) {
	const root = "../.."
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if strings.Contains(filepath.ToSlash(path), "/chaos/audit/") {
			return nil // which shares no code with the program, and does so itself
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		made := map[ast.Node]bool{} // literals that are given to NoRedirects
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if is(n.Fun, "web", "NoRedirects") && len(n.Args) == 1 {
					made[n.Args[0]] = true
				}
			case *ast.CompositeLit:
				if is(n.Type, "http", "Client") && !made[n] {
					t.Errorf("%s: an http.Client that follows redirects: want web.NoRedirects around it", set.Position(n.Pos()))
				}
			case *ast.SelectorExpr:
				if is(n, "awshttp", "NewBuildableClient") && !strings.HasSuffix(filepath.ToSlash(path), "/kafka/auth/sdk.go") {
					t.Errorf("%s: AWS's client follows redirects: want newSDKClient", set.Position(n.Pos()))
				}
				for _, name := range []string{"DefaultClient", "Get", "Head", "Post", "PostForm"} {
					if is(n, "http", name) {
						t.Errorf("%s: http.%s follows redirects: want a client of web.NoRedirects", set.Position(n.Pos()), name)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files read: %v", files, err)
	}
}

func is(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg
}
