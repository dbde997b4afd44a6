package guard

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// readingsAtOnce is how many letters are read again before their events are passed on.
const readingsAtOnce = 200

// readAgain reads the records of letters that are no longer held.
func (g *Guard) readAgain(ctx context.Context, r Reader) {
	for ctx.Err() == nil {
		g.mu.Lock()
		n := min(len(g.again), readingsAtOnce)
		letters := g.again[:n:n]
		if g.again = g.again[n:]; len(g.again) == 0 {
			g.again = nil
		}
		g.mu.Unlock()
		if n == 0 {
			return
		}
		whole := true
		for _, l := range letters {
			if !l.Record.Live() {
				g.opts.Fenced.Inc()
				continue
			}
			if _, ok := g.read(ctx, r, l); ok {
				r.Take(l.Handle(), nil)
			} else {
				whole = false
			}
		}
		r.Flush()
		if !whole {
			return // at the next tick: what is missing is missing for all
		}
	}
}

// recordOf returns the record of a letter.
func recordOf(l *deadletter.Draft) *kgo.Record {
	s := l.Source()
	return &kgo.Record{
		Topic: s.Topic, Partition: s.Partition, Offset: s.Offset, Timestamp: time.UnixMilli(s.Timestamp),
		Key: l.Key, Value: l.Value, Headers: l.Headers,
	}
}
