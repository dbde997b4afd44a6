package consumer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/commits"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/consumer/parking"
	"github.com/tracklayer/amazon-capi/consumer/pump"
	"github.com/tracklayer/amazon-capi/consumer/start"
	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/consumer/topics"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/faultpoint"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

// Consumer is one member of the group. Make it with New, give its Settle to the stage
// that a Handler passes records to, then Run it once.
type Consumer struct {
	opts       Options
	clientOpts []kgo.Opt
	log        zerolog.Logger
	tally      *tally.Tally
	window     *flow.Window
	parking    *parking.Lots
	inboxes    *flow.Inboxes
	pools      *flow.FetchPools
	unpacker   *flow.Unpacker
	shared     *pump.Pumps // what pumps share
	askOpts    []kgo.Opt   // of clients that only make requests
	activity   activity

	// Set by Run, before the client can call back.
	client  *kgo.Client
	handler Handler
	pumpCtx context.Context
	taking  context.Context // ends when nothing is taken any more
	pumps   sync.WaitGroup

	mu          sync.Mutex
	assignments map[assignment.TopicPartition]*assignment.Assignment // those that have not ended, in whatever phase
	alive       map[*assignment.Assignment]bool                      // the same, and those whose topic was deleted
	stopping    bool                                                 // nothing is taken any more
	memories    map[assignment.TopicPartition]*assignment.Memory     // of assignments that ended with more settled than committed
	remade      map[assignment.TopicPartition]former                 // what this member may have committed of a deleted topic
	unknownIDs  map[string]unknownID                                 // when fetches began to say that the topic's id is unknown, and last said so
	unreadable  map[assignment.TopicPartition]unreadable             // whose last fetch failed
	standing    map[assignment.TopicPartition]standing               // of which nothing comes
	stuck       int                                                  // how many of them stay although their fetch was started again
	hung        []string                                             // what watch found
	assigned    bool                                                 // the group has answered once
	lost        bool                                                 // and has taken back what it assigned

	pace    flow.Pace // of the poll loop only
	rejoins flow.Rejoins
	commits *commits.Committer
	topics  *topics.Table
	abort   func(error) // ends Run; set by it

	membership membership
	links      assignment.Links
	oaths      chan struct{} // capacity 1: an assignment's oath waits
	doubts     chan struct{} // capacity 1: an assignment's claim waits
	begins     *start.Decider
	missed     missed
	emptied    atomic.Int64 // when a poll last took everything that the client held

	positions  positions
	conditions conditions
	metrics    *metrics
}

// conditions are the states that this stage reports to readiness.
type conditions struct {
	assignment, brokers, topic, fetch, commits, registry, sum, parking, position, retention *health.Condition
}

func conditionsOf(all *health.Conditions) conditions {
	return conditions{
		assignment: all.Condition("assignment"),
		brokers:    all.Condition("brokers"),
		topic:      all.Condition("topic"),
		fetch:      all.Condition("fetch"),
		commits:    all.Condition("commits"),
		registry:   all.Condition("registry"),
		sum:        all.Condition("sum"),
		parking:    all.Condition("parking"),
		position:   all.Condition("position"),
		retention:  all.Condition("retention"),
	}
}

// New checks the options and does not connect; Run joins the group. clientOpts carry
// brokers, TLS, SASL, logging and hooks.
func New(o Options, clientOpts ...kgo.Opt) (*Consumer, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	c := &Consumer{
		opts:        o,
		log:         o.Log.With().Str("stage", "consumer").Logger(),
		tally:       o.Tally,
		window:      flow.NewWindow(o.MaxInFlightEvents, o.MaxInFlightBytes),
		topics:      topics.New(o.Topics),
		unknownIDs:  make(map[string]unknownID),
		inboxes:     pump.Inboxes(o.Workers),
		pools:       flow.NewFetchPools(o.FetchMaxBytes),
		assignments: make(map[assignment.TopicPartition]*assignment.Assignment),
		memories:    make(map[assignment.TopicPartition]*assignment.Memory),
		remade:      make(map[assignment.TopicPartition]former),
		alive:       make(map[*assignment.Assignment]bool),
		unreadable:  make(map[assignment.TopicPartition]unreadable),
		conditions:  conditionsOf(o.Conditions),
		doubts:      make(chan struct{}, 1),
		oaths:       make(chan struct{}, 1),
		askOpts:     o.AskOpts,
	}
	c.begins = start.New(start.Options{Group: o.Group, InstanceID: o.InstanceID, Topics: c.topics, Log: c.log, OwnsFirst: c.ownsFirst})
	c.parking = parking.New(o.MaxParkedEvents, c.window)
	c.shared = &pump.Pumps{
		Workers: make(chan Worker, o.Workers), Recycles: !o.KeepsRecords,
		Tally: c.tally, Window: c.window, Parking: c.parking, Held: &pump.Holds{Registry: c.conditions.registry},
	}
	c.membership.wanted, c.membership.log = o.Protocol, c.log
	c.commits = commits.New(commits.Options{
		Group: o.Group, InstanceID: o.InstanceID, Interval: o.CommitInterval, Owner: owner{c}, Topics: c.topics,
		ByEpoch: c.byEpoch, LearnEpoch: c.learnEpoch,
		Condition: c.conditions.commits, Log: c.log, Now: o.Now,
	})
	if len(c.askOpts) == 0 {
		c.askOpts = clientOpts
	}
	if o.Job != nil {
		c.pace.PerSecond = o.Job.Rate
	}
	c.conditions.assignment.Pending("the group has not answered yet")
	var pools *flow.FetchPools
	if !c.opts.KeepsRecords {
		pools = c.pools
	}
	var err error
	if c.unpacker, err = flow.NewUnpacker(pools); err != nil {
		return nil, err
	}
	c.clientOpts = append(clientOpts, c.groupOpts()...)
	if err := kgo.ValidateOpts(c.clientOpts...); err != nil {
		return nil, err
	}
	c.metrics = newMetrics(c, o.Registerer, slices.Concat(c.commits.Collectors(), c.parking.Collectors())...)
	return c, nil
}

func (c *Consumer) groupOpts() []kgo.Opt {
	opts := []kgo.Opt{
		kgo.ConsumeTopics(c.opts.Topics...),
		kgo.ConsumerGroup(c.opts.Group),
		// Partitions without a commit are new, even to a group that starts at the latest
		// offset; see startAt.
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.MetadataMaxAge(newPartitionsWithin),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(c.onAssigned),
		kgo.OnOffsetsFetched(c.onOffsetsFetched),
		kgo.AdjustFetchOffsetsFn(c.onOffsets),
		kgo.OnPartitionsRevoked(c.onRevoked),
		kgo.OnPartitionsLost(c.onLost),
		kgo.SessionTimeout(c.opts.SessionTimeout),
		kgo.RebalanceTimeout(c.opts.RebalanceTimeout),
		kgo.FetchMaxBytes(c.opts.FetchMaxBytes),
		// An answer should have work for several pumps. A larger batch arrives all the
		// same, alone.
		kgo.FetchMaxPartitionBytes(c.opts.FetchMaxBytes / 4),
		// An open transaction's records may still be aborted: a purchase that its
		// producer withdrew must not reach Amazon.
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// The markers that end transactions have offsets like records. If they were
		// skipped invisibly, the last one would never be committed past, and a fully read
		// topic would have a lag of 1 forever.
		kgo.KeepControlRecords(),
		kgo.WithDecompressor(c.unpacker),
		kgo.WithHooks(&c.links, &c.membership),
	}
	if c.opts.Protocol == ProtocolConsumer {
		opts = append(opts, kgo.ServerSideBalancer())
	}
	if !c.opts.KeepsRecords {
		opts = append(opts, kgo.WithPools(c.pools))
	}
	if c.opts.InstanceID != "" {
		opts = append(opts, kgo.InstanceID(c.opts.InstanceID))
	}
	return opts
}

// Tally returns the counts of this consumer.
func (c *Consumer) Tally() *tally.Tally { return c.tally }

// onNewClient is called with a client before that begins to join, which it does during
// its construction: its first calls back would otherwise find no client.
type onNewClient func(*kgo.Client)

// OnNewClient implements kgo.HookNewClient.
func (f onNewClient) OnNewClient(cl *kgo.Client) { f(cl) }

// Run takes records and passes them to the handler until ctx ends or the client fails
// permanently. Then it drains within the budget, commits, and leaves the group. It
// returns nil if it was stopped.
func (c *Consumer) Run(ctx context.Context, h Handler) error {
	c.handler = h
	for range c.opts.Workers {
		c.shared.Workers <- h.NewWorker()
	}
	pumpCtx, stopPumps := context.WithCancel(context.Background())
	defer stopPumps()
	c.pumpCtx = pumpCtx
	if !c.startAt(ctx) {
		return nil // stopped before it began
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	c.taking, c.abort = ctx, abort
	// The client's own end waits for a rebalance, which may take as long as another
	// member drains; leaveGroup does not.
	clientCtx, abandon := context.WithCancel(context.Background())
	defer abandon()
	early := kgo.WithHooks(onNewClient(func(cl *kgo.Client) { c.client = cl; c.commits.Use(cl) }))
	if _, err := kgo.NewClient(slices.Concat([]kgo.Opt{early}, c.clientOpts, []kgo.Opt{kgo.WithContext(clientCtx)})...); err != nil {
		return err
	}

	background, stopBackground := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	loops.Go(func() {
		defer crash.Report()
		c.commits.Run(background)
	})
	loops.Go(func() { c.healthLoop(background) })
	loops.Go(func() {
		defer crash.Report()
		c.rereader().Run(background)
	})
	loops.Go(func() { c.trimLoop(background) })
	loops.Go(func() { c.doubtLoop(background) })
	loops.Go(func() { c.recheckLoop(background) })
	loops.Go(func() { c.missedLoop(background) })
	loops.Go(func() { c.asideLoop(background) })
	loops.Go(func() { c.lagLoop(background) })
	if c.opts.Job != nil {
		loops.Go(func() { c.jobLoop(background, done) })
	}

	err := c.poll(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, errRemade) || errors.Is(cause, errElsewhere) || errors.Is(cause, errDeleted) {
		err = cause
	}

	c.activity.set(stopping, c.opts.Now())
	c.shutdown(abandon)
	stopBackground()
	loops.Wait()
	stopPumps()
	c.pumps.Wait()
	c.metrics.unregister()
	return err
}

// Settle takes verdicts. It may be called from any goroutine and does not keep the slice.
func (c *Consumer) Settle(vs []verdict.Verdict) {
	faultpoint.At("ledger")
	var bytes int64
	counted := vs // nearly always all of them
	for i := 0; i < len(vs); {
		owner := vs[i].Handle.Owner
		n := i + 1
		for n < len(vs) && vs[n].Handle.Owner == owner {
			n++
		}
		run, b := owner.(*assignment.Assignment).Settle(vs[i:n])
		bytes += b
		switch {
		case len(counted) < len(vs):
			counted = append(counted, run...)
		case len(run) < n-i:
			counted = append(slices.Clip(vs[:i]), run...)
		}
		i = n
	}
	c.metrics.late.Add(float64(len(vs) - len(counted)))
	if len(counted) == 0 {
		return
	}
	c.tally.Settled(counted)
	c.metrics.acceptSeconds.Accepted(counted, c.opts.Now())
	c.window.Release(len(counted), bytes)
}

// Parked reports whether the profile has records without a verdict that will be reread.
func (c *Consumer) Parked(profile string) bool { return c.parking.Awaits(profile) }

// rereader returns the reader of this member's parked records.
func (c *Consumer) rereader() *parking.Reader {
	return &parking.Reader{
		Lots: c.parking, Lanes: c.handler, Opts: c.opts.ReadOpts,
		Made: c.topics.Remade, AtOnce: max(c.opts.MaxInFlightEvents/4, 1),
		Condition: c.conditions.parking, Now: c.opts.Now,
	}
}

// Charge counts that many bytes as in flight beside those of records, negative to release
// some: memory for profiles that may be invented.
func (c *Consumer) Charge(bytes int64) {
	if bytes > 0 {
		c.window.Take(0, bytes)
		return
	}
	c.window.Release(0, -bytes)
}

// groupRetry is how often a stop checks whether the group has assigned again what was lost.
const groupRetry = 200 * time.Millisecond

// shutdown drains what is in flight within the budget, commits and leaves.
func (c *Consumer) shutdown(abandon func()) {
	ctx, cancel := context.WithTimeout(context.Background(), c.opts.Drain)
	defer cancel()
	started := c.opts.Now()
	c.mu.Lock()
	c.stopping = true
	c.mu.Unlock()
	all, unsure := c.retire(nil)
	c.end(unsure)
	left := c.drain(ctx, all)
	for slices.ContainsFunc(all, (*assignment.Assignment).AwaitsGroup) && wait.For(ctx, groupRetry) {
	}
	c.commits.Conclude(context.WithoutCancel(ctx), all)
	c.leaveGroup(abandon)

	s := c.tally.Summary()
	event := c.log.Info()
	if left > 0 {
		event = c.log.Warn()
	}
	event.Dur("took_ms", c.opts.Now().Sub(started).Round(time.Millisecond)).Int("left", left).
		Uint64("consumed", s.Taken-s.Returned).
		Uint64("accepted", s.Total.Settled[verdict.Accepted]).Uint64("filtered", s.Total.Settled[verdict.Filtered]).
		Uint64("dead_lettered", s.Total.DeadLettered()).
		Uint64("returned", s.Returned).
		Msg("stopped; what was left or returned is read again from the last commit")
}

// activity is what the poll loop is doing, for liveness.
type activity struct {
	state atomic.Int32
	since atomic.Int64
}

const (
	waiting int32 = iota // for room, records or Kafka: may take forever
	taking               // what was polled: must be quick
	stopping
)

func (a *activity) set(state int32, now time.Time) {
	a.since.Store(now.UnixNano())
	a.state.Store(state)
}
