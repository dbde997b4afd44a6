package commits

import (
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/faultpoint"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// errLeftOut is for what a commit's answer does not mention: nothing shows that it was accepted.
var errLeftOut = errors.New("the brokers' answer leaves it out")

// passes reports whether a commit that failed with this error may succeed a moment later:
// the group rebalances, its coordinator moves, a connection breaks, the member has
// another epoch.
func (c *Committer) passes(err error) bool {
	var code *kerr.Error
	if !errors.As(err, &code) || c.outdated(err) {
		return true
	}
	again := []*kerr.Error{kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.UnknownServerError}
	return code.Retriable || slices.Contains(again, code)
}

// outdated reports whether a commit was refused because the group has another epoch of
// this member, or none. The partitions need not be lost: the next heartbeat brings the
// epoch, or makes the client rejoin and find them unchanged.
func (c *Committer) outdated(err error) bool {
	return errors.Is(err, kerr.StaleMemberEpoch) || errors.Is(err, kerr.FencedMemberEpoch) || errors.Is(err, kerr.UnknownMemberID) && c.ByEpoch()
}

// committed processes the brokers' answer to a commit.
func (c *Committer) committed(b *batch, resp *kmsg.OffsetCommitResponse, err error) {
	faultpoint.At("committed")
	b.passes = false
	if errors.Is(err, errFenced) {
		return
	}
	if err != nil {
		b.passes = c.passes(err)
		c.commitFailed(err, false)
		return
	}
	refused, failed := c.refusedOf(b, resp)
	lasts := false
	if taken := len(b.sent) - len(refused); !b.tooLong && (taken > 0 || len(refused) > 0 && b.ofTopic && c.others(refused)) {
		// Partitions refused individually must not stop the others, of which there may be
		// nothing to commit at the time.
		c.brake.Release()
		lasts = c.commitsRefused(refused)
	}
	if failed != nil {
		c.commitFailed(failed, lasts)
		return
	}
	if b.tooLong {
		return
	}
	c.metrics.commits.Inc()
	c.Condition.OK()
}

// refusedOf notes what was committed, and returns what the brokers did not confirm, and why.
func (c *Committer) refusedOf(b *batch, resp *kmsg.OffsetCommitResponse) (refused []*assignment.Assignment, failed error) {
	refuse := func(tp assignment.TopicPartition, err error) {
		refused = append(refused, b.of[tp])
		// A permanent refusal is the more informative reason.
		if failed == nil || !c.passes(err) {
			failed = fmt.Errorf("%s: %w", tp, err)
		}
		b.passes = b.passes || c.passes(err)
		b.ofTopic = b.ofTopic && ofTopic(err)
	}
	b.ofTopic = true
	answered := make(map[assignment.TopicPartition]bool, len(b.sent))
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			tp := c.Topics.PartitionOf(t.Topic, t.TopicID, p.Partition)
			if !b.sent[tp] || answered[tp] {
				continue
			}
			answered[tp] = true
			err := kerr.ErrorForCode(p.ErrorCode)
			switch {
			case errors.Is(err, kerr.OffsetMetadataTooLarge) && c.shorten(b):
			case err != nil:
				refuse(tp, err)
			default:
				a := b.of[tp]
				a.SetCommitted(b.commits[tp])
				c.commitTaken(a)
			}
		}
	}
	for tp := range b.sent {
		if !answered[tp] {
			refuse(tp, errLeftOut)
		}
	}
	return refused, failed
}

// ofTopic reports whether a commit was refused for its topic, which says nothing about
// commits of others.
func ofTopic(err error) bool {
	return errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID)
}

// others reports whether there are assignments of topics other than these.
func (c *Committer) others(refused []*assignment.Assignment) bool {
	return slices.ContainsFunc(c.Owner.Living(), func(a *assignment.Assignment) bool {
		return !slices.ContainsFunc(refused, func(r *assignment.Assignment) bool { return r.Topic() == a.Topic() })
	})
}

// shorten retries a refused commit with less metadata. It returns false if nothing more
// can be left out.
func (c *Committer) shorten(b *batch) bool {
	to, ok := c.limit.Shorten(b.limit, c.Now())
	if ok && !b.tooLong {
		c.Log.Warn().Int("characters", b.limit).Int("trying", to).
			Msg("the brokers refuse a commit's metadata (offset.metadata.max.bytes); what is left out is sent again after a crash")
	}
	b.tooLong = b.tooLong || ok
	return ok
}

// commitFailed reports a failed commit, unless the fault may pass by itself and has not
// lasted. lasts is whether a fault of single partitions, while others are committed, has.
func (c *Committer) commitFailed(err error, lasts bool) {
	c.metrics.failures.Inc()
	if c.outdated(err) {
		c.LearnEpoch()
	}
	what := "they are tried again, and a crash before that sends what they cover again"
	on := c.brake.On(c.Now())
	if on {
		what = "nothing more is taken until they can be"
	}
	if c.passes(err) && !on && !lasts {
		return
	}
	c.Condition.Fail(fmt.Sprintf("offsets cannot be committed: %s; %s", redact.Error(err), what))
}
