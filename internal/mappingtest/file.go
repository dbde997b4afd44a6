// Package mappingtest runs the cases that a team keeps for its mapping: an event
// in, a payload out, in YAML and without Go.
package mappingtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/schemas"
)

// File is a file of cases.
type File struct {
	// Now is the clock of the cases; zero for the present.
	Now   time.Time
	Cases []Case
}

// Case is an event and what should become of it. One of Payload, Has, Refused and
// Filtered is set.
type Case struct {
	Name string
	Line int

	event    *schemas.Event
	payload  any // the whole payload
	has      any // a part of it
	refused  string
	filtered string
	warnings []string // nil: any
}

// Load reads a file; name is what errors call it. They name the line and repeat
// nothing of an event.
func Load(name string, data []byte) (*File, error) {
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil || len(doc.Content) == 0 {
		line, why := 1, "it is no YAML"
		if len(strings.TrimSpace(string(data))) == 0 {
			why = "it is empty"
		}
		if le, ok := errors.AsType[*yaml.LoadError](err); ok {
			line = max(le.Mark.Line, 1)
		}
		return nil, fmt.Errorf("%s:%d: %s: want cases, a list of events with what should become of them", name, line, why)
	}
	l := loader{name: name}
	f := l.file(doc.Content[0])
	return f, errors.Join(l.errs...)
}

type loader struct {
	name     string
	defaults map[string]json.RawMessage
	errs     []error
}

func (l *loader) fail(n *yaml.Node, format string, args ...any) {
	l.errs = append(l.errs, fmt.Errorf("%s:%d: %w", l.name, n.Line, fmt.Errorf(format, args...)))
}

// members returns a mapping's members, of which none may be unknown or there twice.
func (l *loader) members(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		l.fail(n, "%s: want a mapping with %s", what, strings.Join(known, ", "))
		return nil
	}
	members := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case !slices.Contains(known, k.Value):
			l.fail(k, "%s has no %q: want %s", what, k.Value, strings.Join(known, ", "))
		case members[k.Value] != nil:
			l.fail(k, "%s has %s twice", what, k.Value)
		default:
			members[k.Value] = n.Content[i+1]
		}
	}
	return members
}

func (l *loader) file(n *yaml.Node) *File {
	f := new(File)
	m := l.members(n, "the file", "now", "defaults", "cases")
	if now := m["now"]; now != nil {
		var err error
		if f.Now, err = time.Parse(time.RFC3339Nano, now.Value); err != nil {
			l.fail(now, "now is %q: want an RFC 3339 time such as 2026-04-23T10:16:00Z", now.Value)
		}
	}
	if d := m["defaults"]; d != nil {
		l.defaults = l.object(d, "defaults")
	}
	cases := m["cases"]
	if cases == nil || cases.Kind != yaml.SequenceNode || len(cases.Content) == 0 {
		l.fail(n, "cases are missing: want a list of events with what should become of them")
		return f
	}
	for i, c := range cases.Content {
		f.Cases = append(f.Cases, l.testCase(c, i+1))
	}
	return f
}

func (l *loader) testCase(n *yaml.Node, number int) Case {
	c := Case{Name: "case " + strconv.Itoa(number), Line: n.Line}
	m := l.members(n, "a case", "name", "event", "payload", "has", "refused", "filtered", "warnings")
	if m == nil {
		return c
	}
	if name := m["name"]; name != nil {
		c.Name = name.Value
	}
	if e := m["event"]; e != nil {
		c.event = l.event(e)
	} else {
		l.fail(n, "%s has no event", c.Name)
	}
	wanted := 0
	for key, to := range map[string]*any{"payload": &c.payload, "has": &c.has} {
		if p := m[key]; p != nil {
			wanted++
			*to = l.tree(p, key)
		}
	}
	for key, to := range map[string]*string{"refused": &c.refused, "filtered": &c.filtered} {
		if p := m[key]; p != nil {
			wanted++
			if *to = p.Value; p.Kind != yaml.ScalarNode || p.Value == "" {
				l.fail(p, "%s: want the code of the rule, such as value_missing", key)
			}
		}
	}
	if wanted != 1 {
		l.fail(n, "%s says %d times what should become of the event: want one of payload, has, refused, filtered", c.Name, wanted)
	}
	if w := m["warnings"]; w != nil {
		c.warnings = []string{}
		if w.Kind != yaml.SequenceNode {
			l.fail(w, "warnings: want a list such as [email_invalid], [] for none")
		}
		for _, item := range w.Content {
			c.warnings = append(c.warnings, item.Value)
		}
	}
	return c
}

// event reads an event in the JSON form of package schemas, with the file's
// defaults for what it does not say.
func (l *loader) event(n *yaml.Node) *schemas.Event {
	members := l.object(n, "event")
	if members == nil {
		return nil
	}
	for name, value := range l.defaults {
		if _, ok := members[name]; !ok {
			members[name] = value
		}
	}
	doc, err := json.Marshal(members)
	if err != nil {
		l.fail(n, "event: %w", err)
		return nil
	}
	ev, err := schemas.EventFromJSON(doc)
	if err != nil {
		l.fail(n, "event: %w; in YAML digits that are text are quoted, profile_id: \"1234567890\"", err)
	}
	return ev
}
