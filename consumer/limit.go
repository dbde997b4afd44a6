package consumer

import (
	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"sync"
	"time"
)

// limit is how long the metadata of a commit may be. Brokers refuse a commit whole if
// it has more than their offset.metadata.max.bytes, which they do not tell.
type limit struct {
	mu      sync.Mutex
	halved  int
	changed time.Time // when it was halved last, or tried to be longer
}

// longerAfter is how long a limit that was found is believed. Trying what the brokers
// may still not take costs one request.
const longerAfter = 10 * time.Minute

func (l *limit) now() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ledger.MetadataLimit >> l.halved
}

// shorten notes that metadata bounded by that limit was too long. It returns the limit
// from now on, and false if there is no shorter one.
func (l *limit) shorten(from int, now time.Time) (limit int, ok bool) {
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

// lengthen has the next commits try whether the brokers take more by now.
func (l *limit) lengthen(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.halved > 0 && now.Sub(l.changed) >= longerAfter {
		l.halved--
		l.changed = now
	}
}

// shorten has a commit that was refused tried again with less metadata. It returns
// false if there is none that could be left out.
func (c *Consumer) shorten(b *commitBatch) bool {
	to, ok := c.metadataLimit.shorten(b.limit, c.opts.Now())
	if ok && !b.tooLong {
		c.log.Warn().Int("characters", b.limit).Int("trying", to).
			Msg("the brokers refuse a commit's metadata (offset.metadata.max.bytes); what is left out is sent again after a crash")
	}
	b.tooLong = b.tooLong || ok
	return ok
}
