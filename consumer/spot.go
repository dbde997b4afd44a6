package consumer

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// spot is the place of a parked record.
type spot struct {
	owner *assignment
	seq   uint64
	at    ledger.Mark
	past  *verdict.Past // what happened to it before, if it was sent
}

// replaced reports whether the brokers lost the record that was parked, and hold
// another one in its place.
func (s *spot) replaced(rec *kgo.Record) bool {
	if s.at.Epoch >= 0 && rec.LeaderEpoch > s.at.Epoch {
		return true
	}
	return s.owner.lost(s.seq, s.at.Offset)
}
