package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// JSON returns a document with every string as show has it, and every key as key
// has it. A path is made of the keys that lead there with dots between, and does
// not count the places in lists. Numbers, their spelling included, the order of
// keys and all else stay as they are. What is not JSON gives an error, and nothing
// of it.
func JSON(doc []byte, show func(path, value string) string, key func(path, name string) string) ([]byte, error) {
	r := jsonRewriter{dec: json.NewDecoder(bytes.NewReader(doc)), show: show, key: key}
	r.dec.UseNumber()
	if err := r.value(""); err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoJSON
	}
	return r.out, nil
}

// errNoJSON stands for the decoder's own errors, which quote the document.
var errNoJSON = errors.New("not a JSON document")

type jsonRewriter struct {
	dec  *json.Decoder
	show func(path, value string) string
	key  func(path, name string) string
	out  []byte
}

func (r *jsonRewriter) value(path string) error {
	tok, err := r.dec.Token()
	if err != nil {
		return errNoJSON
	}
	switch tok := tok.(type) {
	case json.Delim:
		return r.nested(path, tok)
	case string:
		r.text(r.show(path, tok))
	case json.Number:
		r.out = append(r.out, tok...)
	case bool:
		r.out = append(r.out, map[bool]string{true: "true", false: "false"}[tok]...)
	default:
		r.out = append(r.out, "null"...)
	}
	return nil
}

func (r *jsonRewriter) nested(path string, open json.Delim) error {
	r.out = append(r.out, byte(open))
	for first := true; r.dec.More(); first = false {
		if !first {
			r.out = append(r.out, ',')
		}
		at := path
		if open == '{' {
			tok, err := r.dec.Token()
			key, isText := tok.(string)
			if err != nil || !isText {
				return errNoJSON
			}
			r.text(r.key(path, key))
			r.out = append(r.out, ':')
			if at = key; path != "" {
				at = path + "." + key
			}
		}
		if err := r.value(at); err != nil {
			return err
		}
	}
	end, err := r.dec.Token()
	if err != nil {
		return errNoJSON
	}
	r.out = append(r.out, byte(end.(json.Delim)))
	return nil
}

// text appends a JSON string. Angle brackets and & stay readable.
func (r *jsonRewriter) text(s string) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // of a string it does not fail
	r.out = append(r.out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
