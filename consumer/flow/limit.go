package flow

import (
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// Limit is how long the metadata of a commit may be. Brokers refuse a commit whole if
// it has more than their offset.metadata.max.bytes, which they do not tell.
type Limit struct {
	mu      sync.Mutex
	halved  int
	changed time.Time // when it was halved last, or tried to be longer
}

// longerAfter is how long a limit that was found is believed. Trying what the brokers
// may still not take costs one request.
const longerAfter = 10 * time.Minute

// Now returns the limit.
func (l *Limit) Now() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ledger.MetadataLimit >> l.halved
}

// Shorten notes that metadata bounded by that limit was too long. It returns the limit
// from now on, and false if there is no shorter one.
func (l *Limit) Shorten(from int, now time.Time) (limit int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ledger.MetadataLimit>>l.halved < from {
		return ledger.MetadataLimit >> l.halved, true // another partition of the same commit has said so
	}
	if from == 0 {
		return 0, false
	}
	l.halved++
	l.changed = now
	return ledger.MetadataLimit >> l.halved, true
}

// Lengthen has the next commits try whether the brokers take more by now.
func (l *Limit) Lengthen(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.halved > 0 && now.Sub(l.changed) >= longerAfter {
		l.halved--
		l.changed = now
	}
}
