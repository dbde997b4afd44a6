package consumer

import (
	"fmt"
	"testing"

	"github.com/tracklayer/amazon-capi/consumer/pump"
)

// A partition that holds for the registry, with more in its inbox than may lie
// about, holds alone.
func TestAHeldPartitionLeavesRoomForOthers(t *testing.T) {
	b := newBench(t, 2)
	var held []string
	for i := range 3 * pump.ChunkLen * 4 {
		held = append(held, fmt.Sprintf("p1|h%d-needs-registry", i))
	}
	b.publish(0, held...)
	dec := &textDecoder{away: true}
	s := newFakeSink(true)
	s.decoder = dec
	m := b.start(s, func(o *Options) { o.Workers = 1 })
	b.eventually("all of it is taken", func() bool { return m.Tally().Summary().Taken == uint64(len(held)) })
	b.publish(1, events("p2", 0, 3*pump.ChunkLen)...)
	b.eventually("the other partition's events are delivered", func() bool { return len(s.delivered()) == 3*pump.ChunkLen })
	dec.mu.Lock()
	dec.away = false
	dec.mu.Unlock()
	b.eventually("all are delivered", func() bool { return len(s.delivered()) == 3*pump.ChunkLen+len(held) })
}
