package consumer

import (
	"time"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// lag is how far a partition is behind.
type lag struct {
	records int64         // the end of the partition less the next to be committed
	age     time.Duration // of the oldest record without a verdict; 0 if none
}

func (a *assignment) lag(now time.Time) (l lag, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ts, undone := a.ledger.Oldest(); undone {
		l.age = max(now.Sub(time.UnixMilli(ts)), 0)
	}
	next := a.committed
	if m := a.ledger.Prefix(); m != ledger.NoMark {
		next = m.Offset + 1
	}
	next = max(next, a.missedTo)
	if next < 0 || a.highWater < 0 {
		return l, false
	}
	l.records = max(a.highWater-next, 0)
	return l, true
}

// endsAt notes where the partition ends.
func (a *assignment) endsAt(end int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.highWater = max(a.highWater, end)
}

// still returns for how long the partition has not moved though it has records in
// hand. excused has it counted as if it had.
func (a *assignment) still(now time.Time, excused bool) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.ledger.Prefix(); excused || a.ledger.Undone() == a.others || a.parked > 0 || p != a.movedTo || a.movedAt.IsZero() {
		a.movedTo, a.movedAt = p, now
	}
	return now.Sub(a.movedAt)
}

// waitsFor returns the offset of the first record without a verdict.
func (a *assignment) waitsFor() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ledger.Beyond().Committed
}

// inFlight returns how many records have no verdict, and how many of them are parked.
func (a *assignment) inFlight() (events, parked int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase() == phaseEnded {
		return 0, 0
	}
	return a.ledger.Undone() - a.others, a.parked
}

// lost reports whether the brokers lost a record that was taken.
func (a *assignment) lost(seq uint64, offset int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ledger.Lost(seq, offset)
}
