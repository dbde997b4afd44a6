package reconcile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// EventRow is an event in a file for a join with Amazon's data.
type EventRow struct {
	EventID   string     `parquet:"event_id"`
	Name      string     `parquet:"event_name,dict"`
	Type      string     `parquet:"event_type,dict"`
	Time      *time.Time `parquet:"event_time,optional,timestamp(millisecond)"`
	Value     *float64   `parquet:"value,optional"`
	Exact     string     `parquet:"value_exact"` // with the amount's own digits
	Currency  string     `parquet:"currency,dict"`
	Profile   string     `parquet:"profile_id,dict"`
	Verdict   string     `parquet:"verdict,dict"`
	Duplicate bool       `parquet:"duplicate"`
	Partition int32      `parquet:"partition"`
	Offset    int64      `parquet:"offset"`
	Topic     string     `parquet:"topic,dict"`
}

// columns are the names of an EventRow's fields in CSV, the same as in Parquet.
var columns = []string{
	"event_id", "event_name", "event_type", "event_time", "value", "value_exact", "currency", "profile_id", "verdict", "duplicate", "partition", "offset", "topic",
}

func rowOf(e *Event) EventRow {
	row := EventRow{
		EventID: e.EventID, Name: e.Name, Type: e.Type, Exact: e.Amount, Currency: e.Currency, Profile: e.Profile,
		Verdict: e.Fate, Duplicate: e.Duplicate, Partition: e.Partition, Offset: e.Offset,
	}
	if !e.Time.IsZero() {
		row.Time = &e.Time
	}
	if v, err := strconv.ParseFloat(e.Amount, 64); err == nil {
		row.Value = &v
	}
	return row
}

// EventsFile is a file of events being written. It appears under its name when it is
// complete, and not before.
type EventsFile struct {
	// Topic is where the events to add come from.
	Topic string

	path  string
	file  *os.File
	write func(*EventRow) error
	flush func() error
}

// ErrFileForm means that a file's name does not end in a supported format.
var ErrFileForm = errors.New("want a name that ends with .csv or .parquet")

// CreateEventsFile creates a file in the format of its name, .csv or .parquet.
func CreateEventsFile(path string) (*EventsFile, error) {
	form := strings.ToLower(filepath.Ext(path))
	if form != ".csv" && form != ".parquet" {
		return nil, fmt.Errorf("%q: %w", path, ErrFileForm)
	}
	// Only for its owner: it names no person, but it does say what was bought.
	file, err := os.OpenFile(path+".partial", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	f := &EventsFile{path: path, file: file}
	if form == ".csv" {
		f.writeCSV(file)
	} else {
		f.writeParquet(file)
	}
	return f, nil
}

func (f *EventsFile) writeCSV(w io.Writer) {
	out := csv.NewWriter(w)
	header := columns
	f.write = func(row *EventRow) error {
		if header != nil {
			if err := out.Write(header); err != nil {
				return err
			}
			header = nil
		}
		at := ""
		if row.Time != nil {
			at = row.Time.UTC().Format(time.RFC3339Nano)
		}
		return out.Write([]string{
			Harmless(row.EventID), Harmless(row.Name), Harmless(row.Type), at, row.Exact, row.Exact, row.Currency, row.Profile, row.Verdict,
			strconv.FormatBool(row.Duplicate), strconv.Itoa(int(row.Partition)), strconv.FormatInt(row.Offset, 10), row.Topic,
		})
	}
	f.flush = func() error {
		if header != nil { // no events
			if err := out.Write(header); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}
}

// Harmless keeps a spreadsheet from reading a source's text as a formula.
func Harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (f *EventsFile) writeParquet(w io.Writer) {
	// A row group at a time is in memory; all readers of such files support Zstandard.
	out := parquet.NewGenericWriter[EventRow](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(100_000), parquet.CreatedBy("amazon-capi", "1", ""))
	rows := make([]EventRow, 0, 1000)
	put := func() error {
		_, err := out.Write(rows)
		rows = rows[:0]
		return err
	}
	f.write = func(row *EventRow) error {
		if rows = append(rows, *row); len(rows) == cap(rows) {
			return put()
		}
		return nil
	}
	f.flush = func() error { return errors.Join(put(), out.Close()) }
}

// Add writes an event.
func (f *EventsFile) Add(e *Event) error {
	row := rowOf(e)
	row.Topic = f.Topic
	return f.write(&row)
}

// Close completes the file.
func (f *EventsFile) Close() error {
	err := errors.Join(f.flush(), f.file.Close())
	if err == nil {
		err = os.Rename(f.file.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.file.Name())
		return fmt.Errorf("%s cannot be written: %w", f.path, err)
	}
	return nil
}

// Discard removes the incomplete file.
func (f *EventsFile) Discard() {
	_ = f.file.Close()
	_ = os.Remove(f.file.Name())
}
