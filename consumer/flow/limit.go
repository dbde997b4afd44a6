package flow

import (
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// Limit is the maximum length of a commit's metadata. Brokers refuse a whole commit if it
// exceeds their offset.metadata.max.bytes, which they do not reveal.
type Limit struct {
	mu      sync.Mutex
	halved  int
	changed time.Time // when it was last halved or lengthened
}

// longerAfter is how long a limit is kept. Trying whether brokers accept more costs one request.
const longerAfter = 10 * time.Minute

// Now returns the limit.
func (l *Limit) Now() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ledger.MetadataLimit >> l.halved
}

// Shorten notes that metadata bounded by that limit was too long. It returns the new
// limit, and false if it cannot be shorter.
func (l *Limit) Shorten(from int, now time.Time) (limit int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ledger.MetadataLimit>>l.halved < from {
		return ledger.MetadataLimit >> l.halved, true // another partition of the same commit has halved it
	}
	if from == 0 {
		return 0, false
	}
	l.halved++
	l.changed = now
	return ledger.MetadataLimit >> l.halved, true
}

// Lengthen makes the next commits try whether the brokers accept more by now.
func (l *Limit) Lengthen(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.halved > 0 && now.Sub(l.changed) >= longerAfter {
		l.halved--
		l.changed = now
	}
}
