package assignment

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// Commit is what to commit of a partition.
type Commit struct {
	Offset   kgo.EpochOffset
	Metadata string
	changes  uint64
}

// Commitable returns what to commit, and whether any of it is new. Its metadata has at most limit
// characters.
func (a *Assignment) Commitable(limit int) (c Commit, news bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.phase().commits() || !a.underWay() || a.ledger.Changes() == a.changes {
		return Commit{}, false
	}
	c.changes = a.ledger.Changes()
	end := ledger.Mark{Offset: a.ledger.Last().Offset + 1, Epoch: a.ledger.Last().Epoch}
	b := a.ledger.Beyond()
	c.Offset.Epoch = a.ledger.Prefix().Epoch
	if b.Add(&a.before, end.Offset) {
		c.Offset.Epoch = max(end.Epoch, a.before.Epoch)
	}
	b.Log, b.Witnesses = a.log, a.sworn()
	c.Offset.Offset, c.Metadata = b.Committed, b.Metadata(limit)
	return c, true
}

// underWay reports whether the group has said where the partition stands and that has
// been compared with the log. Before, the ledger has no beginning, and a commit of it
// could be far behind the group. mu is held.
func (a *Assignment) underWay() bool { return a.claim == nil && !a.unheard }

// SetCommitted notes that the brokers have accepted a commit.
func (a *Assignment) SetCommitted(c Commit) {
	a.mu.Lock()
	a.committed, a.changes = c.Offset.Offset, c.changes
	a.stamps = append(a.stamps[:0], stampOf(c.Offset.Offset, c.Metadata))
	a.mu.Unlock()
}
