package replay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// forecastOf are reports with the words that people read before a replay.
func TestForecastInWords(t *testing.T) {
	table := func(rows ...string) string { return strings.Join(rows, "\n") + "\n\n" }
	one := []Profile{{Profile: "1", Events: 7, Send: 6, Filtered: 5, Refused: 4, TooOld: 3, Requests: 2}}
	sum := Profile{Profile: "all", Events: 17, Send: 16, Filtered: 15, Refused: 4, TooOld: 3, Requests: 12}
	const head = "profile  events  to send  filtered  refused  too old  requests"
	for name, tc := range map[string]struct {
		r    Report
		want string
	}{
		"nothing there": {Report{WhyEmpty: "it is empty"}, "There is nothing to replay: it is empty.\n"},
		"complete": {Report{Name: "n", Resumed: true, DoneBefore: 5},
			"Replay n is complete: all 5 of its records are done. --restart sends them again.\n"},
		"nothing chosen": {Report{Records: 3, NotMeant: 2, Unreadable: 1, Sum: Profile{Profile: "all"}},
			table(head, "all           0        0         0        0        0         0") +
				"3 records in the range = 0 done before + 2 not chosen + 1 unreadable and so not chosen + 0 redriven copies of others + 0 to replay.\n"},
		"goes on": {Report{Name: "n", Resumed: true, Records: 21, DoneBefore: 1, NotMeant: 2, Unreadable: 3, Copies: 4, Selected: 11,
			Forecast: one, Sum: sum, Seconds: 1.6, DryRun: true},
			"Replay n goes on; 1 record was done before.\n\n" +
				table(head, "1             7        6         5        4        3         2", "all          17       16        15        4        3        12") +
				"21 records in the range = 1 done before + 2 not chosen + 3 unreadable and so not chosen + 4 redriven copies of others + 11 to replay.\n" +
				"At least 12 requests; about 2s.\n" +
				"4 will be refused by the rules and become dead letters, 3 of them because the contract takes none so old.\n" +
				"This was a dry run: nothing was sent. --go sends them.\n"},
		"paused, refused and erased": {Report{Records: 1, Selected: 1, Seconds: 0.4,
			Forecast: []Profile{{Profile: "9", Events: 1, Send: 1, Paused: true}, {Profile: "8"}}, Sum: Profile{Profile: "all", Refused: 1, Erased: 1, Requests: 1}},
			table(head, "9             1        1         0        0        0         0", "8             0        0         0        0        0         0", "all           0        0         0        1        0         1") +
				"1 record in the range = 0 done before + 0 not chosen + 0 unreadable and so not chosen + 0 redriven copies of others + 1 to replay.\n" +
				"At least 1 request; about 0s.\n" +
				"Profile 9 is paused in the accounts file: the replay waits with 1 event of it.\n" +
				"1 will be refused by the rules and become dead letters.\n" +
				"1 event of the filtered ones was erased and is not sent again.\n"},
	} {
		var b strings.Builder
		tc.r.PrintForecast(&b)
		if diff := cmp.Diff(squeezed(tc.want), squeezed(b.String())); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
	var many Report
	for i := range report.MaxRows + 2 {
		many.Forecast = append(many.Forecast, Profile{Profile: fmt.Sprintf("p%d", i)})
	}
	var b strings.Builder
	many.printTable(&b)
	if last := fmt.Sprintf("p%d ", report.MaxRows-1); !strings.Contains(b.String(), last) || !strings.Contains(b.String(), "… 2 more") || strings.Contains(b.String(), fmt.Sprintf("p%d ", report.MaxRows)) {
		t.Errorf("want %d rows and how many more there are:\n%s", report.MaxRows, b.String())
	}
}

// squeezed has one space where a table has several, and no lines of dashes.
func squeezed(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); strings.Trim(line, "-─ ") != "" || line == "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestResultInWords(t *testing.T) {
	var s tally.Summary
	s.Total.Settled[verdict.Accepted], s.Total.Settled[verdict.Filtered] = 5, 2
	s.Total.Settled[verdict.Rejected], s.Total.Settled[verdict.Decode] = 3, 1
	s.Total.Retried = 9
	for name, tc := range map[string]struct {
		stopped bool
		want    string
	}{
		"stopped": {true, "replayed 11 of 20 = accepted 5 + dead-lettered 4 + filtered 2; retried 9, left 9.\nIts group is g.\n"},
		"deleted": {false, "replayed 11 of 20 = accepted 5 + dead-lettered 4 + filtered 2; retried 9, left 0, deleted meanwhile 9.\nIts group is g.\n"},
	} {
		r := Report{Group: "g", Selected: 20, Left: 20}
		r.sent(s, tc.stopped)
		var b strings.Builder
		r.PrintResult(&b)
		if diff := cmp.Diff(tc.want, b.String()); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
	for _, r := range []Report{{DryRun: true, Selected: 5}, {Selected: 0}} {
		var b strings.Builder
		if r.PrintResult(&b); b.Len() > 0 {
			t.Errorf("%+v: %q, where nothing was to be sent", r, b.String())
		}
	}
}

func TestMoveInWords(t *testing.T) {
	rows := []Moved{{Partition: 0, Was: 9, Now: 4, End: 20}, {Partition: 3, Was: -1, Now: 2, End: 2}, {Partition: 5, Was: 1, Now: 4, End: 7}}
	table := "partition was at goes to end to deliver\n0 9 4 20 16\n3 – 2 2 0\n5 1 4 7 3\n\n"
	for _, tc := range []struct {
		live bool
		want string
	}{
		{true, table + "Group g, topic t: 5 records are delivered again, 3 skipped."},
		{false, table + "Group g, topic t: 5 records are delivered again, 3 skipped.\nThis was a dry run: nothing was moved. --go moves them."},
	} {
		var b strings.Builder
		(&Move{Topic: "t", Group: "g", Go: tc.live}).Print(&b, rows)
		if diff := cmp.Diff(tc.want, squeezed(b.String())); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
}

// TestForecastOfProfilesIsApart: profiles with the same event id are counted apart, those
// with most events first and then by name.
func TestForecastOfProfilesIsApart(t *testing.T) {
	f := &Forecaster{}
	foreseen(t, f, at(0, "3 a", ""), at(1, "2 a", ""), at(2, "1 a", ""), at(3, "1 b", ""), at(4, "2 a", "1"), at(5, "2 ", ""))
	all, sum := f.Profiles()
	var got []string
	for _, p := range append(all, sum) {
		got = append(got, fmt.Sprintf("%s: %d, %d to send, %d refused, %d filtered, %d requests", p.Profile, p.Events, p.Send, p.Refused, p.Filtered, p.Requests))
	}
	want := []string{
		"1: 2, 2 to send, 0 refused, 0 filtered, 1 requests",
		"2: 2, 1 to send, 1 refused, 0 filtered, 1 requests",
		"3: 1, 1 to send, 0 refused, 0 filtered, 1 requests",
		": 5, 4 to send, 1 refused, 0 filtered, 3 requests",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestForecastOfDecodingThatFails: a registry that is away ends the forecast; it does not
// make records unreadable.
func TestForecastOfDecodingThatFails(t *testing.T) {
	away := errors.New("the registry is away")
	f := &Forecaster{Decoder: failing{away}, f: &Forecast{profiles: make(map[string]*Profile), first: make(map[int32]int64)}, copies: map[string][]copied{"": nil}}
	for what, read := range map[string]func(context.Context, *kgo.Record) error{"record": f.record, "original": f.original} {
		if err := read(t.Context(), at(0, "1 a", "")); !errors.Is(err, away) {
			t.Errorf("%s: %v, want %v", what, err, away)
		}
	}
	if f.f.Unreadable != 0 || f.f.Selected.Len() != 0 {
		t.Errorf("%+v", f.f)
	}
}

type failing struct{ err error }

func (d failing) DecodeRecord(context.Context, *kgo.Record, *schemas.Event) error { return d.err }

// TestForecastOfErasedAndOld: what somebody had erased is filtered whatever else it is, and
// what is too old for its contract is said to be.
func TestForecastOfErasedAndOld(t *testing.T) {
	_, o := served(t, 0)
	if _, err := erasure.Add(t.Context(), o.Config.Kafka, "erasures", []string{"gone"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	list, err := erasure.Read(t.Context(), o.Config.Kafka, "erasures")
	if err != nil {
		t.Fatal(err)
	}
	f := &Forecaster{Erased: list}
	foreseen(t, f, at(0, "1 gone", ""), at(1, "1 stays", ""))
	if all, _ := f.Profiles(); len(all) != 1 || all[0].Events != 2 || all[0].Filtered != 1 || all[0].Erased != 1 || all[0].Send != 1 {
		t.Errorf("%+v, want one erased and one to send", all)
	}
	// events-v1 takes events of a week.
	old := &Forecaster{}
	foreseen(t, old)
	config := pipeline.Config{Contract: "events-v1"}
	if old.Transformer, err = config.Transformer(); err != nil {
		t.Fatal(err)
	}
	if old.Ways, err = config.Ways(); err != nil {
		t.Fatal(err)
	}
	for days, tooOld := range map[int]int{0: 0, 3650: 1} {
		old.Now = func() time.Time { return noon.AddDate(0, 0, days) }
		old.f = &Forecast{profiles: make(map[string]*Profile), first: make(map[int32]int64)}
		if err := old.record(t.Context(), at(0, "1 a", "")); err != nil {
			t.Fatal(err)
		}
		if all, _ := old.Profiles(); len(all) != 1 || all[0].TooOld != tooOld || all[0].Refused < tooOld {
			t.Errorf("after %d days: %+v, want too old %d", days, all, tooOld)
		}
	}
}

// TestAChosenPart of what is there is sent, no faster than asked for, and the report says
// what that is before.
func TestAChosenPart(t *testing.T) {
	c, o := served(t, 60)
	o.Range.From, o.Range.Partitions = history.Position{IsOffset: true, Offset: 2}, []int32{1}
	all, err := history.ReadAll(t.Context(), o.Config.Kafka, events)
	if err != nil {
		t.Fatal(err)
	}
	in := 0
	for _, rec := range all {
		if rec.Partition == 1 && rec.Offset >= 2 {
			in++
		}
	}
	look := func(o JobOptions) (*Job, *Report) {
		t.Helper()
		j, err := NewJob(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(j.Close)
		r, err := j.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return j, r
	}
	_, r := look(o)
	if r.Records != in || r.Selected != in || r.Left != in || r.Sum.Profile != "all" || r.Sum.Events != in || r.From != nil || r.To != nil ||
		len(r.Partitions) != 1 || r.Partitions[0] != (Partition{1, [2]int64{2, int64(in) + 2}}) || r.Group != "amazon-capi-replay-"+r.Name || r.Topic != events {
		t.Errorf("%+v, want the %d records of partition 1 from offset 2 on", r, in)
	}
	chosen := r.Forecast[len(r.Forecast)-1]
	o.Choice.Profiles, o.Go, o.Rate = []string{chosen.Profile}, true, float64(max(chosen.Events, 1))*5
	j, r := look(o)
	if r.Selected != chosen.Events || r.NotMeant != in-chosen.Events || r.DryRun {
		t.Errorf("%+v, want the %d of profile %s", r, chosen.Events, chosen.Profile)
	}
	if err := j.Send(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := c.Amazon().Stats().Accepted; r.Sent != chosen.Events || r.Left != 0 || r.Deleted != 0 || int(got) != chosen.Send {
		t.Errorf("%+v, and Amazon has %d", r, got)
	}
	// A range of times is repeated, and one without records says what there is.
	o.Go, o.Choice = false, history.Choice{}
	o.Range = history.Range{Topic: events, From: history.Position{Time: noon.AddDate(20, 0, 0)}, To: history.Position{Time: noon.AddDate(30, 0, 0)}}
	if _, r := look(o); r.From == nil || r.To == nil || !r.To.After(*r.From) || !strings.Contains(r.WhyEmpty, "holds no records from 2046-11-01T12:00:00Z to 2056-11-01T12:00:00Z") {
		t.Errorf("%+v", r)
	}
}
