package sample

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// maxLine bounds a line of a file: several times the largest record that a
// broker is likely to take.
const maxLine = 64 << 20

// line is a sample as files have it. The event is in the JSON form of package
// schemas.
type line struct {
	Why       string          `json:"why,omitempty"` // first, for those who read the file
	Expect    string          `json:"expect,omitempty"`
	Code      string          `json:"code,omitempty"`
	Schema    schemas.Version `json:"schema,omitempty"`
	Damage    Damage          `json:"damage,omitempty"`
	Key       string          `json:"key,omitempty"`
	Timestamp time.Time       `json:"timestamp,omitzero"`
	Raw       []byte          `json:"raw_base64,omitempty"`
	Event     json.RawMessage `json:"event,omitempty"`
}

// Read reads samples from JSON lines. A line is a sample, as Write writes it,
// or just an event in the JSON form of package schemas. Empty lines and those
// that begin with # are skipped. The sequence ends at the first error,
// which names the line and repeats nothing of an event; name is the file's.
func Read(r io.Reader, name string) iter.Seq2[Sample, error] { return ReadBy(nil, r, name) }

// ReadBy is Read for events that may have fields where aliases say that producers have
// them.
func ReadBy(aliases *schemas.Aliases, r io.Reader, name string) iter.Seq2[Sample, error] {
	return func(yield func(Sample, error) bool) {
		lines := bufio.NewScanner(textfile.NewReader(r))
		lines.Buffer(nil, maxLine)
		n := 0
		for lines.Scan() {
			n++
			text := bytes.TrimSpace(lines.Bytes())
			if len(text) == 0 || text[0] == '#' {
				continue
			}
			s, err := parse(aliases, text)
			if err != nil {
				yield(Sample{}, fmt.Errorf("%s:%d: %w", name, n, err))
				return
			}
			if !yield(s, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Sample{}, fmt.Errorf("%s:%d: %w", name, n+1, err))
		}
	}
}

func parse(aliases *schemas.Aliases, text []byte) (s Sample, err error) {
	var names map[string]json.RawMessage
	if err := json.Unmarshal(text, &names); err != nil {
		return Sample{}, errors.New("not one JSON object")
	}
	if !slices.ContainsFunc([]string{"event", "damage", "raw_base64"}, func(n string) bool { return names[n] != nil }) {
		s.Event, s.Aliases, err = schemas.EventFromJSONBy(aliases, text)
		return s, err
	}
	var l line
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return Sample{}, errors.New(redact.Message(err.Error()))
	}
	return l.sample(aliases)
}

func (l *line) sample(aliases *schemas.Aliases) (s Sample, err error) {
	s = Sample{
		Why: l.Why, Code: l.Code, Schema: l.Schema, Damage: l.Damage, Key: l.Key, Timestamp: l.Timestamp, Raw: l.Raw,
	}
	if l.Event != nil {
		if s.Event, s.Aliases, err = schemas.EventFromJSONBy(aliases, l.Event); err != nil {
			return s, fmt.Errorf("event: %w", err)
		}
	}
	if l.Expect != "" {
		if s.Expect, err = verdict.Parse(l.Expect); err != nil {
			return s, fmt.Errorf("expect: %w", err)
		}
	}
	if _, err := s.version().Schema(); err != nil {
		return s, err
	}
	return s, s.check()
}

// check reports whether a record can be made of the sample.
func (s *Sample) check() error {
	if err := s.Damage.check(); err != nil {
		return err
	}
	switch needsEvent := s.Damage != Tombstone && s.Damage != Empty; {
	case s.Raw != nil && (s.Event != nil || s.Damage != Intact):
		return errors.New("raw_base64 is the whole value: want neither event nor damage beside it")
	case s.Raw == nil && s.Event == nil && needsEvent:
		return errors.New("there is nothing to publish: want event, raw_base64, or damage tombstone or empty")
	}
	return nil
}

// Write writes samples as JSON lines that Read reads.
func Write(w io.Writer, samples ...Sample) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range samples {
		s := &samples[i]
		l := line{
			Why: s.Why, Code: s.Code, Schema: s.Schema, Damage: s.Damage, Key: s.Key, Timestamp: s.Timestamp, Raw: s.Raw,
		}
		if s.Event != nil {
			l.Event = schemas.EventJSON(s.Event)
		}
		if s.Expect != 0 {
			l.Expect = s.Expect.String()
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// ReadAll reads all samples of the .jsonl files of a file system, file by file
// in the order of their names.
func ReadAll(files fs.FS) ([]Sample, error) {
	var all []Sample
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isJSONLines(name) {
			return err
		}
		f, err := files.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		for s, err := range Read(f, name) {
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		return nil
	})
	return all, err
}

func isJSONLines(name string) bool { return path.Ext(name) == ".jsonl" }
