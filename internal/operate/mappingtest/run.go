package mappingtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// Result is the outcome of a case. It contains no part of an identifier.
type Result struct {
	Name string `json:"case"`
	Line int    `json:"line"`
	OK   bool   `json:"ok"`
	// By names the lines of the mapping that decided.
	By string `json:"by,omitempty"`
	// Aliases lists the fields that were read from where the mapping says that producers
	// have them, with the lines.
	Aliases []string `json:"aliases,omitempty"`
	// Problems lists the differences from what was wanted.
	Problems []string `json:"problems,omitempty"`
}

// Run runs all cases; now is the clock of a file without one.
func (f *File) Run(tr *transform.Transformer, contract amazon.Contract, now time.Time) []Result {
	if !f.Now.IsZero() {
		now = f.Now
	}
	results := make([]Result, len(f.Cases))
	for i := range f.Cases {
		c := &f.Cases[i]
		e := tr.Explain(c.event, now)
		problems := c.run(&e, contract, now)
		results[i] = Result{Name: c.Name, Line: c.Line, OK: len(problems) == 0, By: e.MappedBy, Problems: problems}
		for _, a := range c.aliases {
			results[i].Aliases = append(results[i].Aliases, a.String())
		}
	}
	return results
}

func (c *Case) run(e *transform.Explanation, contract amazon.Contract, now time.Time) (problems []string) {
	var body []byte
	if e.OK {
		var why *verdict.Reason
		if body, why = amazon.Encode(contract, &e.Conversion, now); why != nil {
			e.OK, e.Reason = false, *why
		}
	}
	if c.warnings != nil {
		problems = c.compareWarnings(e)
	}
	switch {
	case c.refused != "" || c.filtered != "":
		return append(problems, c.compareVerdict(e)...)
	case !e.OK:
		return append(problems, fmt.Sprintf("the event is %s and not sent: %s", word(e.Reason.Class), reason(e.Reason)))
	}
	got, err := parse(body)
	if err != nil {
		return append(problems, "the payload is not JSON")
	}
	d := differ{identifiers: contract.Identifiers(body)}
	if c.payload != nil {
		d.compare("", got, c.payload, true)
	} else {
		d.compare("", got, c.has, false)
	}
	return append(problems, d.found...)
}

func (c *Case) compareVerdict(e *transform.Explanation) []string {
	class, code := verdict.Validation, c.refused
	if c.filtered != "" {
		class, code = verdict.Filtered, c.filtered
	}
	switch {
	case e.OK:
		return []string{fmt.Sprintf("the event is sent, want it %s by %s", word(class), code)}
	case e.Reason.Class != class || e.Reason.Code != code:
		return []string{fmt.Sprintf("the event is %s, want it %s by %s: %s", word(e.Reason.Class), word(class), code, reason(e.Reason))}
	}
	return nil
}

func word(c verdict.Class) string {
	if c == verdict.Filtered {
		return "filtered"
	}
	return "refused"
}

func reason(r verdict.Reason) string { return r.Code + ": " + r.Message }

func (c *Case) compareWarnings(e *transform.Explanation) []string {
	got := []string{}
	for _, f := range e.Findings {
		if f.Result == transform.LeftOut {
			got = append(got, f.Rule.Code)
		}
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(c.warnings)); !slices.Equal(got, want) {
		return []string{fmt.Sprintf("warnings are %q, want %q", got, want)}
	}
	return nil
}

// differ compares payloads, and says where they differ without showing whom they are about.
type differ struct {
	identifiers []string
	found       []string
}

func (d *differ) say(path, format string, args ...any) {
	if path == "" {
		path = "the payload"
	}
	d.found = append(d.found, path+" "+fmt.Sprintf(format, args...))
}

// compare compares got with want; whole means that got must have nothing else.
func (d *differ) compare(path string, got, want any, whole bool) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			d.say(path, "is not an object")
			return
		}
		d.members(path, object, want, whole)
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			d.say(path, "is not a list of %d", len(want))
			return
		}
		for i := range want {
			d.compare(fmt.Sprintf("%s[%d]", path, i), list[i], want[i], whole)
		}
	default:
		d.scalar(path, got, want)
	}
}

func (d *differ) members(path string, got, want map[string]any, whole bool) {
	at := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	for _, name := range slices.Sorted(maps.Keys(want)) {
		g, has := got[name]
		switch w := want[name]; {
		case w == nil && has:
			d.say(at(name), "is there, want it left out")
		case w == nil:
		case !has:
			d.say(at(name), "is left out")
		default:
			d.compare(at(name), g, w, whole)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, wanted := want[name]; whole && !wanted {
			d.say(at(name), "is there, want it left out")
		}
	}
}

// anything stands for any value, and hashPrefix for the hash of what follows.
const anything, hashPrefix = "*", "sha256:"

func (d *differ) scalar(path string, got, want any) {
	if want == anything {
		return
	}
	text, isText := want.(string)
	plain, hashed := strings.CutPrefix(text, hashPrefix)
	if hashed {
		sum := sha256.Sum256([]byte(plain))
		want = hex.EncodeToString(sum[:])
	}
	if got == want {
		return
	}
	g, gotText := got.(string)
	switch {
	case hashed, gotText && slices.Contains(d.identifiers, g):
		d.say(path, "is not the one wanted")
	case isText || gotText:
		d.say(path, "is %s, want %s", shown(got), shown(want))
	default:
		d.say(path, "is %v, want %v", got, want) // numbers, true, false
	}
}

// shown returns a value as a problem shows it.
func shown(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", redact.Line(redact.Text(v), 64))
	case json.Number:
		return v.String()
	}
	return fmt.Sprintf("%v", v)
}
