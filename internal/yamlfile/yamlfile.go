package yamlfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/textfile"
)

// File is a file being read, and the faults found so far.
type File struct {
	Name   string // its name in errors
	faults []fault
}

type fault struct {
	line int
	text string
}

// MaxFaults is how many faults are listed: an entirely different file has one on every line.
const MaxFaults = 20

// Fault notes what is wrong on a line.
func (f *File) Fault(line int, format string, args ...any) {
	f.faults = append(f.faults, fault{line, fmt.Sprintf(format, args...)})
}

// Faults returns how many there are so far.
func (f *File) Faults() int { return len(f.faults) }

// Err returns the faults in the order of their lines; nil if there are none.
func (f *File) Err() error {
	slices.SortStableFunc(f.faults, func(a, b fault) int { return cmp.Compare(a.line, b.line) })
	var errs []error
	for i, ft := range f.faults {
		if i == MaxFaults {
			errs = append(errs, fmt.Errorf("%s:%d: and %d more from here on", f.Name, ft.line, len(f.faults)-i))
			break
		}
		errs = append(errs, fmt.Errorf("%s:%d: %s", f.Name, ft.line, ft.text))
	}
	return errors.Join(errs...)
}

// Parse returns the file's tree, nil after a fault. want says what an empty file lacks.
func (f *File) Parse(data []byte, want string) *yaml.Node {
	data, err := textfile.Clean(data)
	if err != nil {
		f.Fault(1, "%v", err)
		return nil
	}
	if len(strings.TrimSpace(string(data))) == 0 {
		f.Fault(1, "the file is empty: want %s", want)
		return nil
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		line, text := 1, redact.Parser(err)
		if le, ok := errors.AsType[*yaml.LoadError](err); ok {
			line, text = max(le.Mark.Line, 1), redact.Parser(errors.New(le.Message))
		}
		f.Fault(line, "the file is not YAML: %s", strings.TrimPrefix(text, "yaml: "))
		return nil
	}
	return &doc
}
