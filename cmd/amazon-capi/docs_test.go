package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/transform"
)

var update = flag.Bool("update", false, "rewrite the pages of docs/reference")

// root is the module's folder.
const root = "../.."

// TestReferencePages holds docs/reference to the code that it describes:
// go test ./cmd/amazon-capi -run Reference -update writes it.
func TestReferencePages(t *testing.T) {
	dir := filepath.Join(root, "docs", "reference")
	pages := map[string]string{
		"flags.md":      flagPage(),
		"metrics.md":    metricPage(t),
		"codes.md":      codePage(),
		"schemas.md":    schemaPage(t),
		"headers.md":    headerPage(t),
		"exit-codes.md": exitPage(t),

		"config.schema.json": configSchema(t),
	}
	for name, page := range pages {
		if strings.HasSuffix(name, ".json") {
			page += "\n"
		} else {
			page = strings.Replace(page, "\n", "\n\n<!-- Made from the code by: go test ./cmd/amazon-capi -run Reference -update -->\n", 1)
		}
		path := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != page {
			t.Errorf("docs/reference/%s is not what the code says (%v); write it with: go test ./cmd/amazon-capi -run Reference -update", name, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, made := pages[e.Name()]; !made {
			t.Errorf("docs/reference/%s is made by nothing", e.Name())
		}
	}
}

// flagPage lists the flags of every command. What a command shares with run is
// named, and described once.
func flagPage() string {
	var b strings.Builder
	b.WriteString("# Flags by command\n\n" +
		"Every flag can also be set in the environment, as `AMAZON_CAPI_` and its name in capitals with `_` for `-`,\n" +
		"or in the file of `--config`. A flag wins over the environment, and the environment over the file.\n")
	run := newRunCommand(&cli.Process{}).Flags()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Runnable() && !c.Hidden && c.Name() != "help" && !strings.Contains(c.CommandPath(), " completion") {
			writeFlags(&b, c, run)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&cli.Process{}))
	return b.String()
}

func writeFlags(b *strings.Builder, c *cobra.Command, run *pflag.FlagSet) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."))
	var own, shared []*pflag.Flag
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		switch known := run.Lookup(f.Name); {
		case f.Name == "help" || f.Hidden:
		case c.Name() != "run" && known != nil && known.Usage == f.Usage && known.DefValue == f.DefValue:
			shared = append(shared, f)
		default:
			own = append(own, f)
		}
	})
	if len(own) > 0 {
		b.WriteString("\n| flag | default | what it is |\n|---|---|---|\n")
	}
	for _, f := range own {
		def := cmp.Or(cli.Default(f), "–")
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", name, def, strings.ReplaceAll(f.Usage, "|", `\|`))
	}
	if len(shared) == 0 {
		return
	}
	b.WriteString("\nAs for [run](#amazon-capi-run):")
	for i, f := range shared {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(b, " `--%s`", f.Name)
	}
	b.WriteString(".\n")
}

func codePage() string {
	return "# Reason codes and warnings\n\n" +
		"A dead letter carries one code; receipts, tables and metrics use the same words.\n\n## Reason codes\n\n" + codeTable() +
		"\n## Warnings\n\nA warning leaves one optional field out and sends the event without it. " +
		"`amazon_capi_identifiers_dropped_total` counts them.\n\n" + warningTable()
}

func metricPage(t *testing.T) string {
	return "# Metrics\n\nServed on `/metrics`, with the Go runtime's and the Kafka client's own (`amazon_capi_kafka_…`).\n" +
		"In the `profile` label, `-` is a record whose profile is unknown.\n\n" + metricTable(t)
}

// schemaPage lists the fields of the schemas that are registered.
func schemaPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# Schemas\n\n`amazon-capi schemas print` prints the schemas themselves.\n")
	for _, s := range []struct{ title, file string }{
		{"Events", "avro/tracklayer-event-v4.avsc"}, {"Receipts", "receipt/receipt-v1.avsc"},
	} {
		raw, err := os.ReadFile(filepath.Join(root, "schemas", s.file))
		if err != nil {
			t.Fatal(err)
		}
		var rec avroRecord
		if err := json.Unmarshal(raw, &rec); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n## %s (%s)\n\n| field | type | what it is |\n|---|---|---|\n", s.title, filepath.Base(s.file))
		rec.write(&b, "")
	}
	return b.String()
}

// avroRecord is as much of a record's schema as its table needs.
type avroRecord struct {
	Fields []struct {
		Name string          `json:"name"`
		Doc  string          `json:"doc"`
		Type json.RawMessage `json:"type"`
	} `json:"fields"`
}

func (r *avroRecord) write(b *strings.Builder, prefix string) {
	for _, f := range r.Fields {
		text, inner := avroType(f.Type)
		fmt.Fprintf(b, "| `%s%s` | %s | %s |\n", prefix, f.Name, text, strings.ReplaceAll(f.Doc, "|", `\|`))
		if inner != nil {
			inner.write(b, prefix+f.Name+".")
		}
	}
}

// avroType is a type for people, and the record within it if there is one.
func avroType(raw json.RawMessage) (text string, inner *avroRecord) {
	var union []json.RawMessage
	if json.Unmarshal(raw, &union) == nil {
		var parts []string
		for _, u := range union {
			t, in := avroType(u)
			parts = append(parts, t)
			if in != nil {
				inner = in
			}
		}
		return strings.Join(parts, " or "), inner
	}
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return name, nil
	}
	var t struct {
		Type        json.RawMessage `json:"type"`
		LogicalType string          `json:"logicalType"`
		Items       json.RawMessage `json:"items"`
		Values      json.RawMessage `json:"values"`
		avroRecord
	}
	_ = json.Unmarshal(raw, &t) // what it lacks is left out
	switch {
	case t.Items != nil:
		of, in := avroType(t.Items)
		return "array of " + of, in
	case t.Values != nil:
		of, in := avroType(t.Values)
		return "map of " + of, in
	case len(t.Fields) > 0:
		return "record", &t.avroRecord
	}
	text, inner = avroType(t.Type)
	if t.LogicalType != "" {
		text += " (" + t.LogicalType + ")"
	}
	return text, inner
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
	for _, e := range verdict.Codes() {
		field := ""
		if e.Field != "" {
			field = "`" + e.Field + "` "
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s| %s |\n", e.Class, e.Name, field, e.Rule)
	}
	return b.String()
}

// metricTable finds every metric in the sources: registering them all would
// show only those that have a value.
func metricTable(t *testing.T) string {
	help := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
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
				if _, ok := n.Fun.(*ast.Ident); ok && file.Name.Name == "metric" && name != "" { // within that package
					name = "_" + name
				} else if f, ok := n.Fun.(*ast.SelectorExpr); ok {
					switch {
					case fmt.Sprint(f.X) == "metric" && name != "": // which puts the namespace before
						name = "_" + name
					case f.Sel.Name != "NewDesc" && f.Sel.Name != "NewLatencies":
						name = ""
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
	for _, sure := range []string{"amazon_capi_requests_total", "amazon_capi_lag_seconds", "amazon_capi_token_age_seconds", "amazon_capi_registry_requests_total", "amazon_capi_attributes_left_out_total"} {
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

// documents are all Markdown files of the project, by their path below its folder.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && strings.HasPrefix(name, ".") && name != ".." && path != root {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			found[rel] = string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("found %d documents; the search is broken", len(found))
	}
	return found
}

// TestDocumentedCommandsExist: every command line in a document and in --help
// parses, so that nobody copies one that does not work.
func TestDocumentedCommandsExist(t *testing.T) {
	type source struct{ where, line string }
	var lines []source
	for path, text := range documents(t) {
		for i, block := range strings.Split(text, "```") {
			if shell, ok := strings.CutPrefix(block, "sh\n"); ok && i%2 == 1 {
				for _, l := range shellLines(shell) {
					lines = append(lines, source{path, l})
				}
			}
		}
	}
	inDocuments := len(lines)
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Example == "" && !strings.HasPrefix(c.CommandPath(), "amazon-capi help") {
			t.Errorf("%s --help has no example", c.CommandPath())
		}
		for _, l := range shellLines(c.Example) {
			lines = append(lines, source{c.CommandPath() + " --help", l})
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&cli.Process{}))
	if inDocuments < 20 || len(lines) < inDocuments+10 {
		t.Fatalf("found %d commands in documents and %d in all; the search is broken", inDocuments, len(lines))
	}
	for _, l := range lines {
		cmd, args, err := newRoot(&cli.Process{}).Find(strings.Fields(l.line))
		if err != nil || cmd.Name() == "amazon-capi" {
			t.Errorf("%s: %q: no such command: %v", l.where, l.line, err)
			continue
		}
		if err := cmd.ParseFlags(args); err != nil {
			t.Errorf("%s: %q: %v", l.where, l.line, err)
		}
	}
}

// TestDocumentedTargetsExist: every make target that a document names is one.
func TestDocumentedTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`make ([a-z-]+)|(?m)^make ([a-z-]+)")
	found := 0
	for path, text := range documents(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			target := m[1] + m[2]
			found++
			if !regexp.MustCompile(`(?m)^([a-z-]+ )*` + target + `( [a-z-]+)*:`).Match(makefile) {
				t.Errorf("%s: make %s is not a target of the Makefile", path, target)
			}
		}
	}
	if found < 5 {
		t.Fatalf("found %d targets; the search is broken", found)
	}
}

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	codeBlock    = regexp.MustCompile("(?s)```.*?```")
)

// TestLinks: every link in a document to a file of the project leads to one, and
// its anchor to a heading there.
func TestLinks(t *testing.T) {
	all, found := documents(t), 0
	for path, text := range all {
		for _, m := range markdownLink.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
			link, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			found++
			target := path
			if link != "" {
				target = filepath.Join(filepath.Dir(path), link)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", path, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(all[target]), anchor) {
				t.Errorf("%s: %s has no heading for #%s", path, target, anchor)
			}
		}
	}
	if found < 20 {
		t.Fatalf("found %d links; the search is broken", found)
	}
}

// anchors returns the anchors that GitHub gives to a document's headings.
func anchors(text string) (out []string) {
	seen := make(map[string]int)
	for _, m := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		anchor := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, m[1])
		if n := seen[anchor]; n > 0 {
			out = append(out, fmt.Sprintf("%s-%d", anchor, n))
		} else {
			out = append(out, anchor)
		}
		seen[anchor]++
	}
	return out
}

// TestReadmeIsShort: what a newcomer does not need has a page of its own.
func TestReadmeIsShort(t *testing.T) {
	const most, widest = 250, 126
	text := documents(t)["README.md"]
	if n := strings.Count(text, "\n"); n > most {
		t.Errorf("README.md has %d lines, want at most %d", n, most)
	}
	n := 0
	for line := range strings.Lines(text) {
		if n++; !strings.HasPrefix(line, "|") && utf8.RuneCountInString(line) > widest {
			t.Errorf("README.md:%d has %d columns, want at most %d outside tables", n, utf8.RuneCountInString(line), widest)
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
