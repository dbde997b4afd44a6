package count_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestTexts reads every text that the program can print, be it about a fault that no test
// provokes: what a number counts agrees with it, times are in UTC with a Z, and numbers of
// seconds and the like have their unit.
func TestTexts(t *testing.T) {
	p := new(program)
	if err := p.parse("../.."); err != nil {
		t.Fatal(err)
	}
	if len(p.files) < 400 {
		t.Fatalf("only %d files were found", len(p.files))
	}
	for _, f := range p.findings() {
		t.Error(f)
	}
}

func TestTextsAreJudged(t *testing.T) {
	for text, want := range map[string]string{
		`fmt.Sprintf("%d members left", n)`:                       "members",
		`fmt.Sprintf("%s: %d records of %s", a, n, b)`:            "records",
		`fmt.Errorf("the %d open letters", n)`:                    "letters",
		`fmt.Sprintf("%d of %d events", a, n)`:                    "events",
		`fmt.Sprintf("%[2]d events, %[1]s", a, n)`:                "events",
		`log.Msgf("%d event is late", n)`:                         "event",
		`strconv.Itoa(n) + " events are late"`:                    "events",
		`fmt.Sprint(n, " partitions")`:                            "partitions",
		`fmt.Sprintf("at most %d events", n)`:                     "events",
		`fmt.Sprintf("at most %d events", most)`:                  "",
		`fmt.Sprintf("at most %d events", most/2)`:                "",
		`fmt.Sprintf("at most %d events", one)`:                   "events",
		`fmt.Sprintf("at most %d events", 1)`:                     "events",
		`fmt.Sprintf("%d has %d", a, n)`:                          "",
		`fmt.Sprintf("%d KiB", n)`:                                "",
		`fmt.Sprintf("status %d: %s", n, a)`:                      "",
		`fmt.Sprintf("%s", count.Of(n, "event"))`:                 "",
		`count.Of(n, "events")`:                                   "singular",
		`fmt.Sprintf("since %s", at.Format(time.RFC3339))`:        "UTC",
		`fmt.Sprintf("since %s", at.UTC().Format(time.RFC3339))`:  "",
		`fmt.Sprintf("on %s", at.Format(time.DateOnly))`:          "",
		`fmt.Sprintf("since %s", at.UTC().Format(time.DateTime))`: "Z",
		`fmt.Sprintf("at %s", at.UTC().Format("15:04:05"))`:       "Z",
		`fmt.Sprintf("at %s", at.UTC().Format("15:04:05Z"))`:      "",
		`fmt.Sprintf("since %s", at.UTC())`:                       "Format",
		`fmt.Sprintf("since %v", time.Now())`:                     "Format",
		`fmt.Sprintf("took %.1f", d.Seconds())`:                   "unit",
		`fmt.Sprintf("took %.1f s", d.Seconds())`:                 "",
		`fmt.Sprintf("took %d", d.Milliseconds())`:                "unit",
		`fmt.Sprintf("took %dms", d.Milliseconds())`:              "",
		`fmt.Sprintf("took %d", int64(d))`:                        "",
		`fmt.Sprintf("took %d", time.Since(at))`:                  "unit",
		`log.Dur("took", d)`:                                      "unit",
		`log.Dur("took_ms", d)`:                                   "",
		`fmt.Sprintf("took %s", time.Since(at))`:                  "",
	} {
		src := "package p\nconst most, one = 500, 1\nfunc f(a, b string, n int, at time.Time, d time.Duration) { _ = " + text + " }\n"
		p := new(program)
		if err := p.add("p/p.go", src); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(p.findings(), "\n")
		if want == "" && got != "" || want != "" && !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// fine are texts whose numbers are never 1, with the reason why.
var fine = map[string]string{
	// more than a bound that is larger
	"it has %d bytes with those it refers to: want %d at most":                                                                         "schemas of more than MaxBytes",
	"it has a %s whose name has %d bytes: want %d at most":                                                                             "names of more than maxSchemaName",
	"it has %d bytes, more than the %d of any properties file":                                                                         "files of more than MaxBytes",
	"event_id has %d bytes: want at most %d characters":                                                                                "ids of more than maxEventID",
	"%s leads through %d records: want %d at most":                                                                                     "paths of more than maxAliasDepth",
	"what to find has %d bytes: want at most %d":                                                                                       "queries of more than maxQuery",
	"the condition has %d bytes: want %d at most":                                                                                      "conditions of more than maxLength",
	"it has more than %d lines: want fewer at a time":                                                                                  "most is a constant",
	"it has more than %d event ids, which is more than is kept in memory: remove those whose events are not retained any more":         "MaxEntries, but for tests",
	"the list would have %d event ids, and may have %d: nothing was written; remove entries whose events are not retained any more":    "more than MaxEntries",
	"the schemas of the topic's records take more than the %d MiB that are kept of them: %d were loaded again in the last two minutes": "more than fewAgain",
	"… (%d characters)":   "package capture imports nothing, and an id of one character is not shown",
	"…%s (%d characters)": "of six times as many as are shown, or more",
	" times":              "more than maxEncodings",

	// of several
	"%d topics are given (%s), and this command is about one at a time; name one of them with %s":                                                                                                                     "more than one",
	"none of the %d schemas that the program comes with; the fault is that of the latest, and may be another with the writer's own":                                                                                   "more than one candidate",
	"it does not say whose counts they are, and events were sent for %d accounts: want a column account, or the account by --events-manager-account":                                                                  "more than one",
	"the letters that the filters choose are scattered among %d others of partition %d that stay, more than the group's offsets can tell apart: choose fewer of them (--until, --partition), or more (fewer filters)": "one can be told apart",
	"%s, %d cores, %.0f GB, %s/%s, %s\n": "a table's head line, as machines are described",
}

// developers are packages that no user of the program sees anything of.
var developers = regexp.MustCompile(`(^|/)(\.ci|internal/lab/(chaos|sim|e2e))(/|$)`)

// program is the source of all packages that are not tests.
type program struct {
	fset  token.FileSet
	files map[string]*ast.File
	// consts has the constants by the last part of their package's path and name, and
	// whether one is known to be 1.
	consts map[string]bool
	found  []string
}

func (p *program) parse(root string) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git" || developers.MatchString(filepath.ToSlash(name))) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		return p.add(filepath.ToSlash(name), nil)
	})
}

func (p *program) add(name string, src any) error {
	f, err := parser.ParseFile(&p.fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if p.files == nil {
		p.files, p.consts = make(map[string]*ast.File), make(map[string]bool)
	}
	p.files[name] = f
	for _, d := range f.Decls {
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, s := range d.Specs {
				s := s.(*ast.ValueSpec)
				for i, id := range s.Names {
					one := i < len(s.Values) && isOne(s.Values[i])
					p.consts[f.Name.Name+"."+id.Name] = one
				}
			}
		}
	}
	return nil
}

func (p *program) findings() []string {
	p.found = nil
	for name, f := range p.files {
		pkg := f.Name.Name
		local := make(map[string]bool) // constants in functions
		ast.Inspect(f, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, s := range d.Specs {
					for _, id := range s.(*ast.ValueSpec).Names {
						local[id.Name] = true
					}
				}
			}
			return true
		})
		constant := func(e ast.Expr) bool { return p.constant(pkg, local, e) }
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				p.call(path.Dir(name), n, constant)
			case *ast.BinaryExpr:
				p.sum(n)
			}
			return true
		})
	}
	return p.found
}

// constant reports whether an expression is made of constants alone, of which none is 1.
func (p *program) constant(pkg string, local map[string]bool, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value != "1"
	case *ast.Ident:
		one, ok := p.consts[pkg+"."+e.Name]
		return ok && !one || !ok && local[e.Name]
	case *ast.SelectorExpr:
		x, ok := e.X.(*ast.Ident)
		if !ok {
			return false
		}
		one, ok := p.consts[x.Name+"."+e.Sel.Name]
		return ok && !one
	case *ast.BinaryExpr:
		// the other side of a shift or a division may well be 1
		return p.constant(pkg, local, e.X)
	case *ast.ParenExpr:
		return p.constant(pkg, local, e.X)
	}
	return false
}

func isOne(e ast.Expr) bool {
	l, ok := e.(*ast.BasicLit)
	return ok && l.Value == "1"
}

func (p *program) fault(n ast.Node, text, format string, args ...any) {
	if _, ok := fine[text]; ok {
		return
	}
	p.found = append(p.found, fmt.Sprintf("%s: %q: %s", p.fset.Position(n.Pos()), text, fmt.Sprintf(format, args...)))
}

// verb is one of fmt's, with what follows it.
var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*(\*|\d+)?(?:\.(?:\*|\d*))?([a-zA-Z%])`)

// call judges a call whose format or words are a literal.
func (p *program) call(dir string, c *ast.CallExpr, constant func(ast.Expr) bool) {
	switch nameOf(c) {
	case "Of":
		if len(c.Args) == 2 {
			if noun, ok := literal(c.Args[1]); ok && testkit.IsPlural(noun) {
				p.fault(c, noun, "want the singular")
			}
		}
		return
	case "Format":
		p.time(c)
		return
	case "Dur": // a field of a log line, in milliseconds
		if name, ok := literal(c.Args[0]); ok && !strings.HasSuffix(name, "_ms") {
			p.fault(c, name, "a duration without its unit: want a name that ends in _ms")
		}
		return
	case "Sprint", "Fprint", "Print", "Sprintln", "Fprintln":
		for i := 1; i < len(c.Args); i++ {
			text, ok := literal(c.Args[i])
			if _, before := literal(c.Args[i-1]); ok && !before && !constant(c.Args[i-1]) {
				p.counted(c, text, text, false, false)
			}
		}
		return
	}
	at := -1
	var format string
	for i, a := range c.Args[:min(len(c.Args), 4)] {
		if s, ok := literal(a); ok && strings.Contains(s, "%") {
			format, at = s, i
			break
		}
	}
	if at < 0 {
		return
	}
	p.verbs(c, at, format, constant)
}

// verbs judges what a format, which is the argument at that index, makes of the others.
func (p *program) verbs(c *ast.CallExpr, at int, format string, constant func(ast.Expr) bool) {
	next := at + 1
	for _, m := range verb.FindAllStringSubmatchIndex(format, -1) {
		kind := format[m[6]]
		if kind == '%' {
			continue
		}
		if m[2] >= 0 {
			n, _ := strconv.Atoi(format[m[2]:m[3]])
			next = at + n
		}
		if next >= len(c.Args) {
			return
		}
		arg, rest := c.Args[next], format[m[1]:]
		next++
		switch kind {
		case 'd', 'f', 'g':
			unit := nameOf(arg)
			if unit == "Seconds" || unit == "Milliseconds" || unit == "Microseconds" || unit == "Since" || unit == "Sub" || unit == "Until" {
				if !regexp.MustCompile(`^ ?(s|ms|µs|seconds)\b`).MatchString(rest) {
					p.fault(c, format, "a duration without its unit")
				}
				continue
			}
			if kind == 'd' && !constant(arg) {
				p.counted(c, format, rest, ordinal.MatchString(format[:m[0]]), place.MatchString(format[:m[0]]))
			}
		case 's', 'v':
			if u := nameOf(arg); u == "UTC" || u == "Now" || u == "Local" || u == "UnixMilli" {
				p.fault(c, format, "a time is shown as it is: want Format(time.RFC3339), in UTC")
			}
		}
	}
}

// ordinal ends what comes before a number that counts nothing.
var ordinal = regexp.MustCompile(`\b(partition|offset|line|status|version|id|column|port|page|step|part|row|seed|character|exit|answers|code|account|profile|member|says) $`)

// place ends what comes before the last of several places: offsets 3 to 5 are.
var place = regexp.MustCompile(`%d (to|and) $`)

// sum judges number + " nouns".
func (p *program) sum(b *ast.BinaryExpr) {
	if b.Op != token.ADD {
		return
	}
	text, ok := literal(b.Y)
	left := b.X
	if l, isSum := left.(*ast.BinaryExpr); isSum && l.Op == token.ADD {
		left = l.Y
	}
	switch nameOf(left) {
	case "Itoa", "FormatInt", "FormatUint":
		if ok {
			p.counted(b, text, text, false, false)
		}
	}
}

// counted judges what follows a number, unless that is an ordinal.
func (p *program) counted(n ast.Node, text, rest string, isOrdinal, isPlace bool) {
	if isOrdinal {
		return
	}
	m := regexp.MustCompile(`^ ((?:more|open|new|other|dead|of the|printable|hex|[a-z]+ed) )?([a-zA-Z]+)\b`).FindStringSubmatch(rest)
	if m == nil {
		return
	}
	switch word := m[2]; {
	case strings.HasPrefix(rest[len(m[0]):], "/"): // events/s
	case testkit.IsPlural(word), testkit.Nouns[word], !isPlace && (word == "are" || word == "were" || word == "have"):
		p.fault(n, text, "what follows a number of %q does not agree with 1 or with others: want count.Of, count.Is", word)
	}
}

// time judges at.Format(layout).
func (p *program) time(c *ast.CallExpr) {
	if len(c.Args) != 1 {
		return
	}
	layout, isText := literal(c.Args[0])
	if s, ok := c.Args[0].(*ast.SelectorExpr); ok {
		layout = map[string]string{"RFC3339": "15:04Z07:00", "RFC3339Nano": "15:04Z07:00", "DateOnly": "2006", "DateTime": "15:04", "TimeOnly": "15:04", "TimeFormat": "2006"}[s.Sel.Name]
	} else if !isText {
		return
	}
	if !strings.Contains(layout, "15:04") && !strings.Contains(layout, "150405") {
		return // a date
	}
	if !strings.Contains(layout, "Z") {
		p.fault(c, layout, "a time without a Z")
	}
	recv := c.Fun.(*ast.SelectorExpr).X
	if nameOf(recv) != "UTC" {
		p.fault(c, layout, "a time that may not be in UTC")
	}
}

// nameOf is the name of the function that an expression calls.
func nameOf(e ast.Expr) string {
	c, ok := e.(*ast.CallExpr)
	if !ok {
		return ""
	}
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.IndexExpr:
		return nameOf(&ast.CallExpr{Fun: f.X})
	}
	return ""
}

func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, err := strconv.Unquote(e.Value)
			return s, err == nil
		}
	case *ast.BinaryExpr:
		// of parts that are put together, the words
		x, ok := literal(e.X)
		y, ok2 := literal(e.Y)
		if ok || ok2 {
			return x + y, true
		}
	}
	return "", false
}
