package publish

import (
	"io"
	"iter"
	"os"
	"slices"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/testdata"
)

// Files are the samples of files, "-" being standard input. Files that do not exist
// are a Mistake.
func Files(stdin io.Reader, names []string) (iter.Seq2[sample.Sample, error], error) {
	for _, name := range names {
		if name == "-" {
			continue
		}
		if _, err := os.Stat(name); err != nil {
			return nil, setting.Mistaken(err)
		}
	}
	return func(yield func(sample.Sample, error) bool) {
		for _, name := range names {
			if !readFile(stdin, name, yield) {
				return
			}
		}
	}, nil
}

func readFile(stdin io.Reader, name string, yield func(sample.Sample, error) bool) (more bool) {
	r := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			yield(sample.Sample{}, redact.File(err))
			return false
		}
		defer file.Close()
		r = file
	}
	for s, err := range sample.Read(r, name) {
		if !yield(s, err) || err != nil {
			return false
		}
	}
	return true
}

// Builtin are the samples that come with the program.
func Builtin() (iter.Seq2[sample.Sample, error], error) {
	all, err := sample.ReadAll(testdata.Events)
	return sequence(all), err
}

func sequence(all []sample.Sample) iter.Seq2[sample.Sample, error] {
	return func(yield func(sample.Sample, error) bool) {
		for s := range slices.Values(all) {
			if !yield(s, nil) {
				return
			}
		}
	}
}
