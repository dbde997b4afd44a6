package replay

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Report is what a replay sends and its verdicts; its JSON is an output of the command
// line. Records = done before + not meant + unreadable + copies + selected; selected =
// sent + left; sent = accepted + dead-lettered + filtered.
type Report struct {
	Name    string     `json:"name"`
	Group   string     `json:"group"`
	Topic   string     `json:"topic"`
	DryRun  bool       `json:"dry_run"`
	Resumed bool       `json:"resumed"`
	From    *time.Time `json:"from,omitempty"`
	To      *time.Time `json:"to,omitempty"`
	// Partitions are the offsets that were read; the first of Offsets is in the range,
	// the second is not.
	Partitions []Partition `json:"partitions"`

	Records    int       `json:"records"`
	DoneBefore int       `json:"done_before"`
	NotMeant   int       `json:"not_meant"`
	Unreadable int       `json:"unreadable"`
	Copies     int       `json:"redriven_copies"` // of records in the range
	Selected   int       `json:"selected"`
	Forecast   []Profile `json:"forecast"`
	Sum        Profile   `json:"forecast_sum"`
	Seconds    float64   `json:"forecast_seconds"`
	Notes      []string  `json:"notes,omitempty"`
	WhyEmpty   string    `json:"why_empty,omitempty"`

	Sent         int `json:"sent"`
	Accepted     int `json:"accepted"`
	DeadLettered int `json:"dead_lettered"`
	Filtered     int `json:"filtered"`
	Retried      int `json:"retried"`
	// Deleted were selected, and deleted before they could be sent.
	Deleted int `json:"deleted"`
	Left    int `json:"left"`
}

// Partition is a range of offsets; the first is included and the second is not.
type Partition struct {
	Partition int32    `json:"partition"`
	Offsets   [2]int64 `json:"offsets"`
}

func (j *Job) report() *Report {
	f := j.forecast
	r := &Report{
		Name: j.o.Name, Group: j.group, Topic: j.o.Range.Topic, DryRun: !j.o.Go, Resumed: j.resumed,
		Partitions: []Partition{}, Records: f.Records, DoneBefore: f.DoneBefore, NotMeant: f.NotMeant, Unreadable: f.Unreadable, Copies: f.Copies,
		Selected: f.Selected.Len(), Left: f.Selected.Len(), Notes: j.plan.Notes,
		Seconds: j.forecaster.Duration(j.o.Rate, j.o.Config.LaneConcurrency).Seconds(),
	}
	r.Forecast, r.Sum = j.forecaster.Profiles()
	if r.Forecast == nil {
		r.Forecast = []Profile{}
	}
	r.Sum.Profile = "all"
	if !j.plan.Since.IsZero() {
		r.From = &j.plan.Since
	}
	if !j.plan.Until.IsZero() {
		r.To = &j.plan.Until
	}
	for _, s := range j.plan.Spans {
		r.Partitions = append(r.Partitions, Partition{s.Partition, [2]int64{s.From, s.To}})
	}
	if f.Records == 0 && !j.resumed {
		r.WhyEmpty = j.plan.WhyEmpty()
	}
	return r
}

// sent adds the verdicts. Once a job has ended by itself, records that were never taken
// no longer exist.
func (r *Report) sent(s tally.Summary, stopped bool) {
	r.Accepted, r.Filtered, r.DeadLettered = int(s.Total.Settled[verdict.Accepted]), int(s.Total.Settled[verdict.Filtered]), int(s.Total.DeadLettered())
	r.Retried = int(s.Total.Retried)
	r.Sent = int(s.Settled())
	r.Left = r.Selected - r.Sent
	if !stopped {
		r.Deleted = r.Left
	}
}

// PrintForecast prints what will be sent, for people.
func (r *Report) PrintForecast(w io.Writer) {
	switch {
	case r.WhyEmpty != "":
		fmt.Fprintf(w, "There is nothing to replay: %s.\n", r.WhyEmpty)
		return
	case r.Resumed && r.Selected == 0:
		fmt.Fprintf(w, "Replay %s is complete: all %d of its records are done. %s sends them again.\n", r.Name, r.DoneBefore, setting.Restart)
		return
	case r.Resumed:
		fmt.Fprintf(w, "Replay %s goes on; %s %s done before.\n\n", r.Name, count.Of(r.DoneBefore, "record"), count.Was(r.DoneBefore))
	}
	r.printTable(w)
	fmt.Fprintf(w, "\n%s in the range = %d done before + %d not chosen + %d unreadable and so not chosen + %d redriven copies of others + %d to replay.\n",
		count.Of(r.Records, "record"), r.DoneBefore, r.NotMeant, r.Unreadable, r.Copies, r.Selected)
	if r.Selected > 0 {
		fmt.Fprintf(w, "At least %s; about %s.\n", count.Of(r.Sum.Requests, "request"), time.Duration(r.Seconds*float64(time.Second)).Round(time.Second))
	}
	for _, p := range r.Forecast {
		if p.Paused {
			fmt.Fprintf(w, "Profile %s is paused in the accounts file: the replay waits with %s of it.\n", p.Profile, count.Of(p.Send, "event"))
		}
	}
	if r.Sum.Refused > 0 {
		fmt.Fprintf(w, "%d will be refused by the rules and become dead letters", r.Sum.Refused)
		if r.Sum.TooOld > 0 {
			fmt.Fprintf(w, ", %d of them because the contract takes none so old", r.Sum.TooOld)
		}
		fmt.Fprintln(w, ".")
	}
	if n := r.Sum.Erased; n > 0 {
		fmt.Fprintf(w, "%s of the filtered ones %s erased and %s not sent again.\n", count.Of(n, "event"), count.Was(n), count.Is(n))
	}
	if r.DryRun {
		fmt.Fprintln(w, "This was a dry run: nothing was sent. "+setting.Go.String()+" sends them.")
	}
}

// printTable prints the forecast by profile.
func (r *Report) printTable(w io.Writer) {
	cell := strconv.Itoa
	cells := func(p *Profile) []string {
		return []string{p.Profile, cell(p.Events), cell(p.Send), cell(p.Filtered), cell(p.Refused), cell(p.TooOld), cell(p.Requests)}
	}
	var rows [][]string
	for i := range r.Forecast {
		if i == report.MaxRows {
			rows = append(rows, []string{fmt.Sprintf("… %d more", len(r.Forecast)-i), "", "", "", "", "", ""})
			break
		}
		rows = append(rows, cells(&r.Forecast[i]))
	}
	report.Table(w, []string{"profile", "events", "to send", "filtered", "refused", "too old", "requests"}, rows, cells(&r.Sum), 1, 2, 3, 4, 5, 6)
}

// PrintResult prints what was sent, for people.
func (r *Report) PrintResult(w io.Writer) {
	if r.DryRun || r.Selected == 0 {
		return
	}
	fmt.Fprintf(w, "replayed %d of %d = accepted %d + dead-lettered %d + filtered %d; retried %d, left %d",
		r.Sent, r.Selected, r.Accepted, r.DeadLettered, r.Filtered, r.Retried, r.Left-r.Deleted)
	if r.Deleted > 0 {
		fmt.Fprintf(w, ", deleted meanwhile %d", r.Deleted)
	}
	fmt.Fprintf(w, ".\nIts group is %s.\n", r.Group)
}
