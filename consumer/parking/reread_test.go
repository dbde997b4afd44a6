package parking

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// rereading is a broker with records, a reader of parked ones, and the assignments that took them.
type rereading struct {
	t      *testing.T
	broker *kfake.Cluster
	window *flow.Window
	lots   *Lots
	lanes  *room
	reader *Reader
	states *health.Conditions
	now    time.Time
	made   int64
}

func newRereading(t *testing.T, topics ...string) *rereading {
	t.Helper()
	b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	r := &rereading{t: t, broker: b, window: flow.NewWindow(1000, 1<<30), lanes: &room{wants: make(map[string]int)}, now: time.Unix(1000, 0)}
	r.lots = New(100_000, r.window)
	r.states = health.NewConditions(zerolog.Nop(), func() time.Time { return r.now })
	r.reader = &Reader{
		Lots: r.lots, Lanes: r.lanes, Opts: []kgo.Opt{kgo.SeedBrokers(b.ListenAddrs()...), kgo.FetchMaxWait(50 * time.Millisecond)},
		Made: func() int64 { return r.made }, AtOnce: 1000, Condition: r.states.Condition("parked"), Now: func() time.Time { return r.now },
	}
	t.Cleanup(r.reader.close)
	return r
}

// take produces n records of a partition and has an assignment take and park those at
// offsets for profile p.
func (r *rereading) take(topic string, partition int32, n int, offsets ...int) *assignment.Assignment {
	r.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(r.broker.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		r.t.Fatal(err)
	}
	defer cl.Close()
	var list []*kgo.Record
	for i := range n {
		list = append(list, &kgo.Record{Topic: topic, Partition: partition, Value: fmt.Append(nil, i)})
	}
	if err := cl.ProduceSync(r.t.Context(), list...).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
	for i, rec := range list {
		rec.Offset, rec.LeaderEpoch = int64(i), -1
	}
	a := assignment.New(topic, partition, flow.NewInboxes(1000), func() {})
	a.Push(list, list, int64(n))
	pullNow(r.t.Context(), a)
	var handles []verdict.Handle
	for _, o := range offsets {
		r.window.Take(1, int64(verdict.SizeOf(list[o])))
		handles = append(handles, verdict.Handle{Owner: a, Seq: uint64(o)})
	}
	r.lots.Park("p", handles)
	r.lanes.wants["p"] = 1000
	return a
}

// want compares what an assignment was brought.
func (r *rereading) want(what string, a *assignment.Assignment, want ...string) {
	r.t.Helper()
	if got := got(r.t, a); !slices.Equal(got, want) {
		r.t.Errorf("%s: %q was brought, want %q", what, got, want)
	}
}

func (r *rereading) reasons() (text string) {
	for _, c := range r.states.States() {
		text += c.Reason
	}
	return text
}

// refuse has the broker answer fetches of a topic with an error while it returns true.
func (r *rereading) refuse(topic string, with *kerr.Error, on *bool) {
	info := r.broker.TopicInfo(topic)
	r.broker.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.broker.KeepControl()
		f := req.(*kmsg.FetchRequest)
		refused := func(t kmsg.FetchRequestTopic) bool { return t.TopicID == info.TopicID || t.Topic == topic }
		if !*on || !slices.ContainsFunc(f.Topics, refused) {
			return nil, nil, false
		}
		resp := f.ResponseKind().(*kmsg.FetchResponse)
		for _, t := range f.Topics {
			rt := kmsg.NewFetchResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				rp := kmsg.NewFetchResponseTopicPartition()
				if rp.Partition = p.Partition; refused(t) {
					rp.ErrorCode = with.Code
				}
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
}

// TestRereadBringsWhatIsWanted, of each partition in order, and nothing else.
func TestRereadBringsWhatIsWanted(t *testing.T) {
	r := newRereading(t, "orders", "more")
	first, second, other := r.take("orders", 0, 9, 1, 3, 8), r.take("orders", 1, 4, 0), r.take("more", 0, 2, 1)
	if r.lanes.wants["p"] = 0; r.reader.Turn(t.Context()) || r.reader.client != nil {
		t.Error("something is read that no lane wants")
	}
	r.lanes.wants["p"] = 1000
	if !r.reader.Turn(t.Context()) {
		t.Error("nothing is said to have been read")
	}
	r.want("orders/0", first, "1@1", "3@3", "8@8")
	r.want("orders/1", second, "0@0")
	r.want("more/0", other, "1@1")
	if n := counted(t, r.lots.metrics.reread); n != 5 || r.lots.Count() != 0 || r.lots.Awaits("p") || r.reasons() != "" {
		t.Errorf("%v are counted as read again, %d are parked still; conditions: %q", n, r.lots.Count(), r.reasons())
	}
	if events, _ := r.window.InFlight(); events != 5 {
		t.Errorf("%d records are in flight, want the 5 that were read again", events)
	}
	if r.reader.Turn(t.Context()) {
		t.Error("there is said to be more")
	}
}

// TestRereadOfDeletedRecords: those that are no longer there are given up, and those behind
// them are read.
func TestRereadOfDeletedRecords(t *testing.T) {
	r := newRereading(t, "orders")
	a := r.take("orders", 0, 9, 1, 2, 3, 8)
	if err := r.broker.DeleteRecords("orders", 0, 3); err != nil {
		t.Fatal(err)
	}
	if !r.reader.Turn(t.Context()) {
		t.Error("nothing is said to have been read")
	}
	r.want("orders/0", a, "1@1p", "2@2p", "3@3", "8@8")
	if r.reasons() != "" {
		t.Errorf("conditions: %q", r.reasons())
	}
}

// TestRereadSkipsFarAhead: what lies between two records that are far apart is not read.
func TestRereadSkipsFarAhead(t *testing.T) {
	r := newRereading(t, "orders")
	const last = farAhead + 9_000
	var skipped atomic.Bool
	r.broker.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.broker.KeepControl()
		for _, topic := range req.(*kmsg.FetchRequest).Topics {
			for _, p := range topic.Partitions {
				if p.FetchOffset == last-1 {
					skipped.Store(true)
				}
			}
		}
		return nil, nil, false
	})
	a := r.take("orders", 0, last, 1, last-1)
	r.reader.Turn(t.Context())
	r.want("orders/0", a, "1@1", fmt.Sprintf("%d@%d", last-1, last-1))
	if !skipped.Load() {
		t.Error("no fetch begins at the record that is far ahead")
	}
}

// TestRereadOfATopicThatCannotBeRead keeps the others going, says so while it lasts, and
// tries again after a while.
func TestRereadOfATopicThatCannotBeRead(t *testing.T) {
	r := newRereading(t, "orders", "secret")
	bad := true
	r.refuse("secret", kerr.TopicAuthorizationFailed, &bad)
	good, other := r.take("orders", 0, 3, 2), r.take("secret", 1, 3, 1)
	if !r.reader.Turn(t.Context()) {
		t.Error("nothing is said to have been read")
	}
	r.want("orders/0", good, "2@2")
	r.want("secret/1", other)
	if text := r.reasons(); !strings.Contains(text, "records that were put off cannot be read again: partition secret/1: TOPIC_AUTHORIZATION_FAILED") || r.lots.Count() != 1 {
		t.Errorf("%d are parked, and the condition says %q", r.lots.Count(), text)
	}
	bad = false
	if r.reader.Turn(t.Context()) {
		t.Error("it is looked at again at once")
	}
	r.now = r.now.Add(troubleFor)
	if !r.reader.Turn(t.Context()) {
		t.Error("it is not looked at again")
	}
	r.want("secret/1", other, "1@1")
	if r.reasons() != "" || r.lots.Count() != 0 {
		t.Errorf("%d are parked, and the condition says %q", r.lots.Count(), r.reasons())
	}
}

// TestRereadForgetsWhatMovedAway: trouble of a partition that moved away is forgotten, and readiness
// with it.
func TestRereadForgetsWhatMovedAway(t *testing.T) {
	r := newRereading(t, "orders")
	a := r.take("orders", 0, 3, 2)
	r.reader.trouble.note(a.TopicPartition(), kerr.LeaderNotAvailable, r.now)
	r.reader.Condition.Fail("it cannot be read")
	if r.reader.Turn(t.Context()); r.reasons() == "" {
		t.Error("the trouble of a partition whose records are parked is forgotten")
	}
	a.End()
	if r.reader.Turn(t.Context()); r.reasons() != "" {
		t.Errorf("a partition that moved away: %q", r.reasons())
	}
}

// TestRereadOfATopicMadeAgain: the reader begins anew, and gives up what the old one held.
func TestRereadOfATopicMadeAgain(t *testing.T) {
	r := newRereading(t, "orders")
	a := r.take("orders", 0, 3, 0)
	r.reader.Turn(t.Context())
	r.want("before", a, "0@0")
	client := r.reader.client
	if client == nil {
		t.Fatal("there is no client to keep")
	}
	again := func() {
		r.window.Take(1, 1)
		r.lots.Park("p", []verdict.Handle{{Owner: a, Seq: 1}})
		r.reader.Turn(t.Context())
	}
	if again(); r.reader.client != client {
		t.Error("a new client for the same topic")
	}
	r.want("the same", a, "1@1")
	r.made++
	r.window.Take(1, 1)
	r.lots.Park("p", []verdict.Handle{{Owner: a, Seq: 2}})
	if r.reader.Turn(t.Context()); r.reader.client == client {
		t.Error("the client of the deleted topic is still in use")
	}
	r.want("made again", a, "2@2")
	b := r.take("orders", 1, 3, 0, 2)
	b.Orphan()
	r.reader.Turn(t.Context())
	r.want("orphaned", b, "0@0p", "2@2p")
}

// TestRereadWaitsForRoom: while far more is in flight than should be, nothing is read unless
// a lane gives something back.
func TestRereadWaitsForRoom(t *testing.T) {
	r := newRereading(t, "orders")
	a := r.take("orders", 0, 3, 1)
	r.window.Take(1300, 0)
	if r.reader.Turn(t.Context()) {
		t.Error("something is read without room for it")
	}
	r.want("no room", a)
	_, handles := taken(5, r.window, 3)
	r.lanes.back = []verdict.Backlog{{Profile: "q", Handles: handles}}
	if !r.reader.Turn(t.Context()) {
		t.Error("nothing is read though a lane gave something back")
	}
	r.want("room", a, "1@1")
}

// TestRereadRuns until it is told to stop, and not at all where nothing may be parked.
func TestRereadRuns(t *testing.T) {
	r := newRereading(t, "orders")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := r.take("orders", 0, 3, 1)
	ended := make(chan struct{})
	go func() {
		r.reader.Run(ctx)
		close(ended)
	}()
	in, ok := a.Pull(t.Context())
	if !ok || in.Seq(0) != 1 {
		t.Errorf("%v, %v; want number 1", in, ok)
	}
	cancel()
	<-ended
	if r.reader.client != nil {
		t.Error("its connections are left open")
	}
	(&Reader{Lots: New(0, nil)}).Run(t.Context()) // which returns
}
