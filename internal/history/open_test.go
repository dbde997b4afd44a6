package history

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/kafka"
)

// screen notes what it is told to show.
type screen struct{ said, steps []string }

func (s *screen) Say(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

func (s *screen) Step(what string, done, total uint64) {
	s.steps = append(s.steps, fmt.Sprintf("%s: %d of %d", what, done, total))
}

// TestOpen shows what is gone of a range, and how far reading it has got.
func TestOpen(t *testing.T) {
	w := newWorld(t, 1, nil)
	for h := range 6 {
		w.put(w.client, 0, h)
	}
	if err := w.broker.DeleteRecords(topic, 0, 2); err != nil {
		t.Fatal(err)
	}
	var shown screen
	settings := kafka.Settings{Brokers: w.broker.ListenAddrs()}
	reader, plan, err := Open(t.Context(), settings, Range{Topic: topic, From: offset(1)}, &shown)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	reader.idle = w.reader.idle
	w.reader = reader
	if got := w.read(plan); len(got) != 4 {
		t.Errorf("read %q, want the four records left", got)
	}
	want := screen{
		said:  []string{"amazon-capi: events: partition 0: offsets 1 to 1 are no longer retained"},
		steps: []string{"reading events: 4 of 4"},
	}
	if diff := cmp.Diff(want, shown, cmp.AllowUnexported(screen{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, r := range []Range{{Topic: "evnets"}, {Topic: topic, Partitions: []int32{9}}} {
		if reader, plan, err := Open(t.Context(), settings, r, &shown); err == nil || reader != nil || plan != nil {
			t.Errorf("%+v: %v, %v, %v", r, reader, plan, err)
		}
	}
	settings.SASL.Mechanism = "nonsense"
	if reader, _, err := Open(t.Context(), settings, Range{Topic: topic}, &shown); err == nil || reader != nil {
		t.Errorf("settings that cannot be: %v, %v", reader, err)
	}
}

func TestReadAll(t *testing.T) {
	w := newWorld(t, 1, nil)
	for h := range 3 {
		w.put(w.client, 0, h)
	}
	settings := kafka.Settings{Brokers: w.broker.ListenAddrs()}
	records, err := ReadAll(t.Context(), settings, topic)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		got = append(got, string(r.Value))
	}
	if diff := cmp.Diff([]string{"0@0", "0@1", "0@2"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := ReadAll(t.Context(), settings, "evnets"); !errors.Is(err, ErrNoTopic) {
		t.Errorf("%v, want %v", err, ErrNoTopic)
	}
}

// TestOffsetsOfAPosition are within what a partition has.
func TestOffsetsOfAPosition(t *testing.T) {
	w := newWorld(t, 2, nil)
	for h := range 6 {
		w.put(w.client, 0, h)
	}
	w.put(w.client, 1, 2)
	if err := w.broker.DeleteRecords(topic, 0, 2); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		at         Position
		partitions []int32
		want       map[int32]int64
	}{
		"none":               {Position{}, nil, map[int32]int64{0: 2, 1: 0}},
		"a time":             {hour(4), nil, map[int32]int64{0: 4, 1: 1}},
		"a time of a record": {hour(2), nil, map[int32]int64{0: 2, 1: 0}},
		"before all":         {hour(0), nil, map[int32]int64{0: 2, 1: 0}},
		"after all":          {hour(9), nil, map[int32]int64{0: 6, 1: 1}},
		"an offset":          {offset(3), nil, map[int32]int64{0: 3, 1: 1}},
		"a deleted offset":   {offset(1), nil, map[int32]int64{0: 2, 1: 1}},
		"of one":             {offset(0), []int32{1}, map[int32]int64{1: 0}},
	} {
		got, err := w.reader.Offsets(t.Context(), topic, tc.at, tc.partitions...)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v; -want +got\n%s", name, err, diff)
		}
	}
	if _, err := w.reader.Offsets(t.Context(), "evnets", Position{}); !errors.Is(err, ErrNoTopic) {
		t.Errorf("%v, want %v", err, ErrNoTopic)
	}
}

func TestOneRecord(t *testing.T) {
	w := newWorld(t, 2, nil)
	for h := range 3 {
		w.put(w.client, 1, h)
	}
	if rec, err := w.reader.One(t.Context(), topic, 1, 1); err != nil || rec == nil || string(rec.Value) != "1@1" {
		t.Errorf("%v, %v; want the record at 1/1", rec, err)
	}
	for _, at := range []int64{3, 99} {
		if rec, err := w.reader.One(t.Context(), topic, 1, at); err != nil || rec != nil {
			t.Errorf("%v, %v; want no record at 1/%d, where nothing was written", rec, err, at)
		}
	}
	if rec, err := w.reader.One(t.Context(), topic, 2, 0); !errors.Is(err, ErrBadRange) || rec != nil {
		t.Errorf("%v, %v; want that there is no partition 2", rec, err)
	}
}

// TestProgressIsTold every thousand records, and at the end whatever the number.
func TestProgressIsTold(t *testing.T) {
	plan := &Plan{Topic: topic, Spans: []Span{{0, 10, 1510}, {3, 0, 1000}}}
	var told [][2]int64
	read := 0
	run := newReading(plan, func(*kgo.Record) error { read++; return nil }, func(done, total int64) { told = append(told, [2]int64{done, total}) })
	for _, s := range plan.Spans {
		for at := s.From; at < s.To+2; at++ { // two beyond the end are not of the range
			if err := run.record(&kgo.Record{Partition: s.Partition, Offset: at}); err != nil {
				t.Fatal(err)
			}
		}
	}
	run.tell(true)
	if diff := cmp.Diff([][2]int64{{1000, 2500}, {2000, 2500}, {2500, 2500}}, told); diff != "" || read != 2500 || len(run.open) != 0 {
		t.Errorf("%d records read, %d partitions open; -want +got\n%s", read, len(run.open), diff)
	}
	// A record at an offset behind what was already passed takes nothing back.
	run = newReading(&Plan{Spans: []Span{{0, 0, 10}}}, func(*kgo.Record) error { return nil }, nil)
	run.reached(0, 7)
	if run.reached(0, 5); run.open[0].From != 7 {
		t.Errorf("the rest begins at %d, want 7", run.open[0].From)
	}
	run.reached(4, 1)
	if _, open := run.open[4]; open {
		t.Error("a partition that is not read was opened")
	}
}

// TestProbeSaysWhatIsWrong: while nothing arrives, the leaders are asked, and what they or
// the brokers say ends the wait.
func TestProbeSaysWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		topic, partition *kerr.Error
		want             error
		says             string
	}{
		"the topic is gone":       {topic: kerr.UnknownTopicOrPartition, want: errGone},
		"its id is gone":          {topic: kerr.UnknownTopicID, want: errGone},
		"the topic may not":       {topic: kerr.TopicAuthorizationFailed, want: kerr.TopicAuthorizationFailed},
		"no leader":               {partition: kerr.LeaderNotAvailable, says: "partition 0 has no leader"},
		"a partition is not told": {says: "partition 5 has no leader"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1, nil)
			run := newReading(&Plan{Topic: topic, Spans: []Span{{0, 0, 1}}}, func(*kgo.Record) error { return nil }, nil)
			if tc.topic == nil && tc.partition == nil {
				run.open = map[int32]Span{5: {5, 0, 1}}
			}
			w.broker.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
				w.broker.KeepControl()
				if tc.topic == nil && tc.partition == nil {
					return nil, nil, false
				}
				resp := req.ResponseKind().(*kmsg.MetadataResponse)
				rt := kmsg.NewMetadataResponseTopic()
				rt.Topic = new(topic)
				rp := kmsg.NewMetadataResponseTopicPartition()
				if tc.topic != nil {
					rt.ErrorCode = tc.topic.Code
				} else {
					rp.ErrorCode, rp.Leader = tc.partition.Code, -1
				}
				rt.Partitions = append(rt.Partitions, rp)
				resp.Topics = append(resp.Topics, rt)
				return resp, nil, true
			})
			err := w.reader.probe(t.Context(), run)
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %v %s", err, tc.want, tc.says)
			}
		})
	}
	w := newWorld(t, 1, nil)
	w.put(w.client, 0, 0)
	run := newReading(w.plan(Range{}), func(*kgo.Record) error { return nil }, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.reader.probe(ctx, run); err == nil {
		t.Error("brokers that do not answer are no error")
	}
}

// TestLookSeesRecordsAndHoles: what is left of a span decides whether to wait for it.
func TestLookSeesRecordsAndHoles(t *testing.T) {
	w := newWorld(t, 1, nil)
	for h := range 4 {
		w.put(w.client, 0, h)
	}
	if err := w.broker.DeleteRecords(topic, 0, 1); err != nil {
		t.Fatal(err)
	}
	topics, err := w.admin.ListTopics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	detail := topics[topic].Partitions[0]
	for name, tc := range map[string]struct {
		span  Span
		found bool
		next  int64 // of what is not found, the least
		fails error
	}{
		"records":        {span: Span{0, 1, 4}, found: true},
		"one record":     {span: Span{0, 3, 4}, found: true},
		"behind the end": {span: Span{0, 4, 4}, next: 4},
		"deleted":        {span: Span{0, 0, 4}, fails: ErrNotRetained},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		next, found, err := w.reader.look(ctx, topics[topic].ID, topic, detail, tc.span)
		cancel()
		if tc.fails != nil || err != nil {
			if !errors.Is(err, tc.fails) {
				t.Errorf("%s: %v, want %v", name, err, tc.fails)
			}
			continue
		}
		if found != tc.found || !found && next != tc.next {
			t.Errorf("%s: found %v, next %d; want %v, %d", name, found, next, tc.found, tc.next)
		}
	}
}
