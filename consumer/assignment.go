package consumer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/sink"
)

// assignment is one partition for as long as this member owns it. A partition
// that leaves and comes back is a new assignment with a new ledger, so that a
// verdict for the old one finds nothing to change.
type assignment struct {
	topic     string
	partition int32

	ended   atomic.Bool
	stop    context.CancelFunc // stops the pump after its chunk, also while it holds for the registry
	stopped chan struct{}      // closed when the pump has returned

	wake chan struct{} // capacity 1: the inbox has something

	mu        sync.Mutex
	inbox     []intake
	ledger    ledger
	committed int64         // the offset last committed; -1 before the first
	highWater int64         // the partition's end as last seen; -1 unknown
	unbegun   int           // taken, and never to be begun because the pump has stopped
	drained   chan struct{} // closed when all that was begun is settled; nil while nobody waits
}

// intake is a run of records that follow each other in the ledger.
type intake struct {
	records  []*kgo.Record
	firstSeq uint64
}

var _ sink.Owner = (*assignment)(nil)

func newAssignment(topic string, partition int32, stop context.CancelFunc) *assignment {
	return &assignment{
		topic:     topic,
		partition: partition,
		stop:      stop,
		stopped:   make(chan struct{}),
		wake:      make(chan struct{}, 1),
		ledger:    newLedger(),
		committed: -1,
		highWater: -1,
	}
}

// Live implements sink.Owner.
func (a *assignment) Live() bool { return !a.ended.Load() }

// push enters polled records into the ledger and the pump's inbox, and returns
// their size.
func (a *assignment) push(records []*kgo.Record, highWater int64) (bytes int64) {
	a.mu.Lock()
	first := a.ledger.next
	for _, r := range records {
		size := recordSize(r)
		a.ledger.take(mark{r.Offset, r.LeaderEpoch}, size, r.Timestamp.UnixMilli())
		bytes += int64(size)
	}
	a.inbox = append(a.inbox, intake{records, first})
	a.highWater = max(a.highWater, highWater)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return bytes
}

// pull waits for the next run of records; ok is false when ctx is done.
func (a *assignment) pull(ctx context.Context) (in intake, ok bool) {
	for {
		if ctx.Err() != nil {
			return intake{}, false
		}
		a.mu.Lock()
		if len(a.inbox) > 0 {
			in = a.inbox[0]
			a.inbox[0] = intake{}
			a.inbox = a.inbox[1:]
			a.mu.Unlock()
			return in, true
		}
		a.inbox = nil // or the slice would creep along its array for ever
		a.mu.Unlock()
		select {
		case <-a.wake:
		case <-ctx.Done():
		}
	}
}

// settle enters verdicts into the ledger. It returns those that count, and their
// bytes that are no longer in flight. After the end of the assignment none
// counts: what the partition's next owner has committed may be further already.
func (a *assignment) settle(vs []sink.Verdict) (counted []sink.Verdict, bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended.Load() {
		return nil, 0
	}
	counted = vs
	for i := range vs {
		size, ok := a.ledger.settle(vs[i].Token.Seq)
		bytes += int64(size)
		switch {
		case ok && len(counted) < len(vs):
			counted = append(counted, vs[i])
		case !ok && len(counted) == len(vs):
			// A second verdict for one record. It must not happen, and counting
			// it would break the sum that says nothing is lost.
			counted = append(make([]sink.Verdict, 0, len(vs)), vs[:i]...)
		}
	}
	if a.ledger.undone == a.unbegun && a.drained != nil {
		close(a.drained)
		a.drained = nil
	}
	return counted, bytes
}

// leave records that the pump stopped with this many records of its run, and
// all of its inbox, not begun. On the way out it is quicker to let the next
// owner read them again than to deliver them.
func (a *assignment) leave(unbegun int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, in := range a.inbox {
		unbegun += len(in.records)
	}
	a.inbox = nil
	a.unbegun = unbegun
	close(a.stopped)
}

// drain stops the pump and waits until everything it began has its verdict, or
// until ctx is done. It returns how much of that is left without one: what its
// next owner sends again.
func (a *assignment) drain(ctx context.Context) (left int) {
	a.stop()
	select {
	case <-a.stopped:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ledger.undone > a.unbegun {
		drained := a.drained
		if drained == nil {
			drained = make(chan struct{})
			a.drained = drained
		}
		a.mu.Unlock()
		select {
		case <-drained:
		case <-ctx.Done():
		}
		a.mu.Lock()
	}
	return a.ledger.undone - a.unbegun
}

// end fences the assignment: no verdict counts any more. It returns what was
// still in flight, which goes back to the group.
func (a *assignment) end() (events int, bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended.Swap(true) {
		return 0, 0
	}
	a.stop()
	a.inbox = nil
	return a.ledger.undone, a.ledger.bytes
}

// commitable returns the offset to commit and whether it is news.
func (a *assignment) commitable() (o kgo.EpochOffset, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	m := a.ledger.prefix()
	if a.ended.Load() || m == noMark || m.offset+1 == a.committed {
		return kgo.EpochOffset{}, false
	}
	return kgo.EpochOffset{Epoch: m.epoch, Offset: m.offset + 1}, true
}

func (a *assignment) setCommitted(offset int64) {
	a.mu.Lock()
	a.committed = offset
	a.mu.Unlock()
}

// recordSize is what a record costs in memory, roughly: its bytes and the
// structs around them.
func recordSize(r *kgo.Record) int32 {
	const overhead = 160
	size := len(r.Key) + len(r.Value) + overhead
	for _, h := range r.Headers {
		size += len(h.Key) + len(h.Value) + 40
	}
	return int32(size)
}

// lag is how far a partition is behind.
type lag struct {
	records int64         // the end of the partition less the next to be committed
	age     time.Duration // of the oldest record without a verdict; 0 if none
}

func (a *assignment) lag(now time.Time) (l lag, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ts, undone := a.ledger.oldest(); undone {
		l.age = max(now.Sub(time.UnixMilli(ts)), 0)
	}
	next := a.committed
	if m := a.ledger.prefix(); m != noMark {
		next = m.offset + 1
	}
	if next < 0 || a.highWater < 0 {
		return l, false
	}
	l.records = max(a.highWater-next, 0)
	return l, true
}
