package replay

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// words reads records of "profile event-id", with "broken" for one that is none.
type words struct{}

func (words) DecodeRecord(_ context.Context, rec *kgo.Record, ev *schemas.Event) error {
	ev.Reset()
	profile, id, ok := strings.Cut(string(rec.Value), " ")
	if !ok {
		return &schemas.DecodeError{Code: verdict.CodeEmpty}
	}
	ev.ProfileID, ev.EventID, ev.EventName, ev.ActionSource = profile, id, "Lead", "WEBSITE"
	ev.OccurredAt = noon.Add(-time.Hour).UnixMilli()
	ev.User.HashedEmail = strings.Repeat("ab", 32)
	ev.User.CountryCode = "US"
	return nil
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// foreseen is the forecast of records, once and then, for the originals of copies, once
// more.
func foreseen(t *testing.T, f *Forecaster, records ...*kgo.Record) *Forecast {
	t.Helper()
	c := pipeline.Config{Contract: amazon.ContractNames()[0]}
	tr, err := c.Transformer()
	if err != nil {
		t.Fatal(err)
	}
	ways, err := c.Ways()
	if err != nil {
		t.Fatal(err)
	}
	f.Decoder, f.Transformer, f.Ways, f.Now = words{}, tr, ways, func() time.Time { return noon }
	f.f = &Forecast{profiles: make(map[string]*Profile), first: make(map[int32]int64)}
	f.copies = make(map[string][]copied)
	for _, pass := range []func(context.Context, *kgo.Record) error{f.record, f.original} {
		for _, rec := range records {
			if err := pass(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	return f.f
}

// at is a record, a copy by a redrive if it was redriven that often.
func at(offset int64, value, redriven string) *kgo.Record {
	r := &kgo.Record{Topic: events, Partition: 1, Offset: offset, Value: []byte(value)}
	if redriven != "" {
		r.Headers = []kgo.RecordHeader{{Key: "amazon-capi.redrives", Value: []byte(redriven)}}
	}
	return r
}

// TestCopiesAreOfTheirOriginals: an event id is a profile's own. A copy of one
// profile's event is not taken for one of another profile's that has the same id, and
// each event whose original is in the range is sent once.
func TestCopiesAreOfTheirOriginals(t *testing.T) {
	for name, c := range map[string]struct {
		records  []*kgo.Record
		copies   int
		selected []int64
		profiles map[string]int
	}{
		"an original and its copy":          {[]*kgo.Record{at(0, "1 a", ""), at(1, "1 a", "1")}, 1, []int64{0}, map[string]int{"1": 1}},
		"a copy alone":                      {[]*kgo.Record{at(1, "1 a", "1")}, 0, []int64{1}, map[string]int{"1": 1}},
		"an original and two copies":        {[]*kgo.Record{at(0, "1 a", ""), at(1, "1 a", "1"), at(2, "1 a", "2")}, 2, []int64{0}, map[string]int{"1": 1}},
		"an original and another's copy":    {[]*kgo.Record{at(0, "1 a", ""), at(1, "2 a", "1")}, 0, []int64{0, 1}, map[string]int{"1": 1, "2": 1}},
		"both profiles, and both copies":    {[]*kgo.Record{at(0, "1 a", ""), at(1, "2 a", "1"), at(2, "2 a", ""), at(3, "1 a", "1")}, 2, []int64{0, 2}, map[string]int{"1": 1, "2": 1}},
		"one event twice, and one copy":     {[]*kgo.Record{at(0, "1 a", ""), at(1, "1 a", ""), at(2, "1 a", "1")}, 1, []int64{0, 1}, map[string]int{"1": 2}},
		"another event of the same profile": {[]*kgo.Record{at(0, "1 a", ""), at(1, "1 b", "1")}, 0, []int64{0, 1}, map[string]int{"1": 2}},
	} {
		f := &Forecaster{}
		got := foreseen(t, f, c.records...)
		if got.Records != len(c.records) || got.Copies != c.copies || got.Selected.Len() != len(c.selected) {
			t.Errorf("%s: %d records, %d copies, %d selected; want %d, %d, %d", name, got.Records, got.Copies, got.Selected.Len(), len(c.records), c.copies, len(c.selected))
		}
		for _, o := range c.selected {
			if !got.Selected.Has(1, o) {
				t.Errorf("%s: offset %d is not sent", name, o)
			}
		}
		all, sum := f.Profiles()
		for _, p := range all {
			if p.Events != c.profiles[p.Profile] || p.Send != p.Events || p.Refused+p.Filtered+p.TooOld != 0 {
				t.Errorf("%s: %+v, want %d to send", name, p, c.profiles[p.Profile])
			}
		}
		if len(all) != len(c.profiles) || sum.Events != len(c.selected) || sum.Requests != len(all) {
			t.Errorf("%s: %d profiles, %+v in all", name, len(all), sum)
		}
	}
}

// TestForecastAddsUp: each record of the range is in one of the counts.
func TestForecastAddsUp(t *testing.T) {
	f := &Forecaster{Match: func(ev *schemas.Event) bool { return ev.ProfileID != "3" }}
	got := foreseen(t, f, at(4, "1 a", ""), at(5, "broken", ""), at(6, "3 a", ""), at(7, "1 a", "1"), at(8, "2 ", ""))
	if got.Records != 5 || got.NotMeant != 1 || got.Unreadable != 1 || got.Copies != 1 || got.Selected.Len() != 2 {
		t.Errorf("%+v with %d selected, want one not meant, one unreadable, one copy and two selected", got, got.Selected.Len())
	}
	if first, ok := got.First(1); first != 4 || !ok {
		t.Errorf("begins at %d, %v; want 4", first, ok)
	}
	if _, ok := got.First(0); ok {
		t.Error("a partition without records begins somewhere")
	}
	all, _ := f.Profiles()
	if len(all) != 2 || all[0].Profile != "1" || all[0].Send != 1 || all[1].Profile != "2" || all[1].Refused != 1 || all[1].Send != 0 || all[1].Requests != 0 {
		t.Errorf("%+v, want one to send of profile 1 and one refused of profile 2", all)
	}
	// Without a filter, what cannot be read is sent, too: it becomes a dead letter again.
	all, _ = func() ([]Profile, Profile) {
		f := &Forecaster{}
		foreseen(t, f, at(5, "broken", ""))
		return f.Profiles()
	}()
	if len(all) != 1 || all[0].Profile != "-" || all[0].Refused != 1 {
		t.Errorf("%+v, want one refused of no profile", all)
	}
}

// TestDuration: the rate and the busiest lane both set a least, and the longer counts.
func TestDuration(t *testing.T) {
	f := &Forecaster{}
	foreseen(t, f, at(0, "1 a", ""), at(1, "1 b", ""), at(2, "2 a", ""))
	for _, c := range []struct {
		rate        float64
		concurrency int
		want        time.Duration
	}{{0, 1, assumedAnswer}, {1000, 1, assumedAnswer}, {1, 1, 3 * time.Second}, {0.5, 4, 6 * time.Second}} {
		if got := f.Duration(c.rate, c.concurrency); got != c.want {
			t.Errorf("at %v/s by %d: %v, want %v", c.rate, c.concurrency, got, c.want)
		}
	}
	for _, c := range []struct{ n, by, want int }{{0, 5, 0}, {1, 5, 1}, {5, 5, 1}, {6, 5, 2}} {
		if got := ceil(c.n, c.by); got != c.want {
			t.Errorf("ceil(%d, %d) = %d, want %d", c.n, c.by, got, c.want)
		}
	}
}
