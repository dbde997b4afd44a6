package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/tracklayer/amazon-capi/internal/kafka"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "events"

type world struct {
	t      *testing.T
	broker *kfake.Cluster
	client *kgo.Client
	admin  *kadm.Client
	reader *Reader
}

func newWorld(t *testing.T, partitions int32, configs map[string]string) *world {
	t.Helper()
	b, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.CreateTopic(topic, partitions, configs); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, broker: b}
	w.client = w.newClient()
	w.admin = kadm.NewClient(w.client)
	if w.reader, err = New(kafka.Settings{Brokers: b.ListenAddrs()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.reader.Close)
	w.reader.idle = 50 * time.Millisecond
	return w
}

func (w *world) newClient(opts ...kgo.Opt) *kgo.Client {
	w.t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(w.broker.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(cl.Close)
	return cl
}

// put writes a record an hour or more after midnight, and returns its name.
func (w *world) put(cl *kgo.Client, partition int32, hour int) {
	w.t.Helper()
	at := midnight.Add(time.Duration(hour) * time.Hour)
	rec := &kgo.Record{Topic: topic, Partition: partition, Timestamp: at, Key: fmt.Appendf(nil, "%d", hour), Value: fmt.Appendf(nil, "%d@%d", partition, hour)}
	if err := cl.ProduceSync(w.t.Context(), rec).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
}

var midnight = time.Date(2026, 4, 23, 0, 0, 0, 0, time.UTC)

func hour(n int) Position { return Position{Time: midnight.Add(time.Duration(n) * time.Hour)} }

func offset(n int64) Position { return Position{IsOffset: true, Offset: n} }

func (w *world) plan(r Range) *Plan {
	w.t.Helper()
	if r.Topic == "" {
		r.Topic = topic
	}
	p, err := w.reader.Plan(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) read(p *Plan) (values []string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	err := w.reader.Read(ctx, p, func(r *kgo.Record) error {
		values = append(values, string(r.Value))
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(values)
	return values
}

func TestRanges(t *testing.T) {
	w := newWorld(t, 2, nil)
	for _, h := range []int{1, 5, 2, 4, 3} { // out of order, as times of events are
		w.put(w.client, 0, h)
	}
	w.put(w.client, 1, 2)
	w.put(w.client, 1, 6)
	for name, tc := range map[string]struct {
		rng  Range
		want []string
	}{
		"all":               {Range{}, []string{"0@1", "0@2", "0@3", "0@4", "0@5", "1@2", "1@6"}},
		"from a time":       {Range{From: hour(4)}, []string{"0@4", "0@5", "1@6"}},
		"to a time":         {Range{To: hour(4)}, []string{"0@1", "0@2", "0@3", "1@2"}},
		"between":           {Range{From: hour(2), To: hour(4)}, []string{"0@2", "0@3", "1@2"}},
		"in order":          {Range{From: hour(2), To: hour(4), InOrder: true}, []string{"1@2"}},
		"one partition":     {Range{Partitions: []int32{1}, From: hour(2), To: hour(6)}, []string{"1@2"}},
		"offsets":           {Range{From: offset(1), To: offset(3)}, []string{"0@2", "0@5", "1@6"}},
		"offset and time":   {Range{From: offset(1), To: hour(5)}, []string{"0@2", "0@3", "0@4"}},
		"offset to the end": {Range{Partitions: []int32{0, 0}, From: offset(4)}, []string{"0@3"}},
	} {
		if diff := cmp.Diff(tc.want, w.read(w.plan(tc.rng))); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestPlanEndsWhereTheTopicEndedWhenItWasMade(t *testing.T) {
	w := newWorld(t, 1, nil)
	w.put(w.client, 0, 1)
	p := w.plan(Range{})
	w.put(w.client, 0, 2)
	if got := w.read(p); !slices.Equal(got, []string{"0@1"}) {
		t.Errorf("read %q, want what was there at the start", got)
	}
	if n := p.Offsets(); n != 1 {
		t.Errorf("%d offsets planned, want 1", n)
	}
}

// TestAppendTimeEndsEarly: where the brokers put the time, what comes after the
// first record beyond the end need not be read.
func TestAppendTimeEndsEarly(t *testing.T) {
	w := newWorld(t, 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
	for h := range 5 {
		w.put(w.client, 0, h)
	}
	if p := w.plan(Range{To: hour(0)}); !p.Empty() {
		t.Errorf("the plan covers %d offsets up to a time before them all", p.Offsets())
	}
}

func TestEmptyRangesSayWhatThereIs(t *testing.T) {
	w := newWorld(t, 1, nil)
	if p := w.plan(Range{}); !p.Empty() || !strings.Contains(p.WhyEmpty(), "holds no records") {
		t.Errorf("%d offsets, %q", p.Offsets(), p.WhyEmpty())
	}
	w.put(w.client, 0, 3)
	w.put(w.client, 0, 5)
	for _, r := range []Range{{From: hour(6)}, {From: offset(7)}, {From: hour(6), To: hour(7)}} {
		p := w.plan(r)
		if why := p.WhyEmpty(); !p.Empty() || !strings.Contains(why, "2026-04-23T03:00:00Z") || !strings.Contains(why, "2026-04-23T05:00:00Z") || !strings.Contains(why, "from ") {
			t.Errorf("%+v: %d offsets, %q; want none, and the times of what there is", r, p.Offsets(), why)
		}
	}
	if got := w.read(w.plan(Range{To: hour(2)})); len(got) != 0 {
		t.Errorf("read %q of a time before all records", got)
	}
}

func TestWhatIsNoLongerRetainedIsSaid(t *testing.T) {
	w := newWorld(t, 1, nil)
	for h := range 6 {
		w.put(w.client, 0, h)
	}
	if _, err := w.admin.DeleteRecords(t.Context(), kadm.Offsets{topic: {0: {Topic: topic, At: 3}}}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []Range{{From: offset(1), To: offset(3)}, {From: hour(0), To: hour(2)}, {To: hour(1)}} {
		r.Topic = topic
		if _, err := w.reader.Plan(t.Context(), r); !errors.Is(err, ErrNotRetained) || !strings.Contains(err.Error(), "2026-04-23T03:00:00Z") {
			t.Errorf("%+v: %v; want that it is no longer retained, and since when", r, err)
		}
	}
	for _, r := range []Range{{From: offset(1)}, {From: hour(1)}, {From: offset(1), To: hour(5)}} {
		p := w.plan(r)
		if got := w.read(p); len(p.Notes) == 0 || !strings.Contains(p.Notes[0], "no longer retained") || got[0] != "0@3" {
			t.Errorf("%+v: notes %q, read %q; want what is left, and a note", r, p.Notes, got)
		}
	}
	if p := w.plan(Range{}); len(p.Notes) > 0 {
		t.Errorf("all that is left was asked for, and yet: %q", p.Notes)
	}
}

// What is left of a topic may begin with a record that is not its oldest, as after
// a replay, or where an offline store sends what it collected.
func TestARangeBeforeTheFirstRecordThatIsThere(t *testing.T) {
	for name, tc := range map[string]struct {
		hours []int // of partition 0; the first two are deleted
		rng   Range
		want  []string
		gone  bool
	}{
		"to":                {[]int{1, 2, 9, 3, 4}, Range{To: hour(5)}, []string{"0@3", "0@4"}, false},
		"between":           {[]int{1, 2, 9, 3, 4}, Range{From: hour(3), To: hour(4)}, []string{"0@3"}, false},
		"the last":          {[]int{1, 2, 9, 8, 7, 1}, Range{From: hour(1), To: hour(2)}, []string{"0@1"}, false},
		"at the first":      {[]int{1, 2, 9, 3}, Range{To: hour(9)}, []string{"0@3"}, false},
		"from":              {[]int{1, 2, 9, 3, 4}, Range{From: hour(3)}, []string{"0@3", "0@4", "0@9", "1@10"}, false},
		"offset to a time":  {[]int{1, 2, 9, 3, 4}, Range{From: offset(0), To: hour(5)}, []string{"0@3", "0@4"}, false},
		"none":              {[]int{1, 2, 9, 8}, Range{To: hour(5)}, nil, true},
		"none between":      {[]int{1, 2, 9, 3, 8}, Range{From: hour(1), To: hour(3)}, nil, true},
		"trusted":           {[]int{1, 2, 9, 3}, Range{To: hour(5), InOrder: true}, nil, true},
		"one of partitions": {[]int{1, 2, 9, 3}, Range{To: hour(5), Partitions: []int32{0}}, []string{"0@3"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2, nil)
			for _, h := range tc.hours {
				w.put(w.client, 0, h)
			}
			w.put(w.client, 1, 10)
			if err := w.broker.DeleteRecords(topic, 0, 2); err != nil {
				t.Fatal(err)
			}
			tc.rng.Topic = topic
			p, err := w.reader.Plan(t.Context(), tc.rng)
			if tc.gone {
				if !errors.Is(err, ErrNotRetained) {
					t.Errorf("%v, want that it is no longer retained", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, w.read(p)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if len(p.Notes) == 0 || !strings.Contains(strings.Join(p.Notes, " "), "no longer retained") {
				t.Errorf("notes %q do not say that something was deleted", p.Notes)
			}
		})
	}
}

// Each partition has a beginning of its own.
func TestPartitionsThatBeginLaterAreSaid(t *testing.T) {
	w := newWorld(t, 3, nil)
	for p := range int32(3) {
		for h := range 5 {
			w.put(w.client, p, h+1)
		}
	}
	w.put(w.client, 2, 6)
	for partition, at := range map[int32]int64{1: 3, 2: 4} {
		if err := w.broker.DeleteRecords(topic, partition, at); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		rng  Range
		want []string
	}{
		"before both":  {Range{From: hour(2)}, []string{"2 of 3 partitions begin with records of 2026-04-23T04:00:00Z to 2026-04-23T05:00:00Z: what was before is no longer retained"}},
		"before one":   {Range{From: hour(4)}, []string{"1 of 3 partitions begin with records of 2026-04-23T05:00:00Z: what was before is no longer retained"}},
		"after":        {Range{From: hour(5)}, nil},
		"whole":        {Range{Partitions: []int32{0}, From: hour(1)}, nil},
		"of those two": {Range{Partitions: []int32{1, 2}, From: hour(1), To: hour(5)}, []string{"its partitions begin with records of 2026-04-23T04:00:00Z to 2026-04-23T05:00:00Z: what was before is no longer retained"}},
	} {
		if diff := cmp.Diff(tc.want, w.plan(tc.rng).Notes); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestRangesEndWithinAMillisecond(t *testing.T) {
	w := newWorld(t, 1, map[string]string{"message.timestamp.type": "CreateTime"})
	w.put(w.client, 0, 1)
	w.put(w.client, 0, 2)
	end := Position{Time: hour(2).Time.Add(time.Microsecond)}
	for _, inOrder := range []bool{false, true} {
		if diff := cmp.Diff([]string{"0@1", "0@2"}, w.read(w.plan(Range{To: end, InOrder: inOrder}))); diff != "" {
			t.Errorf("in order %v: -want +got\n%s", inOrder, diff)
		}
	}
}

func TestRangesThatCannotBe(t *testing.T) {
	w := newWorld(t, 2, nil)
	for name, tc := range map[string]struct {
		rng  Range
		want error
		text string
	}{
		"no such topic":     {Range{Topic: "evnets"}, ErrNoTopic, `"evnets"`},
		"no name":           {Range{}, ErrBadRange, "no name"},
		"no such partition": {Range{Topic: topic, Partitions: []int32{2}}, ErrBadRange, "it has 0 to 1"},
		"backwards":         {Range{Topic: topic, From: hour(3), To: hour(3)}, ErrBadRange, "not after"},
		"offsets backwards": {Range{Topic: topic, From: offset(3), To: offset(1)}, ErrBadRange, "not after"},
	} {
		if _, err := w.reader.Plan(t.Context(), tc.rng); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: %v, want %v with %q", name, err, tc.want, tc.text)
		}
	}
}

// TestTransactions: what was aborted is not read, what is open is not waited
// for, and a range that ends in a marker ends.
func TestTransactions(t *testing.T) {
	w := newWorld(t, 1, nil)
	w.put(w.client, 0, 0)
	for i, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		tx := w.newClient(kgo.TransactionalID(fmt.Sprint(i)))
		if err := tx.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		w.put(tx, 0, 1+i)
		if err := tx.EndTransaction(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
	}
	open := w.newClient(kgo.TransactionalID("open"))
	if err := open.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	w.put(open, 0, 3)
	want := []string{"0@0", "0@1"}
	if got := w.read(w.plan(Range{})); !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	// The aborted record alone, whose marker is beyond the range.
	if got := w.read(w.plan(Range{From: offset(3), To: offset(4)})); len(got) != 0 {
		t.Errorf("read %q of an aborted transaction", got)
	}
	if err := open.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
}

// TestHolesAtTheEnd: offsets that were compacted away give no record to stop at.
func TestHolesAtTheEnd(t *testing.T) {
	w := newWorld(t, 1, map[string]string{"cleanup.policy": "compact", "min.compaction.lag.ms": "0", "retention.ms": "-1"})
	for _, h := range []int{0, 1, 2, 1, 2, 1, 2, 3} { // the hour is the key
		w.put(w.client, 0, h)
	}
	p := w.plan(Range{To: offset(5)}) // most of which have newer values further on
	w.broker.Compact()
	if got := w.read(p); !slices.Equal(got, []string{"0@0"}) {
		t.Fatalf("read %q, where all but the first was to be compacted away: this proves nothing", got)
	}
	p = w.plan(Range{})
	if got := w.read(p); !slices.Equal(got, []string{"0@0", "0@1", "0@2", "0@3"}) {
		t.Errorf("read %q, want what was left", got)
	}
}

// TestHoleWithNothingBehindIt: the brokers answer a fetch with nothing, though
// the partition ends later.
func TestHoleWithNothingBehindIt(t *testing.T) {
	w := newWorld(t, 1, nil)
	w.put(w.client, 0, 1)
	w.put(w.client, 0, 2)
	p := w.plan(Range{})
	p.Spans[0].To = 10
	w.broker.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		f := req.(*kmsg.FetchRequest)
		if len(f.Topics) == 0 || f.Topics[0].Partitions[0].FetchOffset < 2 {
			return nil, nil, false
		}
		resp := f.ResponseKind().(*kmsg.FetchResponse)
		rt := kmsg.NewFetchResponseTopic()
		rt.Topic, rt.TopicID = f.Topics[0].Topic, f.Topics[0].TopicID
		rp := kmsg.NewFetchResponseTopicPartition()
		rp.HighWatermark, rp.LastStableOffset = 10, 10
		rt.Partitions = append(rt.Partitions, rp)
		resp.Topics = append(resp.Topics, rt)
		return resp, nil, true
	})
	if got := w.read(p); !slices.Equal(got, []string{"0@1", "0@2"}) {
		t.Errorf("read %q", got)
	}
}

// TestSlowAnswersAreNoEnd: as long as the leader has records to give, reading
// waits for them, however often the client comes back with nothing.
func TestSlowAnswersAreNoEnd(t *testing.T) {
	w := newWorld(t, 1, nil)
	for h := range 3 {
		w.put(w.client, 0, h)
	}
	refused := 0
	w.broker.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		if refused++; refused > 6 {
			return nil, nil, false
		}
		return nil, errors.New("the connection is cut"), true
	})
	if got := w.read(w.plan(Range{})); len(got) != 3 {
		t.Errorf("read %q, want all three", got)
	}
}

func TestReadingEndsWhenItCannotGoOn(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(w *world, cancel context.CancelCauseFunc)
		want error
	}{
		"records deleted": {func(w *world, _ context.CancelCauseFunc) {
			_, _ = w.admin.DeleteRecords(w.t.Context(), kadm.Offsets{topic: {0: {Topic: topic, At: 4}}})
		}, ErrNotRetained},
		"topic deleted": {func(w *world, _ context.CancelCauseFunc) {
			_, _ = w.admin.DeleteTopics(w.t.Context(), topic)
		}, ErrNoTopic},
		"brokers away":   {func(w *world, _ context.CancelCauseFunc) { w.broker.Close() }, nil},
		"told to stop":   {func(_ *world, cancel context.CancelCauseFunc) { cancel(errStop) }, errStop},
		"caller has had": {func(*world, context.CancelCauseFunc) {}, errEnough},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1, nil)
			for h := range 6 {
				w.put(w.client, 0, h)
			}
			p := w.plan(Range{})
			w.reader.patience = 200 * time.Millisecond
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if tc.want != errEnough {
				tc.do(w, cancel)
			}
			err := w.reader.Read(ctx, p, func(*kgo.Record) error { return errEnough })
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) || tc.want == nil && errors.Is(err, errEnough) {
				t.Errorf("%v, want %v", err, tc.want)
			}
		})
	}
}

var errStop, errEnough = errors.New("stop"), errors.New("enough")

func TestProgressReachesTheTotal(t *testing.T) {
	w := newWorld(t, 2, nil)
	for h := range 5 {
		w.put(w.client, int32(h%2), h)
	}
	var done, total int64
	w.reader.Progress = func(d, n int64) {
		if d < done {
			t.Errorf("progress fell from %d to %d", done, d)
		}
		done, total = d, n
	}
	w.read(w.plan(Range{}))
	if done != 5 || total != 5 {
		t.Errorf("at the end %d of %d, want 5 of 5", done, total)
	}
}

func TestBrokersThatDoNotAnswer(t *testing.T) {
	w := newWorld(t, 1, nil)
	w.broker.ControlKey(int16(kmsg.ListOffsets), func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		l := req.(*kmsg.ListOffsetsRequest)
		resp := l.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, t := range l.Topics {
			rt := kmsg.NewListOffsetsResponseTopic()
			rt.Topic = t.Topic
			for _, p := range t.Partitions {
				rp := kmsg.NewListOffsetsResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
	_, err := w.reader.Plan(t.Context(), Range{Topic: topic})
	if !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("%v, want what the brokers said", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStop)
	if _, err := w.reader.Plan(ctx, Range{Topic: topic}); !errors.Is(err, errStop) {
		t.Errorf("%v, want why it was stopped", err)
	}
}

// TestOldestIsTheTopics: a range of some partitions is told what the topic holds,
// not what these hold.
func TestOldestIsTheTopics(t *testing.T) {
	w := newWorld(t, 3, nil)
	w.put(w.client, 0, 1)
	w.put(w.client, 1, 3)
	w.put(w.client, 1, 5)
	w.put(w.client, 2, 8)
	for _, r := range []Range{
		{From: hour(20), Partitions: []int32{1}}, {From: hour(6), To: hour(7), Partitions: []int32{0, 1}}, {From: offset(7), Partitions: []int32{2}},
	} {
		why := w.plan(r).WhyEmpty()
		if !strings.Contains(why, "its oldest is of 2026-04-23T01:00:00Z, its newest of 2026-04-23T08:00:00Z") {
			t.Errorf("%+v: %q", r, why)
		}
	}
}
