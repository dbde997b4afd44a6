package consumer

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/crash"
)

const (
	// commitTimeout bounds one commit: long enough for a coordinator that moves,
	// short enough for a revoke to get its turn within the rebalance timeout.
	commitTimeout = 10 * time.Second
	// joinPatience is how long a commit waits for the client to join the group. The
	// client sends none while it does, and it does for as long as another member
	// drains.
	joinPatience = 300 * time.Millisecond
	// commitRetry is how soon a commit that failed is tried again, at most.
	commitRetry = time.Second
	// lastRetry is how soon the last commit of a partition is, at first.
	lastRetry = 200 * time.Millisecond
)

func (c *Consumer) commitLoop(ctx context.Context) {
	defer crash.Report()
	timer := time.NewTimer(c.opts.CommitInterval)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			// Also those that drain: a drain may take long, and a crash within it
			// would otherwise send all that it has brought to an end again.
			if c.commit(ctx, c.living()) == 0 && c.brake.Failing() {
				// What could not be committed is ours no more.
				c.brake.Release()
				c.conditions.commits.OK()
			}
			next := c.opts.CommitInterval
			if c.brake.Failing() {
				next = min(next, commitRetry)
			}
			timer.Reset(next)
		case <-c.commitSoon:
			c.commit(ctx, c.living())
		case <-ctx.Done():
			return
		}
	}
}

// turn is a lock that is held while somebody answers. Unlike a sync.Mutex it lets
// virtual time pass for those who wait.
type turn chan struct{}

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// commit writes down how far each of the assignments has got. What fails stays
// to be committed at the next turn. It returns for how many there was news.
func (c *Consumer) commit(ctx context.Context, as []*assignment) int {
	c.committing.take()
	defer c.committing.give()
	news, _ := c.commitNow(ctx, as)
	return news
}

// conclude commits for the last time, and fences. No commit can come in between:
// it would be under way when the partitions have their next owners. What fails and
// may succeed a moment later is tried again, as long as one commit may take: all
// since the commit before would be sent again.
func (c *Consumer) conclude(ctx context.Context, as []*assignment) {
	c.committing.take()
	defer c.committing.give()
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	for wait := lastRetry; ; wait = min(2*wait, commitRetry) {
		_, passes := c.commitNow(ctx, as)
		if !passes && !slices.ContainsFunc(as, (*assignment).awaitsGroup) || !pause(ctx, wait) {
			break
		}
	}
	c.end(as)
}

// commitBatch is one request's worth.
type commitBatch struct {
	offsets map[string]map[int32]kgo.EpochOffset
	commits map[topicPartition]commit
	of      map[topicPartition]*assignment
	sent    map[topicPartition]bool // what was left of it in the request
	limit   int                     // of its metadata
	tooLong bool                    // the brokers found it longer than they take, and it can be shorter
	passes  bool                    // it failed, and may succeed a moment later
}

func newCommitBatch(as []*assignment, limit int) *commitBatch {
	b := &commitBatch{
		offsets: make(map[string]map[int32]kgo.EpochOffset),
		commits: make(map[topicPartition]commit),
		of:      make(map[topicPartition]*assignment),
		sent:    make(map[topicPartition]bool),
		limit:   limit,
	}
	for _, a := range as {
		o, news := a.commitable(limit)
		if !news {
			continue
		}
		if b.offsets[a.topic] == nil {
			b.offsets[a.topic] = make(map[int32]kgo.EpochOffset)
		}
		b.offsets[a.topic][a.partition] = o.offset
		tp := topicPartition{a.topic, a.partition}
		b.commits[tp], b.of[tp] = o, a
	}
	return b
}

// commitNow is commit for who holds committing. What is refused only because its
// metadata is too long is tried again at once: it may be the last commit. It returns
// for how many there was news, and whether what failed may succeed a moment later.
func (c *Consumer) commitNow(ctx context.Context, as []*assignment) (news int, passes bool) {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	b := newCommitBatch(as, c.metadataLimit.Now())
	news = len(b.of)
	for len(b.of) > 0 {
		started := c.opts.Now()
		c.brake.Begin(started)
		if !c.commitByClient(ctx, b) {
			c.commitAside(ctx, b)
		}
		c.metrics.commitSeconds.Observe(c.opts.Now().Sub(started).Seconds())
		if !b.tooLong {
			break
		}
		b = newCommitBatch(as, c.metadataLimit.Now())
	}
	return news, b.passes
}

var (
	errJoining = errors.New("the client is joining the group")
	errFenced  = errors.New("the partitions have been given up meanwhile")
)

// commitByClient has the client commit. It returns false if it did not, because it
// is joining the group.
func (c *Consumer) commitByClient(ctx context.Context, b *commitBatch) (done bool) {
	const waiting, sent, givenUp = 0, 1, 2
	var state atomic.Int32
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	patience := time.AfterFunc(joinPatience, func() {
		defer crash.Report()
		if state.CompareAndSwap(waiting, givenUp) {
			cancel()
		}
	})
	defer patience.Stop()
	ctx = kgo.PreCommitFnContext(ctx, func(req *kmsg.OffsetCommitRequest) error {
		if !state.CompareAndSwap(waiting, sent) {
			return errJoining
		}
		return c.prepare(req, b)
	})
	c.client.CommitOffsetsSync(ctx, b.offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
		if state.Load() != givenUp {
			c.committed(b, resp, err)
		}
	})
	return state.Load() != givenUp
}

// commitAside commits without the client's help while it is joining. Until all
// members have joined, the brokers take commits of the generation before; after
// that they refuse them, so that none can go back behind the next owner's.
func (c *Consumer) commitAside(ctx context.Context, b *commitBatch) {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group = c.opts.Group
	// Before prepare looks at the assignments: one that is ours then was ours in
	// this generation.
	req.MemberID, req.Generation = c.client.GroupMetadata()
	if req.MemberID == "" {
		c.committed(b, nil, errJoining)
		return
	}
	if c.opts.InstanceID != "" {
		req.InstanceID = &c.opts.InstanceID
	}
	for topic, partitions := range b.offsets {
		t := kmsg.NewOffsetCommitRequestTopic()
		t.Topic, t.TopicID = topic, c.topic.id()
		for partition, o := range partitions {
			p := kmsg.NewOffsetCommitRequestTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch = partition, o.Offset, o.Epoch
			t.Partitions = append(t.Partitions, p)
		}
		req.Topics = append(req.Topics, t)
	}
	if err := c.prepare(req, b); err != nil {
		c.committed(b, nil, err)
		return
	}
	resp, err := req.RequestWith(ctx, c.client)
	c.committed(b, resp, err)
}

// prepare is the last look at a commit before it is sent. It sets the metadata,
// and takes out what is not ours any more: the commit may have waited for the
// client to join, with other partitions than before.
func (c *Consumer) prepare(req *kmsg.OffsetCommitRequest, b *commitBatch) error {
	fenced := false
	for i := range req.Topics {
		t := &req.Topics[i]
		c.topic.learn(t.TopicID)
		t.Partitions = slices.DeleteFunc(t.Partitions, func(p kmsg.OffsetCommitRequestTopicPartition) bool {
			tp := c.partitionOf(t.Topic, p.Partition)
			ours := b.of[tp].attempt(b.commits[tp], req.MemberID)
			fenced = fenced || !ours
			return !ours
		})
		for j := range t.Partitions {
			// Also when it is empty: the client would put the member's id.
			tp := c.partitionOf(t.Topic, t.Partitions[j].Partition)
			text := b.commits[tp].metadata
			t.Partitions[j].Metadata = &text
			b.sent[tp] = true
		}
	}
	req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.OffsetCommitRequestTopic) bool { return len(t.Partitions) == 0 })
	if fenced && len(req.Topics) == 0 {
		return errFenced
	}
	return nil
}
