package history

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
)

// TestRangesInWords: what a report repeats is what was asked for.
func TestRangesInWords(t *testing.T) {
	for want, r := range map[string]Range{
		"that are left":             {},
		"from 2026-04-23T01:00:00Z": {From: hour(1)},
		"to offset:7":               {To: offset(7)},
		"from offset:0":             {From: offset(0)},
		"in partitions 3":           {Partitions: []int32{3}},
		"in partitions 3 0":         {Partitions: []int32{3, 0}},
		"from 2026-04-23T01:00:00Z to 2026-04-23T02:00:00Z in partitions 1 2": {From: hour(1), To: hour(2), Partitions: []int32{1, 2}},
	} {
		if got := r.words(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	p := Plan{Topic: "t", asked: Range{From: hour(4)}, oldest: hour(1).Time, newest: hour(3).Time}
	if got, want := p.WhyEmpty(), `topic "t" holds no records from 2026-04-23T04:00:00Z; its oldest is of 2026-04-23T01:00:00Z, its newest of 2026-04-23T03:00:00Z`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.oldest = time.Time{}
	if got, want := p.WhyEmpty(), `topic "t" holds no records`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestOffsetsThatAreGone names exactly the offsets of each partition that were asked for
// and deleted, and refuses a range only if nothing of it is left anywhere.
func TestOffsetsThatAreGone(t *testing.T) {
	start := kadm.ListedOffsets{topic: {0: {Offset: 3}, 1: {Offset: 0}}}
	end := kadm.ListedOffsets{topic: {0: {Offset: 6}, 1: {Offset: 4}}}
	span := func(partition int32, from, to int64) Span { return Span{partition, from, to} }
	for name, tc := range map[string]struct {
		from, to   Position
		partitions []int32
		spans      []Span
		notes      []string
		fails      string
	}{
		"all": {spans: []Span{span(0, 3, 6), span(1, 0, 4)}},
		"from before": {from: offset(1), spans: []Span{span(0, 3, 6), span(1, 1, 4)},
			notes: []string{"partition 0: offsets 1 to 2 are no longer retained"}},
		"from the first": {from: offset(3), spans: []Span{span(0, 3, 6), span(1, 3, 4)}},
		"one is gone": {from: offset(2), to: offset(3), spans: []Span{span(1, 2, 3)},
			notes: []string{"partition 0: offsets 2 to 2 are no longer retained"}},
		"gone before the end": {from: offset(0), to: offset(2), spans: []Span{span(1, 0, 2)},
			notes: []string{"partition 0: offsets 0 to 1 are no longer retained"}},
		"nothing is left": {from: offset(0), to: offset(3), partitions: []int32{0},
			fails: `topic "events" from offset:0 to offset:3: the range is no longer retained; nothing is left of it`},
		"beyond the end":   {from: offset(9), to: offset(10)},
		"up to the start":  {to: offset(3), spans: []Span{span(1, 0, 3)}},
		"the last of each": {from: offset(3), to: offset(99), spans: []Span{span(0, 3, 6), span(1, 3, 4)}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.partitions == nil {
				tc.partitions = []int32{0, 1}
			}
			l := listing{rng: Range{Topic: topic, From: tc.from, To: tc.to}, partitions: tc.partitions, all: []int32{0, 1}, start: start, end: end}
			p, err := l.plan()
			if tc.fails != "" {
				if err == nil || err.Error() != tc.fails {
					t.Errorf("%v, want %q", err, tc.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.spans, p.Spans); diff != "" {
				t.Errorf("spans: -want +got\n%s", diff)
			}
			if diff := cmp.Diff(tc.notes, p.Notes); diff != "" {
				t.Errorf("notes: -want +got\n%s", diff)
			}
		})
	}
}

// TestTimesOfATopic: unknown times of some partitions, which are negative, are no times.
func TestTimesOfATopic(t *testing.T) {
	at := func(ms int64) kadm.ListedOffset { return kadm.ListedOffset{Timestamp: ms} }
	for name, tc := range map[string]struct {
		first, last    kadm.ListedOffsets
		oldest, newest int64 // -1 is unknown
	}{
		"nothing": {nil, nil, -1, -1},
		"unknown": {kadm.ListedOffsets{topic: {0: at(-1)}}, kadm.ListedOffsets{topic: {0: at(-1)}}, -1, -1},
		"both":    {kadm.ListedOffsets{topic: {0: at(5), 1: at(3)}}, kadm.ListedOffsets{topic: {0: at(9), 1: at(7)}}, 3, 9},
		"1970":    {kadm.ListedOffsets{topic: {0: at(0)}}, nil, 0, 0},
		"no last": {kadm.ListedOffsets{topic: {0: at(5), 1: at(8)}}, kadm.ListedOffsets{topic: {1: at(-1)}}, 5, 8},
	} {
		l := listing{rng: Range{Topic: topic}, first: tc.first, last: tc.last}
		oldest, newest := l.times([]int32{0, 1})
		for _, of := range []struct {
			what string
			got  time.Time
			want int64
		}{{"oldest", oldest, tc.oldest}, {"newest", newest, tc.newest}} {
			if of.want < 0 && !of.got.IsZero() || of.want >= 0 && !of.got.Equal(time.UnixMilli(of.want)) {
				t.Errorf("%s: the %s is of %s, want %d", name, of.what, of.got, of.want)
			}
		}
	}
}

// TestBoundsOfTimes: where the oldest and the latest accepted texts are.
func TestBoundsOfTimes(t *testing.T) {
	for text, ok := range map[string]bool{
		"1000000000000": true, "999999999999": false, "99999999999999": true, "100000000000000": false,
		"-36499d": true, "-36500d": false, "-0d": true, "-0s": true, "-0d0s": true, "-1d-0h1s": false,
	} {
		at, err := ParseTime(text, noon)
		if (err == nil) != ok {
			t.Errorf("%q: %v, %v", text, at, err)
		}
	}
	for text, want := range map[string]string{
		"1776939330":  "looks like seconds since 1970: want milliseconds, 1776939330000",
		"177693933":   "milliseconds since 1970 have 13 digits",
		"17769393301": "milliseconds since 1970 have 13 digits",
	} {
		if _, err := ParseTime(text, noon); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if at, err := ParseTime("", noon); err != nil || !at.IsZero() {
		t.Errorf("no text: %v, %v", at, err)
	}
	if at, err := ParseTime(" -1d ", noon); err != nil || !at.Equal(noon.AddDate(0, 0, -1)) {
		t.Errorf("-1d: %v, %v", at, err)
	}
}

func TestPlacesAtTheBounds(t *testing.T) {
	for text, want := range map[string]Span{
		"0/0":                            {Partition: 0, From: 0},
		"2147483647/9223372036854775807": {Partition: 2147483647, From: 9223372036854775807},
	} {
		if p, o, err := ParsePlace(text); err != nil || p != want.Partition || o != want.From {
			t.Errorf("%q: %d, %d, %v", text, p, o, err)
		}
	}
	if _, _, err := ParsePlace("0/9223372036854775808"); err == nil {
		t.Error("an offset that is too large was accepted")
	}
}

// TestChoicesInWords: ids that are masked in reports are chosen as they are shown, and are
// never repeated as they were given.
func TestChoicesInWords(t *testing.T) {
	address := "ann@example.com"
	for want, c := range map[string]Choice{
		"":                      {},
		"profile 1":             {Profiles: []string{"1"}},
		"event name Buy or Add": {Names: []string{"Buy", "Add"}},
		"event id e1":           {EventIDs: []string{"e1"}},
		"profile 1 or 2, event name Buy, event id e1": {Profiles: []string{"1", "2"}, Names: []string{"Buy"}, EventIDs: []string{"e1"}},
		"event id " + redact.EventID(address):         {EventIDs: []string{address}},
	} {
		if got := c.Describe(); got != want || c.Any() != (want != "") {
			t.Errorf("%q, any %v; want %q", got, c.Any(), want)
		}
	}
	ev := &schemas.Event{ProfileID: "1", EventID: address, EventName: "sign-UP Now"}
	for _, c := range []Choice{{EventIDs: []string{address}}, {EventIDs: []string{redact.EventID(address)}}, {Names: []string{"Sign_up\tnow"}}, {Profiles: []string{"0", "1"}}} {
		if !c.Match(ev) {
			t.Errorf("%q does not choose the event", c.Describe())
		}
	}
	for _, c := range []Choice{{EventIDs: []string{"bob@example.com"}}, {Names: []string{"sign"}}, {Profiles: []string{"11"}}} {
		if c.Match(ev) {
			t.Errorf("%q chooses the event", c.Describe())
		}
	}
}
