package dlq

import (
	"fmt"
	"hash/maphash"
)

// Rounds counts how often events were redriven. The header with the count is on records
// of the source, where anybody who may write there can set it; so it is believed only if
// the dead-letter topic confirms it: each round has left a letter with the same bytes
// that is done.
type Rounds struct {
	seed maphash.Seed
	done map[uint64]int
}

// NewRounds returns an empty count.
func NewRounds() *Rounds { return &Rounds{maphash.MakeSeed(), make(map[uint64]int)} }

// key is the same for all letters of an event. A letter without its value is identified
// by its ids or, without those, by its position.
func (r *Rounds) key(e *Entry) uint64 {
	l := &e.Letter
	if l.Pointer {
		return maphash.Comparable(r.seed, [3]string{"place", l.Topic, fmt.Sprint(l.Partition, "/", l.Offset)})
	}
	if l.ValueOmitted > 0 {
		return maphash.Comparable(r.seed, [3]string{"ids", l.ProfileID, l.EventID})
	}
	return maphash.Comparable(r.seed, [3]string{"bytes", string(l.Key), string(l.Value)})
}

// Add counts an entry that is done.
func (r *Rounds) Add(e *Entry) {
	if e.Done && !e.NoLetter {
		r.done[r.key(e)]++
	}
}

// Of returns how often the event of an entry was redriven: what its letter says, but no
// more than there are letters for; 0 for a nil Rounds.
func (r *Rounds) Of(e *Entry) int {
	if r == nil || e.Letter.Redrives == 0 {
		return 0
	}
	return min(e.Letter.Redrives, r.done[r.key(e)])
}
