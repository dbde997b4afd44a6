package consumer

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// commit is what is to be committed of a partition.
type commit struct {
	offset   kgo.EpochOffset
	metadata string
	changes  uint64
}

// commitable returns what to commit, and whether any of it is news.
// Its metadata has at most limit characters.
func (a *assignment) commitable(limit int) (c commit, news bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.phase().commits() || !a.underWay() || a.ledger.Changes() == a.changes {
		return commit{}, false
	}
	c.changes = a.ledger.Changes()
	end := ledger.Mark{Offset: a.ledger.Last().Offset + 1, Epoch: a.ledger.Last().Epoch}
	b := a.ledger.Beyond()
	c.offset.Epoch = a.ledger.Prefix().Epoch
	if b.Add(&a.before, end.Offset) {
		c.offset.Epoch = max(end.Epoch, a.before.Epoch)
	}
	b.Log, b.Witnesses = a.log, a.sworn()
	c.offset.Offset, c.metadata = b.Committed, b.Metadata(limit)
	return c, true
}

// underWay reports whether the group has said where the partition stands and that has
// been compared with the log. Before, the ledger begins nowhere: what would be
// committed of it could be far behind the group. mu is held.
func (a *assignment) underWay() bool { return a.claim == nil && !a.unheard }

func (a *assignment) setCommitted(c commit) {
	a.mu.Lock()
	a.committed, a.changes = c.offset.Offset, c.changes
	a.stamps = append(a.stamps[:0], stampOf(c.offset.Offset, c.metadata))
	a.mu.Unlock()
}
