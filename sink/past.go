package sink

import (
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/gate"
)

// Past is what has happened to events before their lane gave them back. Whoever
// reads them again hands it to AddAgain, so that their receipts and dead letters
// count all requests, and their rounds of tries go on. It does not change.
type Past struct {
	batch.Trials

	// Of what a strange lane gave back.
	refused gate.Row
	said    string
}

// NotBefore is when the events may be sent again; the zero time if at any. There
// is nothing to be done with them before. It may be called on nil.
func (p *Past) NotBefore() time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.Until
}

// pastOf is what a batch takes along when it is given back, nil if it was never sent.
func pastOf(b *batch.Batch) *Past {
	if b.None() {
		return nil
	}
	return &Past{Trials: b.Trials}
}

// addAgain takes a feed's events that were given back after they had been sent. They
// share their past, so they get batches of their own. The caller holds mu.
func (l *lane) addAgain(g *group, now time.Time) {
	l.recall(g.past, now)
	m := l.sink.memory
	start := 0
	for first := 0; first < len(g.events); {
		b := m.NewBatch(now, len(g.events)-first, len(g.buf)-start)
		n := l.fit(nil, g.events[first:], start)
		b.Add(m, g.events[first:first+n], g.buf, len(g.route.Frame.Between), n, start)
		b.Close(m, l.repeated)
		b.Trials = g.past.Trials
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
