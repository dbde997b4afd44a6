package reconcile

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/textfile"
)

// Diagnostics is the set of events that Amazon has, according to Amazon itself.
type Diagnostics struct {
	events   map[string]bool // profile, a zero byte, and event id
	anywhere map[string]bool // ids without a profile
}

// ReadDiagnostics reads a list of events that Amazon has: CSV with a column event_id and
// optionally one of profile_id, or one object per line with those fields. It also accepts
// the sandbox's own formats: its list of events and its record of requests.
func ReadDiagnostics(r io.Reader) (*Diagnostics, error) {
	d := &Diagnostics{events: make(map[string]bool), anywhere: make(map[string]bool)}
	in := bufio.NewReaderSize(textfile.NewReader(r), 1<<20)
	first, err := firstByte(in)
	if errors.Is(err, io.EOF) {
		return d, nil // Amazon has nothing, which is an answer
	}
	if err != nil {
		return nil, err
	}
	if first == '{' {
		return d, d.readJSON(in)
	}
	return d, d.readCSV(in)
}

func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) {
			return b, in.UnreadByte()
		}
	}
}

// diagnosticLine is the used part of a line of JSON.
type diagnosticLine struct {
	Profile    string `json:"profile"`
	ProfileID  string `json:"profile_id"`
	EventID    string `json:"event_id"`
	EventIDToo string `json:"eventId"`
	// Accepted is how often the sandbox accepted the event.
	Accepted *int `json:"accepted"`
	// Items are the events of a request of the sandbox's record.
	Items []struct {
		EventID string `json:"event_id"`
		Verdict string `json:"verdict"`
	} `json:"items"`
}

func (d *Diagnostics) readJSON(in io.Reader) error {
	dec := json.NewDecoder(in)
	for n := 1; ; n++ {
		var l diagnosticLine
		err := dec.Decode(&l)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("object %d is not JSON of the kind that is wanted: want event_id and profile_id", n)
		}
		profile := l.Profile + l.ProfileID
		for _, it := range l.Items {
			if it.Verdict == "taken" {
				d.add(profile, it.EventID)
			}
		}
		id := l.EventID
		if id == "" {
			id = l.EventIDToo
		}
		if id == "" && l.Items == nil {
			return fmt.Errorf("object %d has no event_id", n)
		}
		if id != "" && (l.Accepted == nil || *l.Accepted > 0) {
			d.add(profile, id)
		}
	}
}

func (d *Diagnostics) readCSV(in io.Reader) error {
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	header, err := r.Read()
	if err != nil {
		return errors.New("it is neither JSON nor CSV: want a column event_id, or an object a line")
	}
	header = slices.Clone(header)
	column := func(names ...string) int {
		return slices.IndexFunc(header, func(h string) bool {
			return slices.Contains(names, strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(h)))
		})
	}
	id, profile := column("eventid"), column("profileid", "profile")
	if id < 0 {
		return errors.New("the CSV has no column event_id")
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("it is not CSV: " + redact.Line(redact.Text(err.Error()), nameLimit))
		}
		switch {
		case id >= len(row) || row[id] == "":
		case profile >= 0 && profile < len(row):
			d.add(row[profile], row[id])
		default:
			d.add("", row[id])
		}
	}
}

// add adds an event. Ids are stored in the form of receipts and reports.
func (d *Diagnostics) add(profile, id string) {
	id = redact.EventID(id)
	if profile == "" {
		d.anywhere[id] = true
		return
	}
	d.events[profile+"\x00"+id] = true
}

// Has reports whether Amazon has an event.
func (d *Diagnostics) Has(profile, id string) bool {
	return d.anywhere[id] || d.events[profile+"\x00"+id]
}

// Len returns the number of events.
func (d *Diagnostics) Len() int { return len(d.events) + len(d.anywhere) }
