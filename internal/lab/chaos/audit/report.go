package audit

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// Report is the result of a run.
type Report struct {
	Seed    uint64 `json:"seed"`
	Version string `json:"version,omitempty"`

	// Published records are accepted, dead-lettered, filtered, lost or pending.
	// Filtered are those that were to be left out and were committed without a
	// trace; pending are those whose offset was never committed.
	Published    int `json:"published"`
	Accepted     int `json:"accepted"`
	DeadLettered int `json:"dead_lettered"`
	Filtered     int `json:"filtered"`
	Lost         int `json:"lost"`
	Pending      int `json:"pending"`
	// Gone were deleted or skipped before anybody was done with them.
	Gone int `json:"gone,omitempty"`

	// Duplicates counts how often Amazon took an event that it had taken
	// before, LettersAgain how often a dead letter was written again.
	Duplicates   int `json:"duplicates"`
	LettersAgain int `json:"letters_again"`

	Faults  []FaultReport  `json:"faults"`
	Sandbox []AnswerReport `json:"sandbox"`
	Members int            `json:"members_ended"`

	// Receipts counts them, Receipted the records they name, and ReceiptsAgain
	// how often they name one more than once.
	Receipts      int `json:"receipts"`
	Receipted     int `json:"receipted"`
	ReceiptsAgain int `json:"receipts_again"`

	Violations []Violation `json:"violations"`
}

// FaultReport is what one fault cost.
type FaultReport struct {
	ID     int          `json:"id"`
	Kind   journal.Kind `json:"kind"`
	Member string       `json:"member,omitempty"`
	// At is when it began, Lasted how long it was; both in seconds.
	At     float64 `json:"at_s"`
	Lasted float64 `json:"lasted_s"`
	What   string  `json:"what,omitempty"`
	// InFlight is what the members that it struck had in flight; -1 if one of
	// them did not answer.
	InFlight int `json:"in_flight"`
	// Uncommitted is what had a verdict less than a commit interval before. It
	// is known for faults that something was sent again after.
	Uncommitted  int `json:"uncommitted"`
	Duplicates   int `json:"duplicates"`
	LettersAgain int `json:"letters_again"`
	// Stale are those of both whose verdict was long before the fault.
	Stale int `json:"stale"`
	// Recovery is how long after its end Amazon had everything that was
	// published by then.
	Recovery float64 `json:"recovery_s"`
}

// AnswerReport is what one sort of answer of the sandbox's cost.
type AnswerReport struct {
	Fault    string `json:"fault"`
	Requests int    `json:"requests"`
	// Unsaid events were taken without the sender being told; as many may be
	// sent again.
	Unsaid     int `json:"unsaid"`
	Duplicates int `json:"duplicates"`
}

// Failed reports whether a rule was broken.
func (r *Report) Failed() bool { return len(r.Violations) > 0 }

// fill enters what is not about single events.
func (r *Report) fill(tl *timeline, b *blame, lost map[string]int) {
	r.Members = len(tl.Exits)
	recovered := tl.recovery()
	byFault := make(map[int][]*share)
	for _, s := range b.sorted() {
		byFault[s.fault.ID] = append(byFault[s.fault.ID], s)
	}
	for i := range tl.faults {
		f := &tl.faults[i]
		fr := FaultReport{ID: f.ID, Kind: f.Kind, Member: f.Member, At: seconds(f.Began.Sub(tl.Run.Began)), InFlight: inFlight(f)}
		if !f.Ended.IsZero() {
			fr.Lasted = seconds(f.Ended.Sub(f.Began))
			fr.Recovery = seconds(recovered(f.Ended))
		}
		var does []string
		for _, d := range f.Does {
			does = append(does, d.Name)
		}
		fr.What = strings.Join(does, " ")
		for _, s := range byFault[f.ID] {
			fr.Uncommitted += len(s.fresh)
			fr.Duplicates += s.duplicates
			fr.LettersAgain += s.letters
			fr.Stale += s.stale
		}
		r.Faults = append(r.Faults, fr)
	}
	answers := make(map[string]*AnswerReport)
	for i := range tl.Requests {
		q := &tl.Requests[i]
		if q.Fault == "" {
			continue
		}
		a := answers[q.Fault]
		if a == nil {
			a = &AnswerReport{Fault: q.Fault, Duplicates: lost[q.Fault]}
			answers[q.Fault] = a
		}
		a.Requests++
		for j := range q.Items {
			if q.Items[j].Verdict == Taken && tl.losing[q.Fault] {
				a.Unsaid++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		r.Sandbox = append(r.Sandbox, *answers[name])
	}
}

// inFlight is what a fault struck: one member, or all.
func inFlight(f *journal.Fault) int {
	if f.Member != "" && f.Kind != journal.Join {
		if n, ok := f.InFlight[f.Member]; ok {
			return n
		}
		return -1
	}
	n := 0
	for _, m := range f.InFlight {
		n += m
	}
	return n
}

// recovery returns a function that tells how long after a time Amazon had all
// events published before it.
func (tl *timeline) recovery() func(time.Time) time.Duration {
	type step struct{ published, taken time.Time }
	var steps []step
	for _, e := range tl.events {
		if len(e.takes) > 0 && len(e.records) > 0 {
			steps = append(steps, step{tl.Records[e.records[0]].Published, e.takes[0].at})
		}
	}
	slices.SortFunc(steps, func(a, b step) int { return a.published.Compare(b.published) })
	for i := 1; i < len(steps); i++ {
		if steps[i].taken.Before(steps[i-1].taken) {
			steps[i].taken = steps[i-1].taken
		}
	}
	return func(at time.Time) time.Duration {
		n, _ := slices.BinarySearchFunc(steps, at, func(s step, at time.Time) int { return s.published.Compare(at) })
		if n == 0 {
			return 0
		}
		return max(0, steps[n-1].taken.Sub(at))
	}
}

// sorted returns the shares in the order of their faults.
func (b *blame) sorted() []*share {
	return slices.SortedFunc(maps.Values(b.shares), func(x, y *share) int {
		return cmp.Or(x.fault.Began.Compare(y.fault.Began), cmp.Compare(x.member, y.member))
	})
}

func seconds(d time.Duration) float64 { return d.Round(100 * time.Millisecond).Seconds() }

// Print prints the report for people.
func (r *Report) Print(w io.Writer) {
	var rows [][]string
	for i := range r.Faults {
		f := &r.Faults[i]
		rows = append(rows, []string{
			fmt.Sprintf("+%.1f", f.At), f.name(), number(f.Lasted),
			count(f.InFlight), count(f.Duplicates), count(f.LettersAgain), number(f.Recovery),
		})
	}
	report.Table(w, []string{"at s", "fault", "lasted s", "in flight", "events again", "letters again", "recovered after s"}, rows, nil, 0, 2, 3, 4, 5, 6)
	fmt.Fprintln(w)
	rows = nil
	for _, a := range r.Sandbox {
		rows = append(rows, []string{a.Fault, count(a.Requests), count(a.Unsaid), count(a.Duplicates)})
	}
	report.Table(w, []string{"answer of the sandbox", "requests", "taken and not said", "events again"}, rows, nil, 1, 2, 3)
	fmt.Fprintf(w, "\nseed %d: published %d, accepted %d, dead-lettered %d, filtered %d, lost %d, pending %d; duplicates %d, dead letters again %d; %d receipts for %d records, %d again\n",
		r.Seed, r.Published, r.Accepted, r.DeadLettered, r.Filtered, r.Lost, r.Pending, r.Duplicates, r.LettersAgain, r.Receipts, r.Receipted, r.ReceiptsAgain)
	if f := r.slowest(); f != nil {
		fmt.Fprintf(w, "slowest recovery %s s, after %s at +%.1f\n", number(f.Recovery), f.name(), f.At)
	}
	for _, v := range r.Violations {
		fmt.Fprintf(w, "FAILED: %s, %d times:\n", v.Rule, v.Count)
		for _, e := range v.Examples {
			fmt.Fprintln(w, "  "+e)
		}
	}
	if !r.Failed() {
		fmt.Fprintln(w, "all rules hold")
	}
}

// slowest returns the fault from which it took longest to recover; nil if nothing
// had to.
func (r *Report) slowest() (most *FaultReport) {
	for i := range r.Faults {
		if f := &r.Faults[i]; f.Recovery > 0 && (most == nil || f.Recovery > most.Recovery) {
			most = f
		}
	}
	return most
}

func (f *FaultReport) name() string {
	return strings.Join(strings.Fields(string(f.Kind)+" "+f.Member+" "+f.What), " ")
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

func count(n int) string {
	if n < 0 {
		return "?"
	}
	return strconv.Itoa(n)
}
