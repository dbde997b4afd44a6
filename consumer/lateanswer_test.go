package consumer

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
)

// TestAnAnswerThatComesLate: what the group said to an assignment that has ended, or before
// the partition was lost and given again, says nothing of the one that there is now: others
// may have committed in between.
func TestAnAnswerThatComesLate(t *testing.T) {
	b := newBench(t, 1)
	s := newFakeSink(true)
	m := b.start(s, nil)
	b.eventually("it has begun", func() bool { return len(m.owned()) == 1 && len(m.unheard()) == 0 && m.owned()[0].OpenClaim() == nil })
	a, tp := m.owned()[0], assignment.Of(topic, 0)
	// The member asks as soon as it awaits something, and must hear nothing but this test.
	b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.CoordinatorLoadInProgress, Count: -1})
	a.Await()
	given, awaits := a.Awaits()
	if !awaits {
		t.Fatal("it does not await what the group says")
	}
	other := assignment.New(topic, 0, flow.NewInboxes(1), func() {})
	for name, f := range map[string]assignment.Fetched{
		"of an assignment that has ended": {Offset: 3, Of: other, Given: given},
		"from before it was given again":  {Offset: 3, Of: a, Given: given - 1},
	} {
		m.hear(m.client, tp, f)
		if _, awaits := a.Awaits(); !awaits || a.OpenClaim() != nil {
			t.Errorf("an answer %s was heard", name)
		}
	}
	m.hear(m.client, tp, assignment.Fetched{Offset: 0, Of: a, Given: given})
	if _, awaits := a.Awaits(); awaits {
		t.Error("the answer to the last question was not heard")
	}
}

// untilSettled is a context that ends once a claim is settled.
type untilSettled struct {
	context.Context
	a *assignment.Assignment
}

func (c untilSettled) Err() error {
	if c.a.OpenClaim() == nil {
		return context.Canceled
	}
	return nil
}

// TestSettledAndDropped: the group's session ends when a claim has just been settled, and
// the client drops the answer. The next session's answer places it where it was found to
// begin, and not where the group stands.
func TestSettledAndDropped(t *testing.T) {
	b := newBench(t, 1)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 50, LeaderEpoch: -1}) // beyond the log's end
	if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
	m := b.start(newFakeSink(true), nil)
	b.eventually("it begins where the log does", func() bool { return b.committed(0) == 0 })
	a := m.owned()[0]
	a.Await()
	m.hear(m.client, a.TopicPartition(), assignment.Fetched{Offset: 50})
	a.Doubted(0) // it takes two looks to go back in a log
	said := func() map[string]map[int32]kgo.Offset {
		return map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(50)}}
	}
	if _, err := m.onOffsets(untilSettled{t.Context(), a}, said()); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want that the session has ended", err)
	}
	got, err := m.onOffsets(t.Context(), said())
	if err != nil || got[topic][0].EpochOffset().Offset != 0 {
		t.Errorf("the client is to read from %+v, %v; want 0", got[topic][0].EpochOffset(), err)
	}
}

// refuseGroup has the broker tell no offset of any group.
func (b *bench) refuseGroup(refuse *atomic.Bool, code *kerr.Error) {
	b.cluster.ControlKey(int16(kmsg.OffsetFetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		req := r.(*kmsg.OffsetFetchRequest)
		resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
		for _, g := range req.Groups {
			rg := kmsg.NewOffsetFetchResponseGroup()
			rg.Group, rg.ErrorCode = g.Group, code.Code
			resp.Groups = append(resp.Groups, rg)
		}
		resp.ErrorCode = code.Code
		return resp, nil, refuse.Load()
	})
}

// TestAJobWhoseCoordinatorWasAway: while nobody can say what is left of a job, other
// members cannot be blamed for it. They have as long as ever when it can be said again.
func TestAJobWhoseCoordinatorWasAway(t *testing.T) {
	for _, protocol := range []Protocol{ProtocolClassic, ProtocolConsumer} {
		t.Run(protocol.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				b.protocol = protocol
				b.publish(0, events("1", 0, 10)...)
				b.publish(1, events("1", 10, 20)...)
				job := func(o *Options) { o.Job = &Job{Selection: chosen([]int64{1, 2}, []int64{4, 5})} }
				s1, s2 := newFakeSink(false), newFakeSink(true)
				b.start(s1, job)
				time.Sleep(5 * time.Second)
				m2 := b.start(s2, job)
				patience := m2.session() + m2.opts.RebalanceTimeout
				time.Sleep(patience / 2)
				var away atomic.Bool
				away.Store(true)
				b.refuseGroup(&away, kerr.UnknownServerError)
				time.Sleep(patience)
				away.Store(false)
				time.Sleep(patience / 2)
				select {
				case err := <-m2.done:
					m2.done <- nil
					t.Fatalf("the job ended with %v soon after it could be said what is left\n%s", err, b.log)
				default:
				}
				s1.acceptFromNowOn()
				m2.ends(b)
			})
		})
	}
}
