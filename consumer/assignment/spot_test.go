package assignment

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// TestParkedRecordThatWasLost: what is at its offset now is another record, which
// is taken on its own.
func TestParkedRecordThatWasLost(t *testing.T) {
	a := New(someTopic, 0, someInboxes(), func() {})
	for i := range int64(10) {
		a.ledger.Take(ledger.Mark{Offset: i, Epoch: 3}, 1, 0)
	}
	spotOf := func(seq uint64) *Spot {
		return &Spot{Owner: a, Seq: seq, At: ledger.Mark{Offset: int64(seq), Epoch: 3}}
	}
	a.ledger.Lose(5)
	for _, tc := range []struct {
		seq   uint64
		epoch int32
		want  bool
	}{{4, 3, false}, {4, 4, true}, {5, 3, true}, {9, 3, true}} {
		if got := spotOf(tc.seq).Replaced(&kgo.Record{Offset: int64(tc.seq), LeaderEpoch: tc.epoch}); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}
