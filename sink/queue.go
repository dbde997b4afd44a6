package sink

import (
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
)

// queue holds a lane's batches until they are sent. The lane's mu guards it.
type queue struct {
	open  *batch.Batch   // still growing; nil if there is none
	ready []*batch.Batch // full or old enough, in order
	front []*batch.Batch // to be sent before ready: retries and halves; the last goes first
	aside []*batch.Batch // events to be sent later, each with its own time
	made  uint64         // how many batches were closed so far
	// The number of events and bytes in the last of them.
	lastEvents, lastBytes int
	memory                *batch.Memory
	// repeated is called for events that are in a batch already.
	repeated func(differs bool)
}

// closeOpen closes the open batch for sending.
func (q *queue) closeOpen() {
	q.lastEvents, q.lastBytes = len(q.open.Events), q.open.Bytes
	q.open.Close(q.memory, q.repeated)
	q.made++
	q.open.Age = q.made
	q.ready = append(q.ready, q.open)
	q.open = nil
}

// push puts a batch before those that were never sent. These are ordered by age, because the
// oldest hold up most commits; a pushed batch goes before others of its age, the halves of
// one batch. Another goroutine may take it as soon as mu is free, so the caller must not use
// it afterwards.
func (q *queue) push(b *batch.Batch) {
	i := len(q.front)
	for i > 0 && q.front[i-1].Age < b.Age {
		i--
	}
	q.front = slices.Insert(q.front, i, b)
}

// pushHalves pushes a batch, in halves if it can be split.
func (q *queue) pushHalves(b *batch.Batch) {
	if len(b.Events) == 1 {
		q.push(b)
		return
	}
	first, second := b.Halves()
	q.push(second)
	q.push(first)
}

func (q *queue) empty() bool {
	return q.open == nil && len(q.ready) == 0 && len(q.front) == 0 && len(q.aside) == 0
}

// due returns when there will be something to send; the queue must not be empty.
func (q *queue) due(now time.Time) (at time.Time) {
	if len(q.front) > 0 || len(q.ready) > 0 {
		return now
	}
	for _, b := range q.aside {
		if at.IsZero() || b.Until.Before(at) {
			at = b.Until
		}
	}
	if q.open != nil && (at.IsZero() || q.open.Due.Before(at)) {
		at = q.open.Due
	}
	return at
}

// pop removes and returns the batch to send now; nil if there is none. A growing batch is not
// sent before its time, however idle the lane: half-empty requests use up Amazon's limits as
// much as full ones.
func (q *queue) pop(now time.Time) (b *batch.Batch) {
	if n := len(q.front); n > 0 {
		b, q.front[n-1] = q.front[n-1], nil
		q.front = q.front[:n-1]
		return b
	}
	for i, a := range q.aside {
		if !a.Until.After(now) {
			q.aside = slices.Delete(q.aside, i, i+1)
			return a
		}
	}
	if len(q.ready) == 0 && q.open != nil && !q.open.Due.After(now) {
		q.closeOpen()
	}
	if len(q.ready) == 0 {
		return nil
	}
	b, q.ready[0] = q.ready[0], nil
	q.ready = q.ready[1:]
	return b
}
