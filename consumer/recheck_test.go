package consumer

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// hangUp has connections by which something is fetched cut while away says so.
func (b *bench) hangUp(away *atomic.Bool) {
	b.cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		if away.Load() {
			return nil, errors.New("cut"), true
		}
		return nil, nil, false
	})
}

// TestALogThatIsLongerAgain: a broker crashes, loses the end of a log, and fills it
// beyond where a running member was, before that one asks again. Nothing in its answers
// tells, but that the connection was another.
func TestALogThatIsLongerAgain(t *testing.T) {
	for name, held := range map[string]int{"all settled": -1, "one held": 40} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1, kfake.MaxVersions(kversion.V2_6_0()))
				var away atomic.Bool
				b.hangUp(&away)
				s := newFakeSink(false)
				m := b.start(s, func(o *Options) { o.Drain = -1 })
				settle := func(vs []verdict.Verdict) {
					for _, v := range vs {
						if v.EventID != fmt.Sprintf("e%d", held) {
							m.Settle([]verdict.Verdict{v})
						}
					}
				}
				for i := 0; i < 200; i += 20 {
					b.fill(events("p1", i, i+20)...)
					settle(s.take(20))
				}
				want := int64(200)
				if held >= 0 {
					want = int64(held)
				}
				b.eventually("it is committed", func() bool { return b.committed(0) == want })
				away.Store(true)
				before := m.links.Connections()
				b.fill("p1|lost, too") // or the broker would have nothing to answer
				b.eventually("there is another connection", func() bool { return m.links.Connections() > before })
				b.cut(120, 1000, 1200) // ends at 320, behind what was read
				away.Store(false)
				b.eventually("what is there now is sent", func() bool {
					s.mu.Lock()
					vs := s.pending
					s.pending = nil
					s.mu.Unlock()
					settle(vs)
					for i := 1000; i < 1200; i++ {
						if s.count(fmt.Sprintf("e%d", i)) == 0 {
							return false
						}
					}
					return true
				})
				for i := range 119 {
					if n := s.count(fmt.Sprintf("e%d", i)); n != 1 {
						t.Errorf("e%d was sent %d times, and was never lost", i, n)
					}
				}
			})
		})
	}
}

// TestAConnectionThatIsLost: if the log is the same, nothing is held and nothing is
// sent again.
func TestAConnectionThatIsLost(t *testing.T) { synctest.Test(t, testAConnectionThatIsLost) }

func testAConnectionThatIsLost(t *testing.T) {
	b := newVirtualBench(t, 1, 1)
	var away atomic.Bool
	b.hangUp(&away)
	s := newFakeSink(true)
	m := b.start(s, nil)
	for i := range 3 {
		b.publish(0, events("p1", 10*i, 10*i+10)...)
		b.eventually("it is committed", func() bool { return b.committed(0) == int64(12*i+10) })
		away.Store(true)
		before := m.links.Connections()
		b.publish(0, events("p1", 1000+i, 1001+i)...)
		b.eventually("there is another connection", func() bool { return m.links.Connections() > before })
		b.publish(0, events("p1", 2000+i, 2001+i)...)
		away.Store(false)
		b.eventually("it goes on", func() bool { return s.count(fmt.Sprintf("e%d", 2000+i)) == 1 })
		b.eventually("it is compared", func() bool {
			for _, a := range m.owned() {
				if _, sworn := a.OathClaim(); sworn || a.OpenClaim() != nil {
					return false
				}
			}
			return true
		})
		b.eventually("it is committed", func() bool { return b.committed(0) == int64(12*i+12) })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.seen {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
}
