package consumer

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestWhichTopicsAreGone: a revoke asks about all its topics in one request, and once more
// about those that seem gone: brokers that are slow hold it up no longer for many topics.
func TestWhichTopicsAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		topics := []string{topic, second, "orders.na", "orders.fe"}
		for _, name := range topics[1:] {
			if err := b.cluster.CreateTopic(name, 1, nil); err != nil {
				t.Fatal(err)
			}
		}
		b.slow(time.Millisecond) // fetches of a topic that is gone are answered at once, in no time
		m := b.start(newFakeSink(true), func(o *Options) { o.Topics = topics })
		time.Sleep(20 * time.Second)
		for _, name := range []string{second, "orders.fe"} {
			if err := b.cluster.DeleteTopic(name); err != nil {
				t.Fatal(err)
			}
		}
		if got := m.topicsGone(topics); !slices.Equal(got, []string{second, "orders.fe"}) {
			t.Errorf("%q are gone, want the two that were deleted", got)
		}
		if got := m.topicsGone([]string{topic, "orders.na"}); len(got) > 0 {
			t.Errorf("%q are gone, and were not deleted", got)
		}
		var asked atomic.Int32
		b.cluster.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
			b.cluster.KeepControl()
			if n := len(r.(*kmsg.MetadataRequest).Topics); n > 0 {
				if want := []int{4, 2}[min(asked.Add(1)-1, 1)]; n != want {
					t.Errorf("%d topics are asked about, want %d at once", n, want)
				}
			}
			return nil, nil, false
		})
		if m.topicsGone(topics); asked.Load() != 2 {
			t.Errorf("%d requests, want 2", asked.Load())
		}
	})
}
