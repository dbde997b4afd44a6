package assignment

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Assignment is one partition for as long as this member owns it. A partition that leaves and
// comes back is a new assignment with a new ledger, so that a verdict for the old one changes
// nothing.
type Assignment struct {
	topic     string
	partition int32

	life    atomic.Int32       // a phase; written with mu held
	stop    context.CancelFunc // stops the pump after its chunk, even while it waits for the registry
	stopped chan struct{}      // closed when the pump has returned

	wake    chan struct{} // capacity 1: the inbox is not empty
	inboxes *flow.Inboxes // all of them

	mu        sync.Mutex
	inbox     []Intake
	queued    int  // records in it and in the pump's hands that were not reread
	holding   bool // the pump waits for the registry
	ledger    ledger.Ledger
	committed int64         // the offset last committed; -1 before the first
	changes   uint64        // the ledger's at that commit
	before    ledger.Beyond // what earlier owners have settled
	claim     *ledger.Claim // to be compared with the log before anything is taken; nil if done
	running   bool          // the claim is about records of this assignment
	unheard   bool          // the group has given it, and not said yet where it stands
	given     int           // how often the group has given it
	log       ledger.LogID
	witnesses ledger.Witnesses
	link      Link             // the number of connections when records were last taken
	oath      ledger.Witnesses // from before another connection, not compared yet
	missedTo  int64            // missed records are counted up to this log start; -1 unknown
	begun     bool             // it is known where the ledger begins
	doubtedAt int64            // where the last look would have gone back to, plus one
	skipped   uint64           // records that were found in it
	highWater int64            // the partition's end as last seen; -1 unknown
	movedTo   ledger.Mark      // the settled prefix when watch last saw it change
	movedAt   time.Time
	parked    int           // without a verdict, and outside the window
	left      bool          // the pump has stopped
	unbegun   int           // taken, and never to be begun because of that
	drained   chan struct{} // closed when everything begun is settled, or at the end; nil while nobody waits
	stamps    []Stamp       // the commits that the group may hold of this partition, unless somebody else has committed
	first     int64         // the offset of the first record taken
	recalls   *Memory       // of the previous assignment, until the claim is settled
	member    string        // the client's member id when it was made, or came back
	since     time.Time     // when it was suspended
	returned  bool          // suspended, and the group has assigned the partition again
	refused   time.Time     // when its commits began to be refused while others were taken
	paused    bool          // and its fetches pause because of that

	// Of a job; selection is nil without one.
	selection   Selection
	leaveOthers bool
	atEnd       bool // everything selected has been taken
	others      int  // records in the ledger that are left for a later job
}

// Intake is records for the pump: consecutive ones in the ledger, or some that were parked and
// have been reread.
type Intake struct {
	Records  []*kgo.Record
	firstSeq uint64
	Seqs     []uint64        // those of parked records, instead of firstSeq
	Pasts    []*verdict.Past // likewise
	// Gone is set for parked records that no longer exist in Kafka and have no contents; Of is
	// their profile, empty if they have none.
	Gone bool
	Of   string
}

// Seq returns the sequence number of a record.
func (in *Intake) Seq(i int) uint64 {
	if in.Seqs != nil {
		return in.Seqs[i]
	}
	return in.firstSeq + uint64(i)
}

// Past returns what happened to a record before; nil if it was not sent.
func (in *Intake) Past(i int) *verdict.Past {
	if in.Pasts == nil {
		return nil
	}
	return in.Pasts[i]
}

var _ verdict.Owner = (*Assignment)(nil)

// New returns the assignment of a partition, whose inbox counts in all.
// stop stops its pump.
func New(topic string, partition int32, all *flow.Inboxes, stop context.CancelFunc) *Assignment {
	return &Assignment{
		topic:     topic,
		partition: partition,
		stop:      stop,
		stopped:   make(chan struct{}),
		wake:      make(chan struct{}, 1),
		inboxes:   all,
		ledger:    ledger.New(),
		committed: -1,
		highWater: -1,
		missedTo:  -1,
	}
}

// Live implements verdict.Owner.
func (a *Assignment) Live() bool { return a.phase() != phaseEnded }

// Fresh returns the records that are to be handled, and their size: those that no earlier owner
// has settled and that the job, if any, has selected. It returns records itself if that is all
// of them, which is nearly always the case.
func (a *Assignment) Fresh(records []*kgo.Record) (fresh []*kgo.Record, bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fresh = records
	for i, r := range records {
		if a.wants(r) {
			bytes += int64(verdict.SizeOf(r))
			if len(fresh) < len(records) {
				fresh = append(fresh, r)
			}
		} else if len(fresh) == len(records) {
			fresh = append(make([]*kgo.Record, 0, len(records)), records[:i]...)
		}
	}
	return fresh, bytes
}

func (a *Assignment) wants(r *kgo.Record) bool {
	return !r.Attrs.IsControl() && !a.before.Has(r.Offset, r.LeaderEpoch) && (a.selection == nil || a.selection.Has(a.partition, r.Offset))
}

// Push enters polled records into the ledger and those from Fresh into the pump's inbox. The
// others are settled in the ledger, if they are settled: the committed prefix passes them, and
// they stay in the metadata until it does. The same goes for transaction markers. It returns how
// many records were settled before.
func (a *Assignment) Push(records, fresh []*kgo.Record, highWater int64) (skipped int) {
	a.mu.Lock()
	a.highWater = max(a.highWater, highWater)
	if len(records) > 0 && a.ledger.Next() == 0 {
		a.first = records[0].Offset
	}
	for len(fresh) > 0 || len(records) > 0 {
		n := 0 // records that end alike
		for n < len(records) && (n < len(fresh)) && records[n] == fresh[n] {
			n++
		}
		if n > 0 {
			first := a.ledger.Next()
			for _, r := range records[:n] {
				a.ledger.Take(markOf(r), verdict.SizeOf(r), r.Timestamp.UnixMilli())
			}
			a.inbox = append(a.inbox, Intake{Records: records[:n], firstSeq: first})
			if !a.left {
				a.queue(n)
			}
			records, fresh = records[n:], fresh[n:]
			continue
		}
		r := records[0]
		seq := a.ledger.Take(markOf(r), 0, r.Timestamp.UnixMilli())
		switch {
		case r.Attrs.IsControl():
			a.ledger.Settle(seq)
		case a.leaveOthers && !a.before.Has(r.Offset, r.LeaderEpoch):
			a.others++ // in the ledger without a verdict, and in no inbox
			skipped++
		default:
			a.ledger.Settle(seq)
			a.skipped++
			skipped++
		}
		records = records[1:]
	}
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return skipped
}

func markOf(r *kgo.Record) ledger.Mark { return ledger.Mark{Offset: r.Offset, Epoch: r.LeaderEpoch} }

// Pull waits for the next run of records; ok is false if ctx is done.
func (a *Assignment) Pull(ctx context.Context) (in Intake, ok bool) {
	for {
		if ctx.Err() != nil {
			return Intake{}, false
		}
		a.mu.Lock()
		if len(a.inbox) > 0 {
			in = a.inbox[0]
			a.inbox[0] = Intake{}
			a.inbox = a.inbox[1:]
			a.mu.Unlock()
			return in, true
		}
		a.inbox = nil // or the slice would creep along its array forever
		a.mu.Unlock()
		select {
		case <-a.wake:
		case <-ctx.Done():
		}
	}
}

// Settle enters verdicts into the ledger. It returns those that are accepted, and their bytes
// that are no longer in flight. After the end of the assignment none is accepted: the next
// owner's commits may be further already.
func (a *Assignment) Settle(vs []verdict.Verdict) (counted []verdict.Verdict, bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase() == phaseEnded {
		return nil, 0
	}
	counted = vs
	for i := range vs {
		size, ok := a.ledger.Settle(vs[i].Handle.Seq)
		bytes += int64(size)
		switch {
		case ok && len(counted) < len(vs):
			counted = append(counted, vs[i])
		case !ok && len(counted) == len(vs):
			// A second verdict for one record. It must not happen, and counting it would
			// break the sum that shows that nothing is lost.
			counted = append(make([]verdict.Verdict, 0, len(vs)), vs[:i]...)
		}
	}
	a.noteDrained()
	return counted, bytes
}

// underway returns how many records the pump has begun that have no verdict, without those that
// are parked or left for a later job. mu is held.
func (a *Assignment) underway() int {
	if a.phase() == phaseEnded {
		return 0 // nobody waits for what the next owner sends
	}
	return a.ledger.Undone() - a.unbegun - a.parked - a.others
}

func (a *Assignment) noteDrained() {
	if a.drained != nil && a.underway() == 0 {
		close(a.drained)
		a.drained = nil
	}
}

// Park notes that records have left memory without a verdict. It appends their spots, and returns
// the bytes that are no longer in flight.
func (a *Assignment) Park(tokens []verdict.Handle, spots []Spot) (_ []Spot, freed int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase() == phaseEnded {
		return spots, 0
	}
	for _, t := range tokens {
		if at, more, ok := a.ledger.Resize(t.Seq, 0); ok {
			spots = append(spots, Spot{Owner: a, Seq: t.Seq, At: at})
			freed -= int64(more)
			a.parked++
		}
	}
	a.noteDrained()
	return spots, freed
}

// Again takes parked records that have been reread; false if the assignment begins nothing any
// more.
func (a *Assignment) Again(in Intake) bool {
	a.mu.Lock()
	if a.phase() == phaseEnded || a.left {
		a.mu.Unlock()
		return false
	}
	for i, seq := range in.Seqs {
		a.ledger.Resize(seq, verdict.SizeOf(in.Records[i]))
	}
	a.parked -= len(in.Seqs)
	a.inbox = append(a.inbox, in)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return true
}

// Leave records that the pump stopped with this many records of its run, and its whole inbox, not
// begun. During a revoke it is faster to let the next owner reread them than to deliver them.
func (a *Assignment) Leave(unbegun int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, in := range a.inbox {
		unbegun += len(in.Records)
	}
	a.inbox = nil
	a.queue(-a.queued)
	a.unbegun, a.left = unbegun, true
	close(a.stopped)
}

// Drain stops the pump and waits until everything it began has its verdict, or ctx is done. It
// returns how much is left without one, which its next owner sends again.
func (a *Assignment) Drain(ctx context.Context) (left int) {
	a.stop()
	select {
	case <-a.stopped:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.underway() > 0 {
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
	return a.underway()
}

// End fences the assignment: later verdicts are ignored. It returns what was still in flight,
// which goes back to the group, how much of it was parked, and what to remember if the partition
// comes back.
func (a *Assignment) End() (events, parked int, bytes int64, m *Memory) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase() == phaseEnded {
		return 0, 0, 0, nil
	}
	m = a.remember()
	a.life.Store(int32(phaseEnded))
	a.stop()
	a.inbox = nil
	a.noteDrained() // a stop and a revoke may wait for the same partition
	return a.ledger.Undone() - a.others, a.parked, a.ledger.Bytes(), m
}
