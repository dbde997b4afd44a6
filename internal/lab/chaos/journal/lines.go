package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Writer appends JSON lines to a file. It is safe for concurrent use.
type Writer struct {
	mu   sync.Mutex
	file *os.File
	buf  *bufio.Writer
}

// Create makes the file.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &Writer{file: f, buf: bufio.NewWriter(f)}, nil
}

// Write appends a line. It may stay in memory until Flush or Close.
func (w *Writer) Write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.buf.Write(append(line, '\n'))
	return err
}

// Flush writes what is in memory to the file.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Flush()
}

// Close flushes and closes the file.
func (w *Writer) Close() error {
	return errors.Join(w.Flush(), w.file.Close())
}

// Lines reads a file of JSON lines. A last line without its end is left out:
// whoever wrote it was killed while doing so.
func Lines[T any](path string, each func(*T) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		if err := each(&v); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
}

// Story is the faults' file as a whole.
type Story struct {
	Faults  []Fault
	Exits   []Exit
	Drained *Drained
}

// ReadFaults reads the faults' file, and puts the ends of faults to their
// beginnings.
func ReadFaults(path string) (s Story, err error) {
	at := make(map[int]int)
	err = Lines(path, func(l *Line) error {
		switch {
		case l.Began != nil:
			at[l.Began.ID] = len(s.Faults)
			s.Faults = append(s.Faults, *l.Began)
		case l.Ended != nil:
			i, ok := at[l.Ended.ID]
			if !ok {
				return fmt.Errorf("fault %d ends and never began", l.Ended.ID)
			}
			s.Faults[i].end(l.Ended)
		case l.Exit != nil:
			s.Exits = append(s.Exits, *l.Exit)
		case l.Drained != nil:
			s.Drained = l.Drained
		}
		return nil
	})
	return s, err
}

func (f *Fault) end(e *Ended) {
	f.Ended = e.At
	for member, n := range e.InFlight {
		if f.InFlight == nil {
			f.InFlight = make(map[string]int)
		}
		f.InFlight[member] = max(f.InFlight[member], n)
	}
}
