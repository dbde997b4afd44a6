package consumer

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// trust reports whether fetched records of a partition may be taken: nothing while its
// claim is open, and nothing from a log that turns out to have changed. It keeps the last
// record as a witness. c.mu is held.
func (c *Consumer) trust(a *assignment.Assignment, p *kgo.FetchPartition) bool {
	tp := a.TopicPartition()
	t := a.Trust(p, func(l *assignment.Link) bool { return c.reconnected(tp, l) })
	first, last := p.Records[0].Offset, p.Records[len(p.Records)-1].Offset
	if t.Sworn {
		signal(c.oaths)
	}
	switch {
	case t.Other:
		c.log.Error().Stringer("partition", tp).Int64("offset", first).
			Msg("the brokers hold other records than were read; comparing what is left with what was read")
		c.doubt(a)
	case t.Twice:
		c.doubt(a)
	}
	if !t.Ok {
		return false
	}
	if t.Missed > 0 {
		c.miss(tp, t.From, p.LogStartOffset, t.Missed)
	}
	if t.Forgot {
		c.metrics.refused.WithLabelValues(string(ledger.ReasonRewritten)).Inc()
		c.log.Warn().Stringer("partition", tp).Str("reason", string(ledger.ReasonRewritten)).Int64("offset", last).
			Msg("records of a later leader epoch are in the place of some that an earlier owner had settled; what it named from there on is sent again")
	}
	return true
}

// reconnected reports whether there has been another connection to the leader of a partition.
func (c *Consumer) reconnected(tp assignment.TopicPartition, l *assignment.Link) bool {
	return c.links.Changed(l, func() int32 {
		leader, _, _ := c.client.PartitionLeader(tp.Topic, tp.Partition)
		return leader
	})
}
