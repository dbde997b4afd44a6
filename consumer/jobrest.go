package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/commits"
	"github.com/tracklayer/amazon-capi/consumer/proof"
)

// A job is not over just because this member has nothing left to do: other partitions may
// still belong to a killed member, and be assigned here when its session ends, or slow
// brokers may assign them later. So a job ends when the group has also settled the selected
// records of the partitions that others have.

// restEvery is how often a member with nothing left to do examines the rest of the job elsewhere.
const restEvery = 500 * time.Millisecond

// topicGoneFor is how long brokers must report that the topic does not exist before a job
// believes them: it may be about to be recreated, which has an error of its own.
const topicGoneFor = time.Minute

var (
	errElsewhere = errors.New("other members of the group have them; the same command goes on with what they leave")
	errDeleted   = errors.New("the topic was deleted before the job was done")
)

// jobEnd decides when a member's part of a job is the end of it.
type jobEnd struct {
	admin  *kadm.Client
	looked time.Time
	since  time.Time // when only others had anything left to do; zero while this member has, or nobody says
	gone   time.Time // when brokers first said that the topic does not exist
}

// reached reports whether the job has ended, and fails the run if the rest of it is with
// live members.
func (e *jobEnd) reached(ctx context.Context, c *Consumer, settled bool) bool {
	now := c.opts.Now()
	if !settled {
		e.since, e.gone = time.Time{}, time.Time{}
		return false
	}
	if now.Sub(e.looked) < restEvery {
		return false
	}
	e.looked = now
	rest, settled, err := c.jobRest(ctx, e.admin)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		e.since = time.Time{}
		if e.gone.IsZero() {
			e.gone = now
		}
		if now.Sub(e.gone) > topicGoneFor {
			c.abort(fmt.Errorf("topic %q: %w", c.opts.Topics[0], errDeleted))
		}
		return false
	}
	e.gone = time.Time{}
	switch {
	case err != nil, !settled:
		// Other code reports brokers that are away. Other members could settle nothing
		// either, or may have left meanwhile: they get a session's time from when it is
		// known again what is left.
		e.since = time.Time{}
		return false
	case len(rest) == 0:
		return true
	case e.since.IsZero():
		e.since = now
		c.log.Info().Ints32("partitions", rest).Msg("this member's part of the job is done; other partitions of it are with members that live, or did until a moment ago")
	}
	// A killed member is out of the group by then, and its partitions are here.
	if patience := c.session() + c.opts.RebalanceTimeout; now.Sub(e.since) > patience {
		c.abort(fmt.Errorf("partitions %v of the job are not done: %w", rest, errElsewhere))
	}
	return false
}

// jobRest returns the partitions with selected and unsettled records that this member
// does not have, and whether everything is settled in those that it had at the same
// moment: one may have been assigned during the request.
func (c *Consumer) jobRest(ctx context.Context, admin *kadm.Client) (rest []int32, settled bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, commits.Timeout)
	defer cancel()
	name := c.opts.Topics[0] // a job has one
	topic, err := c.describeTopic(ctx, name)
	if err != nil {
		return nil, false, err
	}
	if c.topics.Differs(name, topic.TopicID) {
		c.remake(name, topic.TopicID)
		return nil, false, nil
	}
	starts, err := admin.ListStartOffsets(ctx, name)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, false, err
	}
	selection := c.opts.Job.Selection
	settled = true
	c.mu.Lock()
	starts.Each(func(o kadm.ListedOffset) {
		a := c.assignments[assignment.Of(o.Topic, o.Partition)]
		switch {
		case a != nil:
			_, done := a.Progress()
			settled = settled && done
		case selection.End(o.Partition) > o.Offset:
			rest = append(rest, o.Partition)
		}
	})
	c.mu.Unlock()
	if len(rest) == 0 || !settled {
		return nil, settled, nil
	}
	slices.Sort(rest)
	done, err := proof.ReadProgress(ctx, c.client, c.opts.Group, name)
	if err != nil {
		return nil, false, err
	}
	return slices.DeleteFunc(rest, func(p int32) bool {
		o, _ := starts.Lookup(name, p)
		for at := max(done.Committed(p), o.Offset); at < selection.End(p); at++ {
			if selection.Has(p, at) && !done.Settled(p, at, 0) {
				return false
			}
		}
		return true
	}), true, nil
}
