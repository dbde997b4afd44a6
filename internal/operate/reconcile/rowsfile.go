package reconcile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

// RowsFile is a CSV file of rows. It is opened before anything is read, and appears under
// its name when it is complete: until then an older one stays unchanged.
type RowsFile struct {
	path string
	file *os.File
}

// CreateRowsFile opens the file; nil for no path.
func CreateRowsFile(path string) (*RowsFile, error) {
	if path == "" {
		return nil, nil
	}
	name := path + ".partial"
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil, setting.CSV.Mistakef("%s is a directory: want the name of a file", path)
	case err == nil && !info.Mode().IsRegular():
		name = path // a pipe or a terminal
	case err == nil:
		// A writable directory can contain a file that is not.
		old, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, setting.CSV.Wrap(err)
		}
		_ = old.Close()
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, setting.CSV.Wrap(err)
	}
	return &RowsFile{path, file}, nil
}

// Write completes the file.
func (f *RowsFile) Write(rows []Row) error {
	if f == nil {
		return nil
	}
	err := errors.Join(writeRows(f.file, rows), f.file.Close())
	if err == nil && f.file.Name() != f.path {
		err = os.Rename(f.file.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("%s: %s cannot be written: %w", setting.CSV, f.path, err)
	}
	return nil
}

// Discard removes an incomplete file.
func (f *RowsFile) Discard() {
	if f != nil && f.file.Close() == nil && f.file.Name() != f.path {
		_ = os.Remove(f.file.Name())
	}
}

// writeRows writes rows for a spreadsheet, with a column for the value of each
// currency.
func writeRows(w io.Writer, rows []Row) error {
	var sum Counts
	for i := range rows {
		for currency := range rows[i].Value {
			if sum.Value == nil {
				sum.Value = make(Amounts)
			}
			sum.Value[currency] = nil
		}
	}
	currencies := sum.Value.Currencies()
	header := []string{"profile", "hour", "type"}
	for _, c := range rowColumns {
		header = append(header, strings.ReplaceAll(c, " ", "_"))
	}
	for _, c := range currencies {
		header = append(header, "value_"+c)
	}
	out := csv.NewWriter(w)
	if err := out.Write(header); err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		hour := ""
		if !r.Hour.IsZero() {
			hour = r.Hour.UTC().Format(time.RFC3339)
		}
		cells := append([]string{r.Profile, hour, Harmless(r.EventType)}, countCells(&r.Counts)...)
		for _, c := range currencies {
			cells = append(cells, r.Value.Text(c))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
