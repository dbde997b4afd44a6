package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// constant is a constant of a source file, and the comment behind it.
type constant struct{ name, value, says string }

// constants reads a file's constants that are literals or sums of such.
func constants(t *testing.T, file string) (all []constant) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]string)
	var value func(ast.Expr) string
	value = func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.BasicLit:
			if s, err := strconv.Unquote(e.Value); err == nil {
				return s
			}
			return e.Value
		case *ast.Ident:
			return known[e.Name]
		case *ast.BinaryExpr:
			return value(e.X) + value(e.Y)
		}
		return ""
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for i, e := range v.Values {
				c := constant{v.Names[i].Name, value(e), strings.TrimSpace(v.Comment.Text())}
				known[c.name] = c.value
				all = append(all, c)
			}
		}
	}
	return all
}

// headerSays is what each header of a dead letter says.
var headerSays = map[string]string{
	"__connect.errors.topic":                "the source topic",
	"__connect.errors.partition":            "the original's partition there",
	"__connect.errors.offset":               "the original's offset there",
	"__connect.errors.stage":                "the stage that refused the event",
	"__connect.errors.class.name":           "the package that refused the event",
	"__connect.errors.exception.class.name": "amazon-capi. and the class",
	"__connect.errors.exception.message":    "the message",
	"amazon-capi.class":                     "decode, validation, rejected or auth",
	"amazon-capi.status":                    "Amazon's HTTP status, if Amazon was asked",
	"amazon-capi.code":                      "the [reason code](codes.md), or Amazon's own",
	"amazon-capi.field":                     "the path of the field at fault, if one is known",
	"amazon-capi.message":                   "a sentence about what is wrong, without identifiers",
	"amazon-capi.profile":                   "the event's profile, if its id is valid",
	"amazon-capi.event-id":                  "the event's id, if it is valid",
	"amazon-capi.attempts":                  "how often the event was sent",
	"amazon-capi.first-failure":             "when it first failed, RFC 3339 in UTC",
	"amazon-capi.last-failure":              "when it last failed, RFC 3339 in UTC",
	"amazon-capi.contract":                  "the contract that it was meant for",
	"amazon-capi.redrives":                  "how often it was redriven",
	"amazon-capi.value-omitted":             "the size in bytes of a value that the topic did not take",
	"amazon-capi.key-omitted":               "the size in bytes of a key that the topic did not take",
	"amazon-capi.headers-omitted":           "how many of the original's headers are left out",
	"amazon-capi.timestamp-omitted":         "the original's timestamp in milliseconds, which the topic did not take",
}

// headerPage lists the headers of dead letters, as sink/deadletter names them.
func headerPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# Headers of dead letters\n\nA dead letter has the headers of its original and these; " +
		"[Dead letters](../dead-letters.md) says how to work with them.\n\n| header | what it says |\n|---|---|\n")
	listed := 0
	for _, c := range constants(t, "sink/deadletter/draft.go") {
		if !strings.HasPrefix(c.name, "header") {
			continue
		}
		if headerSays[c.value] == "" {
			t.Errorf("headerSays has no entry for %s", c.value)
		}
		listed++
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.value, headerSays[c.value])
	}
	if listed != len(headerSays) {
		t.Errorf("sink/deadletter has %d headers, and headerSays %d", listed, len(headerSays))
	}
	return b.String()
}

// exitPage lists the exit codes, as main.go names them.
func exitPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# Exit codes\n\n| code | when |\n|---|---|\n")
	for _, c := range constants(t, "cmd/amazon-capi/main.go") {
		if strings.HasPrefix(c.name, "exit") {
			fmt.Fprintf(&b, "| %s | %s |\n", c.value, c.says)
		}
	}
	b.WriteString("\nA first SIGINT or SIGTERM ends a command in order: `run`, `sandbox` and what was done by then exit 0, others 130. A second one " +
		"ends the process at once, as the signal does by default: shells report 130 or 143.\n")
	return b.String()
}
