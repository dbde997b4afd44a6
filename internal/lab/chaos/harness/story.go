package harness

import (
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// story writes the journal of faults, and tells people of them as they happen.
type story struct {
	began time.Time
	say   io.Writer

	mu     sync.Mutex
	lines  *journal.Writer
	lastID int
	err    error // the first that could not be written down
}

func newStory(path string, began time.Time, say io.Writer) (*story, error) {
	lines, err := journal.Create(path)
	if err != nil {
		return nil, err
	}
	return &story{began: began, say: say, lines: lines}, nil
}

// write writes a line to disk at once: what was done must be known whatever
// becomes of the harness.
func (s *story) write(l journal.Line) {
	err := s.lines.Write(l)
	if err == nil {
		err = s.lines.Flush()
	}
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("faults' journal: %w", err)
	}
}

// begin notes a fault right before it is done, and returns its number.
func (s *story) begin(f journal.Fault) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	f.ID, f.Began = s.lastID, time.Now()
	f.InFlight = maps.Clone(f.InFlight)
	s.write(journal.Line{Began: &f})
	var what strings.Builder
	what.WriteString(string(f.Kind))
	if f.Member != "" {
		what.WriteString(" " + f.Member)
		if n, ok := f.InFlight[f.Member]; ok && f.Kind != journal.Join {
			what.WriteString(fmt.Sprintf(", %d in flight", n))
		}
	}
	for _, d := range f.Does {
		what.WriteString(" " + d.Name)
	}
	s.sayf("%s", what.String())
	return f.ID
}

func (s *story) end(id int, inFlight map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(journal.Line{Ended: &journal.Ended{ID: id, At: time.Now(), InFlight: inFlight}})
}

func (s *story) exit(x journal.Exit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(journal.Line{Exit: &x})
	if x.Told == "" {
		s.sayf("%s ended by itself with code %d, see %s", x.Member, x.Code, x.Log)
	}
}

func (s *story) drained(d journal.Drained) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(journal.Line{Drained: &d})
}

// tell tells people something that is no fault.
func (s *story) tell(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sayf(format, args...)
}

func (s *story) sayf(format string, args ...any) {
	fmt.Fprintf(s.say, "+%5.1fs  "+format+"\n", append([]any{time.Since(s.began).Seconds()}, args...)...)
}

func (s *story) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.lines.Close(); s.err == nil {
		s.err = err
	}
	return s.err
}
