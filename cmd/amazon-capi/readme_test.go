package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

var update = flag.Bool("update", false, "rewrite the tables of the README")

const readme = "../../README.md"

// TestReadmeTables holds the README's tables of flags, metrics and codes to the
// code they describe: go test ./cmd/amazon-capi -run Readme -update writes them.
func TestReadmeTables(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	want := text
	tables := map[string]string{"flags": flagTable(), "metrics": metricTable(t), "codes": codeTable(), "warnings": warningTable()}
	for _, name := range documentedTools {
		tables["flags "+name] = toolFlagTable(t, name)
	}
	for name, table := range tables {
		want = replaceSection(t, want, name, table)
	}
	if bytes.Equal(text, want) {
		return
	}
	if !*update {
		t.Fatal("the README's tables are not those of the code; write them with: go test ./cmd/amazon-capi -run Readme -update")
	}
	if err := os.WriteFile(readme, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// documentedTools are the commands with a table of flags of their own.
var documentedTools = []string{"audit", "bench", "check", "dlq redrive", "explain", "reconcile", "replay", "send purchase"}

func replaceSection(t *testing.T, text []byte, name, table string) []byte {
	t.Helper()
	open, end := []byte("<!-- "+name+" -->\n"), []byte("<!-- /"+name+" -->")
	before, rest, ok := bytes.Cut(text, open)
	_, after, ok2 := bytes.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("the README has no section %q", name)
	}
	return slices.Concat(before, open, []byte("\n"+table+"\n"), end, after)
}

func flagTable() string { return tableOf(newRunCommand(&process{}).Flags(), nil) }

// toolFlagTable has those flags of a command that are not run's, too.
func toolFlagTable(t *testing.T, name string) string {
	t.Helper()
	cmd, _, err := newRoot(&process{}).Find(strings.Fields(name))
	if err != nil {
		t.Fatal(err)
	}
	return tableOf(cmd.LocalFlags(), newRunCommand(&process{}).Flags())
}

func tableOf(flags, but *pflag.FlagSet) string {
	var b strings.Builder
	b.WriteString("| flag | default | what it is |\n|---|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if but != nil && but.Lookup(f.Name) != nil && but.Lookup(f.Name).Usage == f.Usage || f.Name == "config" || f.Name == "help" {
			return
		}
		def := strings.Trim(f.DefValue, "[]")
		if def == "" || def == "false" && f.Value.Type() == "bool" {
			def = "–"
		}
		fmt.Fprintf(&b, "| `--%s` | %s | %s |\n", f.Name, def, strings.ReplaceAll(f.Usage, "|", `\|`))
	})
	return b.String()
}

func warningTable() string {
	var b strings.Builder
	b.WriteString("| warning | field | what is asked of it |\n|---|---|---|\n")
	for _, r := range transform.WarningRules() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", r.Code, r.Field, r.Help)
	}
	return b.String()
}

func codeTable() string {
	var b strings.Builder
	b.WriteString("| class | code | field | rule |\n|---|---|---|---|\n")
	for _, c := range schemas.Codes() {
		fmt.Fprintf(&b, "| decode | `%s` | | %s |\n", c, c.Help())
	}
	for _, r := range transform.Codes() {
		field := ""
		if r.Field != "" {
			field = "`" + r.Field + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", r.Class, r.Code, field, r.Help)
	}
	for _, c := range consumer.Codes() {
		fmt.Fprintf(&b, "| %s | `%s` | | %s |\n", c.Class, c.Code, c.Help)
	}
	for _, c := range append(sink.Codes(), accounts.Codes()...) {
		field := ""
		if c.Field != "" {
			field = "`" + c.Field + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", c.Class, c.Code, field, c.Help)
	}
	return b.String()
}

// metricTable finds every metric in the sources: registering them all would
// show only those that have a value.
func metricTable(t *testing.T) string {
	help := make(map[string]string)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var name, text string
			switch n := n.(type) {
			case *ast.CompositeLit:
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok {
						switch fmt.Sprint(kv.Key) {
						case "Name":
							name = stringOf(kv.Value)
						case "Help":
							text = stringOf(kv.Value)
						}
					}
				}
			case *ast.CallExpr:
				if len(n.Args) < 2 {
					break
				}
				name, text = stringOf(n.Args[0]), stringOf(n.Args[1])
				switch f := n.Fun.(type) {
				case *ast.SelectorExpr:
					if f.Sel.Name != "NewDesc" {
						name = ""
					}
				case *ast.Ident: // package sink's helpers put the namespace before
					if slices.Contains([]string{"counter", "counterVec", "gauge", "histogram"}, f.Name) && name != "" {
						name = "_" + name
					}
				}
				if strings.HasPrefix(name, "_") {
					name = "amazon_capi" + name
				}
			}
			if strings.HasPrefix(name, "amazon_capi_") {
				if text == "" {
					t.Errorf("%s: metric %s has no help", path, name)
				}
				help[name] = text
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, sure := range []string{"amazon_capi_requests_total", "amazon_capi_lag_seconds", "amazon_capi_token_age_seconds", "amazon_capi_registry_requests_total"} {
		if help[sure] == "" {
			t.Fatalf("found %d metrics in the sources, and not %s; the search is broken", len(help), sure)
		}
	}
	var b strings.Builder
	b.WriteString("| metric | what it is |\n|---|---|\n")
	names := make([]string, 0, len(help))
	for name := range help {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, strings.TrimSuffix(help[name], "."))
	}
	return b.String()
}

// stringOf is the value of a string literal, or of several put together.
func stringOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.BinaryExpr:
		return stringOf(e.X) + stringOf(e.Y)
	}
	return ""
}

// TestDocumentedCommandsExist: every command line in the README and in --help
// parses, so that nobody copies one that does not work.
func TestDocumentedCommandsExist(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for i, block := range strings.Split(string(text), "```") {
		if shell, ok := strings.CutPrefix(block, "sh\n"); ok && i%2 == 1 {
			lines = append(lines, shellLines(shell)...)
		}
	}
	inReadme := len(lines)
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Example == "" && !strings.HasPrefix(c.CommandPath(), "amazon-capi help") {
			t.Errorf("%s --help has no example", c.CommandPath())
		}
		lines = append(lines, shellLines(c.Example)...)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&process{}))
	if inReadme < 4 || len(lines) < inReadme+10 {
		t.Fatalf("found %d commands in the README and %d in all; the search is broken", inReadme, len(lines))
	}
	for _, line := range lines {
		cmd, args, err := newRoot(&process{}).Find(strings.Fields(line))
		if err != nil || cmd.Name() == "amazon-capi" {
			t.Errorf("%q: no such command: %v", line, err)
			continue
		}
		if err := cmd.ParseFlags(args); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// shellLines returns the arguments of each amazon-capi call in a script.
func shellLines(script string) (lines []string) {
	script = strings.ReplaceAll(script, "\\\n", " ")
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		for _, name := range []string{"bin/amazon-capi ", "amazon-capi "} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				rest, _, _ = strings.Cut(rest, " >")
				lines = append(lines, rest)
			}
		}
	}
	return lines
}
