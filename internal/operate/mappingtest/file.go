package mappingtest

import (
	"encoding/json"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/instant"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/yamlfile"
	"github.com/tracklayer/amazon-capi/schemas"
)

// File is a file of cases.
type File struct {
	// Now is the clock of the cases; zero for the current time.
	Now   time.Time
	Cases []Case
}

// Case is an event and its expected outcome. Exactly one of Payload, Has, Refused and
// Filtered is set.
type Case struct {
	Name string
	Line int

	event    *schemas.Event
	aliases  []schemas.Alias // that the event was read by
	payload  any             // the whole payload
	has      any             // a part of it
	refused  string
	filtered string
	warnings []string // nil: any
}

// Load parses a file; name is what errors call it. They list all mistakes with their
// lines, and quote nothing of an event. Events may have fields where aliases say that
// producers have them.
func Load(name string, data []byte, aliases *schemas.Aliases) (*File, error) {
	l := loader{File: yamlfile.File{Name: name}, aliases: aliases}
	f := new(File)
	if doc := l.Parse(data, "cases, a list of events with what should become of them"); doc != nil {
		l.file(doc, f)
	}
	return f, l.Err()
}

type loader struct {
	yamlfile.File
	aliases  *schemas.Aliases
	defaults map[string]json.RawMessage
}

func (l *loader) file(n *yaml.Node, f *File) {
	m := l.Fields(n, "the file", "now", "defaults", "cases")
	if m == nil {
		return
	}
	if now := m["now"]; now != nil {
		var err error
		if f.Now, err = instant.Parse(now.Value); err != nil {
			l.Fault(now.Line, "now is %s, which is no time: %v", redact.Quote(now.Value), err)
		}
	}
	if d := m["defaults"]; d != nil {
		l.defaults = l.object(d, "defaults")
	}
	if m["cases"] == nil {
		l.Fault(1, "cases are missing: want a list of events with what should become of them")
		return
	}
	items := l.List(m["cases"], "cases")
	for i, c := range items {
		f.Cases = append(f.Cases, l.testCase(c, i+1))
	}
	if len(items) == 0 && l.Faults() == 0 {
		l.Fault(m["cases"].Line, "cases are missing: want one at least")
	}
}

func (l *loader) testCase(n *yaml.Node, number int) Case {
	c := Case{Name: "case " + strconv.Itoa(number), Line: n.Line}
	m := l.Fields(n, "a case", "name", "event", "payload", "has", "refused", "filtered", "warnings")
	if m == nil {
		return c
	}
	if name := m["name"]; name != nil {
		c.Name = name.Value
	}
	if e := m["event"]; e != nil {
		c.event, c.aliases = l.event(e)
	} else {
		l.Fault(n.Line, "%s has no event", c.Name)
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
				l.Fault(p.Line, "%s: want the code of the rule, such as value_missing", key)
			}
		}
	}
	if wanted != 1 {
		l.Fault(n.Line, "%s says %d times what should become of the event: want one of payload, has, refused, filtered", c.Name, wanted)
	}
	if w := m["warnings"]; w != nil {
		c.warnings = []string{}
		for _, item := range l.List(w, "warnings") {
			if code, ok := l.Text(item, "warnings"); ok {
				c.warnings = append(c.warnings, code)
			}
		}
	}
	return c
}

// event parses an event in the JSON form of package schemas, with the file's defaults for
// missing fields.
func (l *loader) event(n *yaml.Node) (*schemas.Event, []schemas.Alias) {
	members := l.object(n, "event")
	if members == nil {
		return nil, nil
	}
	for name, value := range l.defaults {
		if _, ok := members[name]; !ok {
			members[name] = value
		}
	}
	doc, err := json.Marshal(members)
	if err != nil {
		l.Fault(n.Line, "event: %v", err)
		return nil, nil
	}
	ev, followed, err := schemas.EventFromJSONBy(l.aliases, doc)
	if err != nil {
		l.Fault(n.Line, "event: %v; in YAML digits that are text are quoted, profile_id: \"1234567890\"", err)
	}
	return ev, followed
}
