package mappingtest

import (
	"bytes"
	"encoding/json"
	"errors"

	"go.yaml.in/yaml/v4"
)

// object returns the members of a YAML mapping as JSON.
func (l *loader) object(n *yaml.Node, what string) (members map[string]json.RawMessage) {
	doc, err := toJSON(n)
	if err == nil && json.Unmarshal(doc, &members) != nil {
		err = lineError{n.Line, "want a mapping of names to values"}
	}
	if err != nil {
		l.yamlError(n, what, err)
		return nil
	}
	return members
}

// tree returns a YAML mapping as encoding/json reads it, numbers with their digits.
func (l *loader) tree(n *yaml.Node, what string) any {
	doc, err := toJSON(n)
	if err == nil && n.Kind != yaml.MappingNode {
		err = lineError{n.Line, "want a mapping of names to values"}
	}
	var v any
	if err == nil {
		v, err = parse(doc)
	}
	if err != nil {
		l.yamlError(n, what, err)
	}
	return v
}

func parse(doc []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

func (l *loader) yamlError(n *yaml.Node, what string, err error) {
	line := n.Line
	if at, ok := errors.AsType[lineError](err); ok {
		line = at.line
	}
	l.Fault(line, "%s: %v", what, err)
}

type lineError struct {
	line int
	text string
}

func (e lineError) Error() string { return e.text }

// jsonWriter writes nodes as JSON. It uses the node and not YAML's value, because an
// amount must keep its digits, and a time its text.
type jsonWriter struct {
	out   []byte
	nodes int // that may still be written, since aliases multiply
}

// maxDepth and maxNodes bound the expansion of aliases, which may be circular.
const maxDepth, maxNodes = 50, 10_000

func toJSON(n *yaml.Node) ([]byte, error) {
	w := jsonWriter{nodes: maxNodes}
	err := w.value(n, maxDepth)
	return w.out, err
}

func (w *jsonWriter) value(n *yaml.Node, depth int) error {
	if w.nodes--; w.nodes < 0 || depth == 0 {
		return lineError{n.Line, "there is no end to it: want no alias that leads back to itself"}
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.value(n.Alias, depth-1)
	case yaml.ScalarNode:
		return w.scalar(n)
	case yaml.SequenceNode:
		w.out = append(w.out, '[')
		for i, item := range n.Content {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			if err := w.value(item, depth-1); err != nil {
				return err
			}
		}
		w.out = append(w.out, ']')
		return nil
	case yaml.MappingNode:
		return w.mapping(n, depth)
	}
	return lineError{n.Line, "want a value, a list or a mapping"}
}

func (w *jsonWriter) mapping(n *yaml.Node, depth int) error {
	w.out = append(w.out, '{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return lineError{key.Line, "want plain names; what all events share goes into defaults"}
		}
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.text(key.Value)
		w.out = append(w.out, ':')
		if err := w.value(n.Content[i+1], depth-1); err != nil {
			return err
		}
	}
	w.out = append(w.out, '}')
	return nil
}

func (w *jsonWriter) scalar(n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!null":
		w.out = append(w.out, "null"...)
	case "!!bool", "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			return lineError{n.Line, "there is a number that JSON does not have: want plain digits, or quotes around it"}
		}
		w.out = append(w.out, n.Value...)
	default:
		w.text(n.Value)
	}
	return nil
}

func (w *jsonWriter) text(s string) {
	quoted, _ := json.Marshal(s) // of a string it does not fail
	w.out = append(w.out, quoted...)
}
