package assignment

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Spot is the position of a parked record.
type Spot struct {
	Owner *Assignment
	Seq   uint64
	At    ledger.Mark
	Past  *verdict.Past // what happened to it before, if it was sent
}

// Replaced reports whether the brokers lost the parked record and hold another one in its place.
func (s *Spot) Replaced(rec *kgo.Record) bool {
	if s.At.Epoch >= 0 && rec.LeaderEpoch > s.At.Epoch {
		return true
	}
	return s.Owner.lost(s.Seq, s.At.Offset)
}
