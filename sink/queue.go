package sink

import (
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
)

// queue holds a lane's batches until they are sent. The lane's mu guards it.
type queue struct {
	open  *batch.Batch   // still growing; nil if there is none
	ready []*batch.Batch // full or waited long enough, in order
	front []*batch.Batch // what goes before: to be tried again, halves; the last goes first
	aside []*batch.Batch // events that Amazon wants later, each with its own time
	made  uint64         // batches that were closed so far
	// How many events and bytes the last of them had.
	lastEvents, lastBytes int
	memory                *batch.Memory
	// repeated is told of events that are in a batch already.
	repeated func(differs bool)
}

// closeOpen makes the open batch ready.
func (q *queue) closeOpen() {
	q.lastEvents, q.lastBytes = len(q.open.Events), q.open.Bytes
	q.open.Close(q.memory, q.repeated)
	q.made++
	q.open.Age = q.made
	q.ready = append(q.ready, q.open)
	q.open = nil
}

// push puts a batch before those that were never sent. Among themselves these
// go by age, because the oldest hold up most commits; one that is pushed goes
// before others of its age, the halves of one batch. Whoever sends next may take
// it as soon as mu is free, so the caller must not look at it after that.
func (q *queue) push(b *batch.Batch) {
	i := len(q.front)
	for i > 0 && q.front[i-1].Age < b.Age {
		i--
	}
	q.front = slices.Insert(q.front, i, b)
}

// pushHalves pushes a batch, in halves if it can be halved.
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

// due tells when there will be something to send; the queue is not empty.
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

// pop takes out the batch to send now; nil if there is none. A batch that is
// still growing is not one before its time, however idle the lane: half-empty
// requests cost Amazon's limits as much as full ones.
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
