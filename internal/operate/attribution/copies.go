package attribution

import (
	"hash/maphash"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// copies distinguishes the records that a redrive wrote from those that only claim to be
// such. Anybody who writes to the source can put a redrive's header on a record, and
// would hide it from the audit; but a redrive copies an original with its key, bytes and
// time, which is then in the window. Each original has one copy per round.
type copies struct {
	seed maphash.Seed
	most int
	// originals counts each record that claims to be a copy.
	originals map[uint64]int
	taken     map[round]int
}

// round is the n-th redrive of a record.
type round struct {
	key uint64
	n   int
}

func newCopies(most int) *copies {
	return &copies{maphash.MakeSeed(), most, make(map[uint64]int), make(map[round]int)}
}

func (c *copies) key(rec *kgo.Record) uint64 {
	return maphash.Comparable(c.seed, [2]string{string(rec.Key), string(rec.Value)})
}

// claim notes that a record claims to be a copy. Beyond the bound none is believed.
func (c *copies) claim(rec *kgo.Record) {
	if len(c.originals) < c.most {
		c.originals[c.key(rec)] += 0
	}
}

// original counts a record without such a claim.
func (c *copies) original(rec *kgo.Record) {
	key := c.key(rec)
	if n, claimed := c.originals[key]; claimed {
		c.originals[key] = n + 1
	}
}

// take reports whether a record that claims to be a copy is one.
func (c *copies) take(rec *kgo.Record) bool {
	r := round{c.key(rec), deadletter.Redrives(rec)}
	if c.taken[r] >= c.originals[r.key] {
		return false
	}
	c.taken[r]++
	return true
}
