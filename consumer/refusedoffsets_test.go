package consumer

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// refuseOffsetFetch has the group refuse to tell any offsets while the code is not 0, and
// counts the questions and the joins.
func (b *bench) refuseOffsetFetch(code *atomic.Int32) (asked, joined *atomic.Int32) {
	asked, joined = new(atomic.Int32), new(atomic.Int32)
	b.cluster.ControlKey(int16(kmsg.OffsetFetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		asked.Add(1)
		if code.Load() == 0 {
			return nil, nil, false
		}
		req := r.(*kmsg.OffsetFetchRequest)
		resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
		resp.ErrorCode = int16(code.Load())
		for _, rg := range req.Groups {
			g := kmsg.NewOffsetFetchResponseGroup()
			g.Group, g.ErrorCode = rg.Group, int16(code.Load())
			resp.Groups = append(resp.Groups, g)
		}
		return resp, nil, true
	})
	for _, key := range []kmsg.Key{kmsg.JoinGroup, kmsg.ConsumerGroupHeartbeat} {
		b.cluster.ControlKey(int16(key), func(r kmsg.Request) (kmsg.Response, error, bool) {
			b.cluster.KeepControl()
			if hb, ok := r.(*kmsg.ConsumerGroupHeartbeatRequest); !ok || hb.MemberEpoch == 0 {
				joined.Add(1)
			}
			return nil, nil, false
		})
	}
	return asked, joined
}

// TestRefusedOffsetsAreNoStorm: a group that does not tell its offsets, such as when a
// grant is missing, is asked again and again, with pauses in between. The member goes on
// soon after it is told. Found by the simulation (seed 100105).
func TestRefusedOffsetsAreNoStorm(t *testing.T) {
	for _, code := range []*kerr.Error{
		kerr.GroupAuthorizationFailed, kerr.StaleMemberEpoch, kerr.FencedMemberEpoch, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress,
		kerr.UnknownServerError, kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.InvalidRequest,
	} {
		for _, protocol := range []Protocol{ProtocolClassic, ProtocolConsumer} {
			if code == kerr.StaleMemberEpoch && protocol == ProtocolClassic {
				continue // which has no epochs
			}
			t.Run(code.Message+" "+protocol.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newVirtualBench(t, 1, 1)
					b.protocol = protocol
					b.publish(0, events("p1", 0, 10)...)
					var refused atomic.Int32
					refused.Store(int32(code.Code))
					asked, joined := b.refuseOffsetFetch(&refused)
					s := newFakeSink(true)
					m := b.start(s, func(o *Options) { o.SessionTimeout = 6 * time.Second })
					const most = 1000
					for end := time.Now().Add(10 * time.Minute); time.Now().Before(end) && asked.Load() <= most; {
						time.Sleep(100 * time.Millisecond)
					}
					if asked.Load() > most || joined.Load() > 200 {
						t.Fatalf("asked %d times and joined %d times in %s", asked.Load(), joined.Load(), time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
					}
					if n := s.count("e0"); n != 0 {
						t.Error("an event was taken before it is known where the group stands")
					}
					refused.Store(0)
					if protocol == ProtocolConsumer {
						b.forget() // what the member has been before
					}
					b.eventually("all is committed", func() bool { return b.committed(0) == 10 })
					if err := m.stop(); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// TestAStopWhileOffsetsAreRefused: the pause does not hold it up.
func TestAStopWhileOffsetsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.protocol = ProtocolConsumer
		var refused atomic.Int32
		refused.Store(int32(kerr.GroupAuthorizationFailed.Code))
		b.refuseOffsetFetch(&refused)
		m := b.start(newFakeSink(true), nil)
		time.Sleep(2 * time.Minute)
		began := time.Now()
		if err := m.stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the stop took %s", took)
		}
	})
}
