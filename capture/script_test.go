package capture

import (
	"bytes"
	"compress/gzip"
	"flag"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

var update = flag.Bool("update", false, "write capture.min.js, and what README.md quotes of it")

// TestMinified: the script that sites get is the one that can be read. Write it
// with go test ./capture -run 'Minified|Readme' -update.
func TestMinified(t *testing.T) {
	source, err := os.ReadFile("capture.js")
	if err != nil {
		t.Fatal(err)
	}
	r := api.Transform(string(source), api.TransformOptions{
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		// Browsers of 2020 and after. One that cannot read it would report a
		// syntax error to the page.
		Target: api.ES2019,
	})
	for _, e := range append(r.Errors, r.Warnings...) {
		t.Errorf("capture.js:%d: %s", e.Location.Line, e.Text)
	}
	if t.Failed() {
		return
	}
	if *update {
		if err := os.WriteFile("capture.min.js", r.Code, 0o644); err != nil {
			t.Fatal(err)
		}
		minified = string(r.Code)
	}
	if minified != string(r.Code) {
		t.Error("capture.min.js is not made of capture.js; make it with: go test ./capture -run 'Minified|Readme' -update")
	}
}

// TestSize: small enough to be pasted into a page's head, as browsers get it. The
// names of the states' sections are what it has beyond 1 KB: without them the
// answer of one state was taken for that of another.
func TestSize(t *testing.T) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.Write([]byte(Script())); err != nil {
		t.Fatal(err)
	}
	if err = w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes minified, %d gzipped", len(Script()), b.Len())
	const most = 1100
	if b.Len() > most || len(Script()) < 1000 {
		t.Errorf("the script has %d bytes minified, %d gzipped: want at most %d gzipped, and all of it", len(Script()), b.Len(), most)
	}
}

// TestNoEval: what a strict content security policy forbids is not in it.
func TestNoEval(t *testing.T) {
	for _, forbidden := range []string{"eval(", "Function(", "innerHTML", "document.write", "createElement", "setTimeout(\"", "</"} {
		if strings.Contains(Script(), forbidden) {
			t.Errorf("the script has %s", forbidden)
		}
	}
}

func TestServeScript(t *testing.T) {
	w := httptest.NewRecorder()
	ServeScript(w, httptest.NewRequest("GET", "/amzn-capture.js", nil))
	if w.Code != 200 || w.Body.String() != Script() || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%d %s, %d bytes", w.Code, w.Header(), w.Body.Len())
	}
	r := httptest.NewRequest("GET", "/amzn-capture.js", nil)
	r.Header.Set("If-None-Match", w.Header().Get("Etag"))
	w = httptest.NewRecorder()
	if ServeScript(w, r); w.Code != 304 {
		t.Errorf("asked again with its tag: %d, want 304", w.Code)
	}
}

// TestDeclaration: capture.d.ts is TypeScript; a use that the documentation
// shows goes with it.
func TestDeclaration(t *testing.T) {
	source, err := os.ReadFile("capture.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range api.Transform(string(source), api.TransformOptions{Loader: api.LoaderTS}).Errors {
		t.Errorf("capture.d.ts:%d: %s", e.Location.Line, e.Text)
	}
	for _, name := range []string{"amznCapture", "consent", "domain"} {
		if !strings.Contains(string(source), name+"?:") {
			t.Errorf("capture.d.ts does not declare %s, which the script reads", name)
		}
	}
}

// TestReadme: what README.md has to paste is the script of now.
func TestReadme(t *testing.T) {
	const readme = "README.md"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, snippet := range map[string]string{
		"script":    "<script>\n" + strings.TrimSpace(minified) + "\n</script>",
		"integrity": `<script src="/amzn-capture.js" integrity="` + Integrity() + `"></script>`,
	} {
		open, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
		before, rest, ok := strings.Cut(want, open)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("README.md has no section %q", name)
		}
		want = before + open + "\n```html\n" + snippet + "\n```\n\n" + end + after
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("README.md quotes another script; write it with: go test ./capture -run 'Minified|Readme' -update")
	}
	if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
