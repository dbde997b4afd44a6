package dlq

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// RedriveReport says what a redrive does and its results; its JSON is an output of the
// command line. What was not sent is still open.
type RedriveReport struct {
	Topic      string `json:"topic"` // the source
	DryRun     bool   `json:"dry_run"`
	Direct     bool   `json:"direct"`
	Open       int    `json:"open"` // letters at the start
	Send       int    `json:"to_send"`
	Quarantine int    `json:"to_quarantine"`
	// Letters that stay, by reason.
	NotMeant   int `json:"not_meant"`
	OtherTopic int `json:"of_other_topics"`
	NoLetter   int `json:"no_letters"`
	Lost       int `json:"originals_gone"`
	Erased     int `json:"erased"`
	DoneBefore int `json:"done_before"`

	Sent        int `json:"sent"`
	Quarantined int `json:"quarantined"`
	Retimed     int `json:"with_new_record_time,omitempty"`
	Failed      int `json:"failed"`
	// The verdicts, with --direct.
	Accepted     int `json:"accepted,omitempty"`
	DeadLettered int `json:"dead_lettered,omitempty"`
	Filtered     int `json:"filtered,omitempty"`
	Left         int `json:"left"` // of those to send or to quarantine

	Groups []Group `json:"reasons"` // of the letters to send
	// Predicted is what today's rules make of the letters to send; nil unless it is a dry run.
	Predicted *Prediction `json:"predicted,omitempty"`
	// Unmatched says which values of the filters no letter has.
	Unmatched []string `json:"unmatched,omitempty"`

	// The options that the printed report needs.
	maxRedrives int
	rate        float64
	quarantine  string
}

func newRedriveReport(r *Redrive, o *RedriveOptions) *RedriveReport {
	report := &RedriveReport{
		DryRun: !o.Go, Direct: o.Direct != nil, maxRedrives: o.MaxRedrives, rate: o.Rate, Topic: o.Source, quarantine: o.Quarantine,
		Send: r.Send.Len(), Quarantine: r.Quarantine.Len(),
		NotMeant: r.NotMeant, OtherTopic: r.OtherTopic, NoLetter: r.NoLetter, Lost: r.Lost, Erased: r.Erased, DoneBefore: r.Done,
		Groups: r.Sending.Reasons(), Unmatched: r.Unmatched, Left: r.Send.Len() + r.Quarantine.Len(),
	}
	if r.Predictor != nil && report.Send > 0 {
		report.Predicted = &r.Predictor.p
	}
	report.Open = report.Left + r.NotMeant + r.OtherTopic + r.NoLetter + r.Lost + r.Erased
	return report
}

func (r *RedriveReport) sent(c CopyCounts) {
	r.Sent += c.Copied
	r.Retimed += c.Retimed
	r.Failed += c.Failed
	r.Left -= c.Copied
}

func (r *RedriveReport) quarantined(c CopyCounts) {
	r.Quarantined += c.Copied
	r.Failed += c.Failed
	r.Left -= c.Copied
}

// PrintPlan prints what the redrive will do, for people.
func (r *RedriveReport) PrintPlan(w io.Writer) {
	if len(r.Groups) > 0 {
		var rows [][]string
		for _, g := range r.Groups {
			rows = append(rows, []string{g.Class, report.OrDash(g.Status), g.Code, g.Field, strconv.Itoa(g.Letters), strconv.Itoa(g.Profiles), report.ShortTime(g.Oldest), report.ShortTime(g.Newest)})
		}
		report.Table(w, []string{"class", "status", "code", "field", "letters", "profiles", "oldest", "newest"}, rows,
			[]string{"to send", "", "", "", strconv.Itoa(r.Send), "", "", ""}, 1, 4, 5)
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s: %d would be redriven, %d would go to quarantine (limit: %s), %d stay", count.Of(r.Open, "open letter"), r.Send, r.Quarantine, count.Of(r.maxRedrives, "redrive"),
		r.NotMeant+r.OtherTopic+r.NoLetter+r.Lost+r.Erased)
	for _, why := range []struct {
		n    int
		what string
	}{{r.NotMeant, "not matched by the filters"}, {r.OtherTopic, "of other topics"}, {r.NoLetter, "no dead letters"}, {r.Lost, "without their originals, which are gone"}, {r.Erased, "of events that were erased"}} {
		if why.n > 0 {
			fmt.Fprintf(w, "; %d %s", why.n, why.what)
		}
	}
	fmt.Fprintf(w, ".\n%s %s redriven earlier.\n", count.Of(r.DoneBefore, "letter"), count.Was(r.DoneBefore))
	if r.Predicted != nil {
		r.Predicted.print(w)
	}
	for _, text := range r.Unmatched {
		fmt.Fprintln(w, text+".")
	}
	if r.rate > 0 && r.Left > 0 {
		fmt.Fprintf(w, "At %g a second it takes %s.\n", r.rate, time.Duration(float64(r.Left)/r.rate*float64(time.Second)).Round(time.Second))
	}
	switch {
	case r.Left == 0:
		fmt.Fprintln(w, "There is nothing to redrive.")
	case r.DryRun:
		fmt.Fprintf(w, "This was a dry run: nothing was sent. %s sends them.\n", setting.Go)
	}
}

// PrintResult prints what it has done, for people.
func (r *RedriveReport) PrintResult(w io.Writer) {
	if r.DryRun || r.Send+r.Quarantine == 0 {
		return
	}
	if r.Direct {
		fmt.Fprintf(w, "delivered %d = accepted %d + dead-lettered again %d + filtered %d", r.Sent, r.Accepted, r.DeadLettered, r.Filtered)
	} else {
		fmt.Fprintf(w, "sent %d to %s", r.Sent, r.Topic)
	}
	if r.Retimed > 0 {
		fmt.Fprintf(w, " (%d with a new record time, because the topic refuses the original's; events keep their own)", r.Retimed)
	}
	if r.Quarantine > 0 {
		fmt.Fprintf(w, ", quarantined %d in %s", r.Quarantined, r.quarantine)
	}
	if r.Failed > 0 {
		fmt.Fprintf(w, ", failed %d", r.Failed)
	}
	fmt.Fprintf(w, ", left %d of %d.\n", r.Left, r.Send+r.Quarantine)
}
