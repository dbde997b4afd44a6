package demo

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// Report is what the demo shows; its JSON is an output of the command line.
type Report struct {
	// Contract is that of all profiles, or of those whose account names none.
	Contract string `json:"contract"`
	// Accounts are those of the accounts file; missing without one.
	Accounts []Account `json:"accounts,omitempty"`

	Consumed     uint64    `json:"consumed"`
	Accepted     uint64    `json:"accepted"`
	DeadLettered uint64    `json:"dead_lettered"`
	Filtered     uint64    `json:"filtered"`
	InFlight     uint64    `json:"in_flight"`
	Retried      uint64    `json:"retried"`
	Seconds      float64   `json:"seconds"`
	Profiles     []Profile `json:"profiles"`
	DeadLetters  []Letter  `json:"dead_letters"`
	Receipts     Receipts  `json:"receipts"`
	Amazon       Amazon    `json:"amazon"`

	// Expected is what the samples said would become of them, by class, where
	// they said it; Ended what did.
	Expected map[string]int `json:"expected"`
	Ended    map[string]int `json:"ended"`
	written  int            // letters found in the dead-letter topic
	pub      int
}

// Profile is what happened to the events of one profile.
type Profile struct {
	Profile      string            `json:"profile"`
	Consumed     uint64            `json:"consumed"`
	Accepted     uint64            `json:"accepted"`
	DeadLettered map[string]uint64 `json:"dead_lettered"` // by class
	Filtered     uint64            `json:"filtered"`
	Retried      uint64            `json:"retried"`
}

// Letter is a dead letter.
type Letter struct {
	EventID   string `json:"event_id"`
	Profile   string `json:"profile"`
	Class     string `json:"class"`
	Status    int    `json:"status,omitempty"`
	Code      string `json:"code"`
	Field     string `json:"field,omitempty"`
	Message   string `json:"message"`
	Remedy    string `json:"remedy"`
	Partition int32  `json:"partition"` // of the original
	Offset    int64  `json:"offset"`
}

// Amazon is what the sandbox says of itself, which is the other side's
// view of the same events.
type Amazon struct {
	Requests int64 `json:"requests"`
	// EventIDs that were accepted, and how often one was accepted again.
	EventIDs   int64 `json:"event_ids"`
	Duplicates int64 `json:"duplicates"`
}

// Receipts is what the receipts topic says, which is the third account of
// the same events.
type Receipts struct {
	Records int            `json:"records"`
	Events  map[string]int `json:"events"` // they name, by class
}

func newReport(s tally.Summary, letters []deadletter.Letter, receipts Receipts, amazon sandbox.Stats, published sample.Counts, took time.Duration) *Report {
	r := &Report{
		Consumed:     s.Taken - s.Returned,
		Accepted:     s.Total.Settled[verdict.Accepted],
		DeadLettered: s.Total.DeadLettered(),
		Filtered:     s.Total.Settled[verdict.Filtered],
		InFlight:     s.InFlight(),
		Retried:      s.Total.Retried,
		Seconds:      took.Round(time.Millisecond).Seconds(),
		Profiles:     []Profile{},
		DeadLetters:  []Letter{},
		Receipts:     receipts,
		Amazon:       Amazon{amazon.Requests, amazon.Accepted, amazon.Duplicates()},
		Expected:     published.Expect,
		Ended:        make(map[string]int),
		written:      len(letters),
		pub:          published.Records,
	}
	for _, c := range verdict.Classes() {
		if n := s.Total.Settled[c]; n > 0 {
			r.Ended[c.String()] = int(n)
		}
	}
	for _, p := range s.Profiles {
		pr := Profile{
			Profile: p.Profile, Consumed: p.Consumed, Accepted: p.Settled[verdict.Accepted],
			Filtered: p.Settled[verdict.Filtered], Retried: p.Retried, DeadLettered: make(map[string]uint64),
		}
		for _, c := range verdict.DeadLetterClasses() {
			pr.DeadLettered[c.String()] = p.Settled[c]
		}
		r.Profiles = append(r.Profiles, pr)
	}
	for i := range letters {
		l := &letters[i]
		r.DeadLetters = append(r.DeadLetters, Letter{
			EventID: redact.EventID(l.EventID), Profile: redact.ProfileField(l.ProfileID), Class: l.Reason.Class.String(), Status: l.Reason.Status,
			Code: l.Reason.Code, Field: l.Reason.Field, Message: l.Reason.Message,
			Remedy: verdict.Remedy(l.Reason), Partition: l.Partition, Offset: l.Offset,
		})
	}
	return r
}

// Check returns an error when anything is not as it should be: the program's
// sum, what the samples expected, and what the other side saw must all agree.
func (r *Report) Check() error {
	sum := r.Accepted + r.DeadLettered + r.Filtered + r.InFlight
	switch {
	case r.Consumed != uint64(r.pub):
		return fmt.Errorf("published %s, consumed %d", count.Of(r.pub, "event"), r.Consumed)
	case r.Consumed != sum || r.InFlight != 0:
		return fmt.Errorf("consumed %d, but accepted + dead-lettered + filtered + in flight is %d", r.Consumed, sum)
	case r.written != int(r.DeadLettered):
		return fmt.Errorf("%s in the topic, but %s", count.Of(r.written, "dead letter"), count.Of(r.DeadLettered, "verdict"))
	case !maps.Equal(r.Receipts.Events, r.Ended):
		return fmt.Errorf("the receipts say %v, but the verdicts are %v", r.Receipts.Events, r.Ended)
	}
	expected := 0
	for _, n := range r.Expected {
		expected += n
	}
	if expected == r.pub && !maps.Equal(r.Expected, r.Ended) {
		return fmt.Errorf("the events ended otherwise than they should: want %v, got %v", r.Expected, r.Ended)
	}
	return nil
}

// lettersShown bounds the table; --json has them all.
const lettersShown = 30

// Print prints the report for people.
func (r *Report) Print(w io.Writer) {
	cell := func(n uint64) string { return strconv.FormatUint(n, 10) }
	header := []string{"profile", "consumed", "accepted"}
	for _, c := range verdict.DeadLetterClasses() {
		header = append(header, c.String())
	}
	header = append(header, "filtered", "retried")
	var rows [][]string
	for _, p := range r.Profiles {
		row := []string{p.Profile, cell(p.Consumed), cell(p.Accepted)}
		for _, c := range verdict.DeadLetterClasses() {
			row = append(row, cell(p.DeadLettered[c.String()]))
		}
		rows = append(rows, append(row, cell(p.Filtered), cell(p.Retried)))
	}
	footer := []string{"all", cell(r.Consumed), cell(r.Accepted)}
	for _, c := range verdict.DeadLetterClasses() {
		footer = append(footer, strconv.Itoa(r.Ended[c.String()]))
	}
	footer = append(footer, cell(r.Filtered), cell(r.Retried))
	fmt.Fprintln(w)
	report.Table(w, header, rows, footer, 1, 2, 3, 4, 5, 6, 7, 8)

	r.printAccounts(w)
	if len(r.DeadLetters) > 0 {
		fmt.Fprintf(w, "\nDead letters, in %s:\n\n", lettersTopic)
		r.printLetters(w)
	}
	fmt.Fprintf(w, "\nconsumed %d = accepted %d + dead-lettered %d + filtered %d + in flight %d\n",
		r.Consumed, r.Accepted, r.DeadLettered, r.Filtered, r.InFlight)
	named := 0
	for _, n := range r.Receipts.Events {
		named += n
	}
	fmt.Fprintf(w, "Receipts: %s in %s for %s.\n", count.Of(r.Receipts.Records, "record"), receiptsTopic, count.Of(named, "event"))
	fmt.Fprintf(w, "Amazon's side: %s, %s accepted, %d of them more than once. %.1f s in all.\n",
		count.Of(r.Amazon.Requests, "request"), count.Of(r.Amazon.EventIDs, "event id"), r.Amazon.Duplicates, r.Seconds)
}

func (r *Report) printLetters(w io.Writer) {
	var rows [][]string
	remedies := make(map[string][]string)
	var order []string
	for i, l := range r.DeadLetters {
		id := l.EventID
		if id == "" {
			id = fmt.Sprintf("(at %d/%d)", l.Partition, l.Offset)
		}
		if remedies[l.Remedy] == nil {
			order = append(order, l.Remedy)
		}
		why := l.Code
		if l.Status != 0 {
			why = strings.TrimSpace(fmt.Sprintf("%d %s", l.Status, l.Code))
		}
		if !slices.Contains(remedies[l.Remedy], why) {
			remedies[l.Remedy] = append(remedies[l.Remedy], why)
		}
		if i < lettersShown {
			rows = append(rows, []string{id, l.Class, why, strconv.Itoa(slices.Index(order, l.Remedy) + 1), l.Message})
		}
	}
	report.Table(w, []string{"event id", "class", "why", "do", "message"}, rows, nil)
	if more := len(r.DeadLetters) - lettersShown; more > 0 {
		fmt.Fprintf(w, "  … and %d more; --json has them all\n", more)
	}
	fmt.Fprintln(w, "\nWhat to do:")
	for i, remedy := range order {
		fmt.Fprintf(w, "%3d. %s\n", i+1, remedy)
	}
}
