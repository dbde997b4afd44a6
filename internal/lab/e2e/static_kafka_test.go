//go:build kafka

package e2e

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// TestStaticMembers: a member with a name of its own is restarted within the session. It
// finds its partitions, the others do not notice, and nothing is sent twice or lost, in
// either protocol.
func TestStaticMembers(t *testing.T) {
	for _, protocol := range []consumer.Protocol{consumer.ProtocolClassic, consumer.ProtocolConsumer} {
		t.Run(protocol.String(), func(t *testing.T) {
			w := newWorld(t, sandbox.Options{})
			c := w.config()
			c.GroupProtocol = protocol
			start := func(name string) program {
				c.InstanceID = name
				return w.start(c)
			}
			a, b := start("pod-a"), start("pod-b")
			w.eventually(a, "the members share the partitions", func() bool { return w.owned(a)+w.owned(b) == partitions && w.owned(a) > 0 && w.owned(b) > 0 })
			had := w.owned(a)
			samples := func(seed uint64) { w.publish(generated(t, 2000, seed, sample.GeneratorOptions{Profiles: 5})) }
			samples(1)
			w.delivered(a)
			// In the classic protocol the group may agree anew on what everybody has: whether the
			// member that restarts is its leader is chance.
			changes := func() int {
				return strings.Count(b.log(), "partitions assigned") - strings.Count(b.log(), `"added":{}`) + strings.Count(b.log(), "partitions revoked")
			}
			before := changes()
			for round := range uint64(2) {
				if err := a.stop(); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(a.log(), "could not leave") {
					t.Errorf("it could not say that it will be back:\n%s", tail(a.log()))
				}
				samples(2 + round)
				a = start("pod-a")
				w.eventually(a, "it has its partitions again", func() bool { return w.owned(a) == had })
				w.delivered(a)
			}
			if n := changes() - before; n > 0 {
				t.Errorf("the other member's partitions were given out anew %d times while one restarted\n%s", n, tail(b.log()))
			}
			if w.owned(b) != partitions-had {
				t.Errorf("the other member has %d partitions, want %d as before", w.owned(b), partitions-had)
			}
			_, letters := w.deadLetters()
			w.checkVerdicts(letters)
			if d := w.amazon.Stats().Duplicates(); d != 0 {
				t.Errorf("%d events were sent twice", d)
			}
		})
	}
}
