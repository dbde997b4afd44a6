package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// TestRollingRestartSendsNothingTwice: three members under load, each replaced
// in turn as a deployment does it, in the same group protocol.
func TestRollingRestartSendsNothingTwice(t *testing.T) {
	sideBySide(t)
	for _, protocol := range []consumer.Protocol{consumer.ProtocolClassic, consumer.ProtocolConsumer} {
		t.Run(protocol.String(), func(t *testing.T) { rollingRestart(t, protocol, protocol) })
	}
}

// rollingRestart replaces members of the first protocol by members of the others, all of
// them for each.
func rollingRestart(t *testing.T, from consumer.Protocol, rounds ...consumer.Protocol) {
	w := newWorld(t, sandbox.Options{Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{
		{Do: sandbox.Delay, Latency: 20 * time.Millisecond, Jitter: 30 * time.Millisecond},
	}}})
	c := w.config()
	c.Listen, c.GroupProtocol = "127.0.0.1:0", from
	members := []program{w.start(c), w.start(c), w.start(c)}
	w.eventually(members[0], "the members share the partitions", func() bool {
		for _, m := range members {
			if n := w.owned(m); n == 0 || n == partitions {
				return false
			}
		}
		return true
	})

	// Load goes on for as long as the restarts do.
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		samples := generated(t, 1_000_000, 11, sample.GeneratorOptions{Profiles: 20})
		w.publish(func(yield func(sample.Sample, error) bool) {
			n := 0
			for s, err := range samples {
				select {
				case <-stop:
					return
				default:
				}
				if n++; n%50 == 0 {
					time.Sleep(20 * time.Millisecond)
				}
				if !yield(s, err) {
					return
				}
			}
		})
	}()
	for n := range 3 * len(rounds) {
		i := n % 3
		m := members[i]
		c.GroupProtocol = rounds[n/3]
		before := w.amazon.Stats().Accepted
		w.eventually(m, "events flow", func() bool { return w.amazon.Stats().Accepted > before+100 })
		if err := m.stop(); err != nil {
			t.Fatalf("member %d ended with %v", i, err)
		}
		if !strings.Contains(m.log(), `"left":0`) {
			t.Errorf("member %d left events behind; the test proves nothing then:\n%s", i, tail(m.log()))
		}
		// The others take over first, so that the new member has to be given
		// partitions by members that are busy with them.
		other, another := members[(i+1)%3], members[(i+2)%3]
		w.eventually(other, "the others have taken over", func() bool { return w.owned(other)+w.owned(another) == partitions })
		members[i] = w.start(c)
		w.eventually(members[i], "the new member has partitions", func() bool { return w.owned(members[i]) > 0 })
	}
	close(stop)
	<-stopped
	w.delivered(members[0])
	_, letters := w.deadLetters()
	w.checkVerdicts(letters)
	if d := w.amazon.Stats().Duplicates(); d != 0 {
		t.Errorf("%d of %d events were sent twice by a rolling restart", d, len(w.published))
	}
}

// owned is how many partitions a member has.
func (w *world) owned(p program) int {
	_, body := w.get(p, "/metrics")
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "amazon_capi_partitions_owned ") {
			return number(w.t, line)
		}
	}
	return 0
}
