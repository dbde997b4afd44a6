package sink

import (
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/gate"
)

// Past is what happened to events before their lane gave them back. The reader passes it to
// AddAgain when it reads them again, so that their receipts and dead letters count all
// requests and their rounds of tries continue. It is immutable.
type Past struct {
	batch.Trials

	// For what a strange lane gave back.
	refused gate.Row
	said    string
}

// NotBefore returns when the events may be sent again; the zero time if at any time. It may
// be called on nil.
func (p *Past) NotBefore() time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.Until
}

// pastOf returns the past of a batch that is given back, nil if it was never sent.
func pastOf(b *batch.Batch) *Past {
	if b.None() {
		return nil
	}
	return &Past{Trials: b.Trials}
}

// addAgain takes a feed's events that were given back after they had been sent. They share
// their past, so they get batches of their own. The caller holds mu.
func (l *lane) addAgain(g *group, now time.Time) {
	l.recall(g.past, now)
	m := l.sink.memory
	start := 0
	for first := 0; first < len(g.events); {
		b := m.NewBatch(now, len(g.events)-first, len(g.buf)-start)
		n := l.fit(nil, g.events[first:], start)
		b.Add(m, g.events[first:first+n], g.buf, len(g.route.Frame.Between), n, start)
		b.Close(m, l.repeated)
		b.Trials, b.AsOf = g.past.Trials, g.asOf
		l.made++
		b.Age = l.made
		if b.Until.After(now) {
			l.aside = append(l.aside, b)
		} else {
			l.push(b)
		}
		first += n
		start = g.events[first-1].End
	}
}
