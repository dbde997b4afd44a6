package commits

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/faultpoint"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

const (
	// Timeout bounds one commit: long enough for a coordinator that moves, short enough
	// for a revoke to get its turn within the rebalance timeout.
	Timeout = 10 * time.Second
	// joinPatience is how long a commit waits for the client to join the group. The
	// client sends no commits meanwhile, for as long as another member drains.
	joinPatience = 300 * time.Millisecond
	// commitRetry is the maximum delay before a failed commit is tried again.
	commitRetry = time.Second
	// lastRetry is the first delay for the last commit of a partition.
	lastRetry = 200 * time.Millisecond
)

// Owner has the assignments whose offsets are committed.
type Owner interface {
	// Living returns the assignments that have not ended.
	Living() []*assignment.Assignment
	// Steer fetches an assignment's partition or pauses it, depending on its state.
	Steer(a *assignment.Assignment)
	// End fences assignments.
	End(as []*assignment.Assignment)
}

// Topics are the topics by name and by id.
type Topics interface {
	// IDOf returns a topic's id, or zeros if it is not known.
	IDOf(topic string) [16]byte
	// Learn notes a topic's id if none was known.
	Learn(topic string, id [16]byte)
	// PartitionOf names a partition of a request or answer; newer versions identify
	// topics only by id.
	PartitionOf(topic string, id [16]byte, partition int32) assignment.TopicPartition
}

// Committer commits, one commit at a time: from reading the ledgers to the brokers'
// answer. Otherwise a slow periodic commit could arrive after the one of a revoke, and
// set the next owner's offset back.
type Committer struct {
	Options
	client  *kgo.Client // set before anything is committed
	turn    turn
	soon    chan struct{} // capacity 1: do not wait for the interval
	brake   *flow.Brake
	limit   flow.Limit // of metadata
	metrics metrics
}

// Options are the settings of a committer.
type Options struct {
	Group, InstanceID string
	Interval          time.Duration
	Owner             Owner
	Topics            Topics
	// ByEpoch reports whether the group knows its members by epochs, as in the consumer protocol;
	// LearnEpoch makes the client ask for its own.
	ByEpoch    func() bool
	LearnEpoch func()
	Condition  *health.Condition
	Log        zerolog.Logger
	Now        func() time.Time
}

// New returns a committer without a client.
func New(o Options) *Committer {
	return &Committer{
		Options: o,
		turn:    make(turn, 1),
		soon:    make(chan struct{}, 1),
		brake:   flow.NewBrake(o.Interval),
		metrics: newMetrics(),
	}
}

// Use sets the client, before that calls back.
func (c *Committer) Use(cl *kgo.Client) { c.client = cl }

// Hurry makes the next commit skip the interval.
func (c *Committer) Hurry() {
	select {
	case c.soon <- struct{}{}:
	default:
	}
}

// Run commits at the interval until ctx is done.
func (c *Committer) Run(ctx context.Context) {
	timer := time.NewTimer(c.Interval)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			// Draining ones, too: a drain may take long, and a crash during it would
			// otherwise send everything again that it has finished.
			if c.commit(ctx, c.Owner.Living()) == 0 && c.brake.Failing() {
				// What could not be committed no longer belongs to us.
				c.brake.Release()
				c.Condition.OK()
			}
			next := c.Interval
			if c.brake.Failing() {
				next = min(next, commitRetry)
			}
			timer.Reset(next)
		case <-c.soon:
			c.commit(ctx, c.Owner.Living())
		case <-ctx.Done():
			return
		}
	}
}

// turn is a lock that is held while waiting for an answer. Unlike a sync.Mutex it lets
// virtual time pass for those who wait.
type turn chan struct{}

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// commit commits the progress of each of the assignments. What fails is committed at the
// next turn. It returns how many had news.
func (c *Committer) commit(ctx context.Context, as []*assignment.Assignment) int {
	c.turn.take()
	defer c.turn.give()
	news, _ := c.commitNow(ctx, as)
	return news
}

// Conclude commits for the last time, and fences. No other commit may come in between: it
// would be under way when the partitions have their next owners. A fault that may pass is
// retried for as long as one commit may take: otherwise everything since the previous
// commit would be sent again.
func (c *Committer) Conclude(ctx context.Context, as []*assignment.Assignment) {
	c.turn.take()
	defer c.turn.give()
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	for pause := lastRetry; ; pause = min(2*pause, commitRetry) {
		_, passes := c.commitNow(ctx, as)
		if !passes && !slices.ContainsFunc(as, (*assignment.Assignment).AwaitsGroup) || !wait.For(ctx, pause) {
			break
		}
	}
	c.Owner.End(as)
}

// batch is the content of one request.
type batch struct {
	offsets map[string]map[int32]kgo.EpochOffset
	commits map[assignment.TopicPartition]assignment.Commit
	of      map[assignment.TopicPartition]*assignment.Assignment
	sent    map[assignment.TopicPartition]bool // what was left of it in the request
	limit   int                                // of its metadata
	tooLong bool                               // the brokers refused its length, and it can be shortened
	passes  bool                               // it failed, and may succeed a moment later
	ofTopic bool                               // the failure is a refusal of its topic
}

func newBatch(as []*assignment.Assignment, limit int) *batch {
	b := &batch{
		offsets: make(map[string]map[int32]kgo.EpochOffset),
		commits: make(map[assignment.TopicPartition]assignment.Commit),
		of:      make(map[assignment.TopicPartition]*assignment.Assignment),
		sent:    make(map[assignment.TopicPartition]bool),
		limit:   limit,
	}
	for _, a := range as {
		o, news := a.Commitable(limit)
		if !news {
			continue
		}
		if b.offsets[a.Topic()] == nil {
			b.offsets[a.Topic()] = make(map[int32]kgo.EpochOffset)
		}
		b.offsets[a.Topic()][a.Partition()] = o.Offset
		tp := a.TopicPartition()
		b.commits[tp], b.of[tp] = o, a
	}
	return b
}

// commitNow is commit for callers that hold committing. A commit refused only for its
// metadata's length is retried at once, because it may be the last one. It returns how
// many had news, and whether what failed may succeed a moment later.
func (c *Committer) commitNow(ctx context.Context, as []*assignment.Assignment) (news int, passes bool) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	b := newBatch(as, c.limit.Now())
	faultpoint.At("commit")
	news = len(b.of)
	for len(b.of) > 0 {
		started := c.Now()
		c.brake.Begin(started)
		if c.alone(b) || !c.commitByClient(ctx, b) {
			c.commitAside(ctx, b)
		}
		c.metrics.seconds.Observe(c.Now().Sub(started).Seconds())
		if !b.tooLong {
			break
		}
		b = newBatch(as, c.limit.Now())
	}
	return news, b.passes
}

var (
	errJoining = errors.New("the client is joining the group")
	errFenced  = errors.New("the partitions have been given up meanwhile")
)

// commitByClient makes the client commit. It returns false if it did not, because it is
// joining the group.
func (c *Committer) commitByClient(ctx context.Context, b *batch) (done bool) {
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

// alone reports whether a commit is made without the client. In the consumer protocol the
// client retries a commit that was refused for a stale epoch by itself, seconds later and
// invisibly: the partition may have been elsewhere in between, and its next owner
// further. The client is needed only while the topics' ids are unknown, without which
// brokers with that protocol do not accept a commit.
func (c *Committer) alone(b *batch) bool {
	if !c.ByEpoch() {
		return false
	}
	for topic := range b.offsets {
		if c.Topics.IDOf(topic) == ([16]byte{}) {
			return false
		}
	}
	return true
}

// commitAside commits without the client: in the consumer protocol, and in the classic
// one while the client is joining. Until all members have joined, the brokers accept
// commits of the previous generation; afterwards they refuse them, so that none can set
// the next owner's offset back.
func (c *Committer) commitAside(ctx context.Context, b *batch) {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group = c.Group
	// Before prepare examines the assignments: one that is ours at that time was ours in
	// this generation.
	req.MemberID, req.Generation = c.client.GroupMetadata()
	if req.MemberID == "" {
		c.committed(b, nil, errJoining)
		return
	}
	if c.InstanceID != "" {
		req.InstanceID = &c.InstanceID
	}
	for topic, partitions := range b.offsets {
		t := kmsg.NewOffsetCommitRequestTopic()
		t.Topic, t.TopicID = topic, c.Topics.IDOf(topic)
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

// prepare is the last check of a commit before it is sent. It sets the metadata, and
// removes what is no longer ours: the commit may have waited for the client to join, with
// other partitions than before.
func (c *Committer) prepare(req *kmsg.OffsetCommitRequest, b *batch) error {
	fenced := false
	for i := range req.Topics {
		t := &req.Topics[i]
		c.Topics.Learn(t.Topic, t.TopicID)
		t.Partitions = slices.DeleteFunc(t.Partitions, func(p kmsg.OffsetCommitRequestTopicPartition) bool {
			tp := c.Topics.PartitionOf(t.Topic, t.TopicID, p.Partition)
			ours := b.of[tp].Attempt(b.commits[tp], req.MemberID)
			fenced = fenced || !ours
			return !ours
		})
		for j := range t.Partitions {
			// Even if empty: the client would put the member's id there.
			tp := c.Topics.PartitionOf(t.Topic, t.TopicID, t.Partitions[j].Partition)
			text := b.commits[tp].Metadata
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
