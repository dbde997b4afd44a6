package consumer

import (
	"slices"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/twmb/franz-go/pkg/kgo"
)

// trust reports whether what was fetched of a partition may be taken: nothing
// while its claim is open, and nothing from a log that turns out to be another
// than it was. It remembers the last record as a witness. c.mu is held.
func (c *Consumer) trust(a *assignment, p *kgo.FetchPartition) bool {
	a.mu.Lock()
	if a.claim != nil || a.unheard {
		a.mu.Unlock()
		return false
	}
	first, last := p.Records[0], p.Records[len(p.Records)-1]
	if first.Offset <= a.ledger.Last().Offset || a.witnesses.Contradicted(a.ledger.Last().Offset, p.Records) {
		a.mu.Unlock()
		c.log.Error().Stringer("partition", topicPartition{a.topic, a.partition}).Int64("offset", first.Offset).
			Msg("the brokers hold other records than were read; comparing what is left with what was read")
		c.doubt(a)
		return false
	}
	if !c.reconnected(a) {
		a.mu.Unlock()
		c.doubt(a)
		return false
	}
	missed, from := a.jump(p.LogStartOffset, first.Offset)
	forgot := a.distrust(p.Records)
	a.witnesses = a.witnesses.Add(ledger.Witness{Offset: last.Offset, Print: ledger.Fingerprint(last)})
	a.mu.Unlock()
	tp := topicPartition{a.topic, a.partition}
	if missed > 0 {
		c.miss(tp, from, p.LogStartOffset, missed)
	}
	if forgot {
		c.metrics.refused.WithLabelValues(string(ledger.ReasonRewritten)).Inc()
		c.log.Warn().Stringer("partition", tp).Str("reason", string(ledger.ReasonRewritten)).Int64("offset", last.Offset).
			Msg("records of a later leader epoch are in the place of some that an earlier owner had settled; what it named from there on is sent again")
	}
	return true
}

// distrust forgets what an earlier owner had settled from the first record of a
// later epoch on: epochs rise along a log, so brokers have lost what was there. It
// reports whether that was anything. A leader that is elected in order writes behind
// all of it, and then nothing is forgotten, whatever one fetch brings together. mu is
// held.
func (a *assignment) distrust(records []*kgo.Record) (forgot bool) {
	if len(a.before.Settled) == 0 || records[len(records)-1].LeaderEpoch <= a.before.Epoch {
		return false
	}
	i := slices.IndexFunc(records, func(r *kgo.Record) bool { return r.LeaderEpoch > a.before.Epoch })
	later := records[i].Offset
	forgot = a.before.End() > later
	a.before = a.before.UpTo(later)
	a.witnesses = slices.Clone(a.witnesses.Below(later))
	return forgot
}
