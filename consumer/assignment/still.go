package assignment

import (
	"time"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// Lag is how far a partition is behind.
type Lag struct {
	Records int64         // the end of the partition minus the next offset to commit
	Age     time.Duration // of the oldest record without a verdict; 0 if there is none
}

// Lag returns how far the partition is behind; false if its end, or where it continues,
// is unknown. Both are after the start of the log, so an end before that is out of date.
func (a *Assignment) Lag(now time.Time) (l Lag, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ts, undone := a.ledger.Oldest(); undone {
		l.Age = max(now.Sub(time.UnixMilli(ts)), 0)
	}
	next := a.committed
	if m := a.ledger.Prefix(); m != ledger.NoMark {
		next = m.Offset + 1
	}
	next = max(next, a.missedTo)
	known := a.begun || next >= 0
	if next = max(next, 0); !known || a.highWater < next {
		return l, false
	}
	l.Records = a.highWater - next
	return l, true
}

// EndsAt notes where the partition ends.
func (a *Assignment) EndsAt(end int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.highWater = max(a.highWater, end)
}

// Still returns how long the partition has not moved although it has records in hand.
// excused counts as movement.
func (a *Assignment) Still(now time.Time, excused bool) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.ledger.Prefix(); excused || a.ledger.Undone() == a.others || a.parked > 0 || p != a.movedTo || a.movedAt.IsZero() {
		a.movedTo, a.movedAt = p, now
	}
	return now.Sub(a.movedAt)
}

// WaitsFor returns the offset of the first record without a verdict.
func (a *Assignment) WaitsFor() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ledger.Beyond().Committed
}

// InFlight returns how many records have no verdict, and how many of them are parked.
func (a *Assignment) InFlight() (events, parked int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase() == phaseEnded {
		return 0, 0
	}
	return a.ledger.Undone() - a.others, a.parked
}

// lost reports whether the brokers lost a record that was taken.
func (a *Assignment) lost(seq uint64, offset int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ledger.Lost(seq, offset)
}
