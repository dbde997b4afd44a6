package consumer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/consumer/topics"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

// doubtEvery is the pause after brokers that do not answer, and the time between the two
// comparisons that must agree before going back in a log.
const doubtEvery = time.Second

// maxDoubtEvery is the longest such pause.
const maxDoubtEvery = 10 * time.Second

// hear records what the group says about a partition: the claim that is compared with the
// log before anything is taken.
func (c *Consumer) hear(client *kgo.Client, tp assignment.TopicPartition, f assignment.Fetched) {
	if f.Offset < 0 && c.begins.IsOpen(tp.Topic) {
		return // asked about again, together with where the group begins
	}
	a, goesOn := c.comesBack(client, tp, f)
	if a == nil || goesOn {
		return
	}
	if f.Of != nil && f.Of != a {
		f.Of = nil // a has taken its place because of this answer
	}
	cl := ledger.Claim{Partition: tp.Partition, Group: max(f.Offset, -1), Committed: max(f.Offset, -1), First: -1}
	c.mu.Lock()
	m := a.Recalled()
	id, former := c.ofFormerTopic(tp, f)
	c.mu.Unlock()
	switch {
	case m.IsOf(f):
		cl.Committed, cl.Said = m.Since(cl.Committed)
	case f.Metadata != nil && f.Offset >= 0:
		var bad *ledger.MetadataError
		var err error
		if cl.Said, err = ledger.ParseBeyond(*f.Metadata, f.Offset); errors.As(err, &bad) {
			cl.Unread = bad.Reason
			c.log.Warn().Err(err).Stringer("partition", tp).Int64("committed", f.Offset).
				Msg("the commit's metadata cannot be used; what it says was delivered is sent again")
		}
	}
	if former && cl.Said.Log.Topic == topics.NoID { // otherwise the proof compares the ids
		if cl.Said.Log.Topic = id; id == topics.NoID {
			cl.Committed, cl.First = -1, -1
		}
	}
	a.Hear(f, &cl)
}

// onOffsets sets where the partitions begin. Those whose brokers do not answer in time
// are held until they do: none of their records is taken before, and the others continue.
func (c *Consumer) onOffsets(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	var as []*assignment.Assignment
	c.mu.Lock()
	for topic, partitions := range offsets {
		for p := range partitions {
			if a := c.assignments[assignment.Of(topic, p)]; a != nil {
				as = append(as, a)
			}
		}
	}
	c.mu.Unlock()
	silent := c.unheard()
	held, err := c.resolve(ctx, as, proof.Timeout, func(a *assignment.Assignment, cl *ledger.Claim, f ledger.Finding) bool {
		c.settleClaim(a, cl, f)
		return true
	})
	if ctx.Err() != nil {
		return nil, ctx.Err() // of a session that is over; the next one asks again
	}
	for _, a := range as {
		// The claim may have been settled by an answer that the client dropped, because
		// its session ended. The group's offset need not be where it was found to begin.
		at, ok := a.GoesOn()
		if ok && offsets[a.Topic()][a.Partition()].EpochOffset().Offset != at {
			offsets[a.Topic()][a.Partition()] = kgo.NewOffset().At(at)
		}
	}
	for _, a := range held {
		if c.assignedFirst(a) {
			// Any offset will do: the client moves only partitions that have one.
			offsets[a.Topic()][a.Partition()] = kgo.NewOffset().At(0)
		}
	}
	for _, a := range silent {
		if offsets[a.Topic()] == nil {
			offsets[a.Topic()] = make(map[int32]kgo.Offset)
		}
		// The client would forget it until the next rebalance. If it has kept it under a new
		// member id, it writes the position without stopping its fetches (franz-go 1.22.2,
		// assignPartitions with assignWithoutInvalidating), and a fetch may read it. Leaving it
		// out is no way: SetOffsets, by which place moves it later, skips what is not in use.
		offsets[a.Topic()][a.Partition()] = kgo.NewOffset().At(0)
	}
	if held = append(held, silent...); len(held) > 0 {
		c.hold(held, err)
		signal(c.doubts)
	} else if len(as) > 0 && len(c.doubtful()) == 0 {
		c.positions.ok()
	}
	c.steerAll(as) // one whose claim was settled here may have been paused by doubtLoop
	return offsets, nil
}

// assignedFirst reports whether the partition has no committed offset.
func (c *Consumer) assignedFirst(a *assignment.Assignment) bool {
	cl := a.OpenClaim()
	return cl != nil && cl.Group < 0
}

// positions records since when the claims of some partitions cannot be resolved.
type positions struct {
	mu    sync.Mutex
	since time.Time
	known bool // those of all were resolved once
}

// ok notes that all are resolved.
func (p *positions) ok() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since, p.known = time.Time{}, true
}

// tells reports whether readiness should say why they cannot be resolved: at once if the
// fault is permanent.
func (p *positions) tells(now time.Time, err error) bool {
	var code *kerr.Error
	p.mu.Lock()
	defer p.mu.Unlock()
	return lasts(&p.since, now, !p.known || errors.As(err, &code) && !code.Retriable)
}

// hold keeps partitions from being fetched until their claims are resolved.
func (c *Consumer) hold(as []*assignment.Assignment, err error) {
	if waiting := c.steerAll(as); waiting > 0 && err != nil && c.positions.tells(c.opts.Now(), err) {
		c.conditions.position.Fail(fmt.Sprintf("records of %s cannot be compared with what the group has settled, and wait: %s", count.Of(waiting, "partition"), redact.Error(err)))
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// resolve compares the claims of assignments with the log, and settles each finding,
// unless settle returns false. It returns the assignments that are still in doubt, and
// why.
func (c *Consumer) resolve(ctx context.Context, as []*assignment.Assignment, timeout time.Duration, settle func(*assignment.Assignment, *ledger.Claim, ledger.Finding) bool) (held []*assignment.Assignment, err error) {
	claims := make(map[string][]ledger.Claim)
	open := make(map[*assignment.Assignment]*ledger.Claim)
	for _, a := range as {
		if cl := a.OpenClaim(); cl != nil {
			claims[a.Topic()] = append(claims[a.Topic()], *cl)
			open[a] = cl
		}
	}
	found, err := c.prove(ctx, claims, timeout)
	for a, cl := range open {
		f, ok := found[a.TopicPartition()]
		if !ok || ctx.Err() != nil || f.Doubtful && !a.Doubted(f.Begin) || !settle(a, cl, f) {
			held = append(held, a)
		}
	}
	return held, err
}

// prove compares the claims of each topic with its log, with a client for this purpose.
// Topics are examined concurrently: one that does not answer does not delay the others.
func (c *Consumer) prove(ctx context.Context, claims map[string][]ledger.Claim, timeout time.Duration) (map[assignment.TopicPartition]ledger.Finding, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	client, err := c.asker()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	all := make(map[assignment.TopicPartition]ledger.Finding)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for topic, of := range claims {
		wg.Go(func() {
			defer crash.Report()
			p := proof.Prover{Client: client, Topic: topic, Timeout: timeout}
			found, e := p.Prove(ctx, of)
			mu.Lock()
			defer mu.Unlock()
			for partition, f := range found {
				all[assignment.Of(topic, partition)] = f
			}
			if e != nil && len(c.opts.Topics) > 1 {
				e = fmt.Errorf("topic %q: %w", topic, e)
			}
			err = cmp.Or(err, e)
		})
	}
	wg.Wait()
	return all, err
}

func (c *Consumer) asker() (*kgo.Client, error) {
	return kgo.NewClient(append(slices.Clone(c.askOpts), kgo.FetchIsolationLevel(kgo.ReadUncommitted()), kgo.MaxDecompressBatchBytes(flow.MaxBatch))...)
}

// settleClaim applies a finding to an assignment, unless its claim has been settled or
// replaced meanwhile.
func (c *Consumer) settleClaim(a *assignment.Assignment, cl *ledger.Claim, f ledger.Finding) {
	s, ok := a.SettleClaim(cl, f, c.opts.Start == StartLatest)
	if !ok {
		return
	}
	if s.Done {
		finish(c.client, a)
	}
	c.tell(a, cl, f, s.Running, s.Was)
	c.commits.Hurry()
}

// tell logs what was found, unless everything is as claimed.
func (c *Consumer) tell(a *assignment.Assignment, cl *ledger.Claim, f ledger.Finding, running bool, was int64) {
	tp := a.TopicPartition()
	if f.Missed > 0 && !running {
		c.miss(tp, cl.Committed, f.Start, f.Missed)
	}
	if f.Reason == "" {
		return
	}
	c.metrics.refused.WithLabelValues(string(f.Reason)).Inc()
	if cl.Unread != "" && f.Begin == cl.Committed {
		return // logged already, with its details
	}
	e := c.log.Warn().Stringer("partition", tp).Str("reason", string(f.Reason)).
		Int64("committed", cl.Committed).Int64("begin", f.Begin).Int64("log_start", f.Start).Int64("log_end", f.End).
		Int("ranges_said", len(cl.Said.Settled)).Int("ranges_believed", len(f.Believed.Settled))
	switch {
	case running:
		e.Int64("taken_to", was).Msg("the brokers lost records that were read: what they hold in their place is read from begin on")
	case f.Begin != cl.Committed:
		e.Msg("the group's offset is not about the records that this log holds: beginning where nothing is lost")
	default:
		e.Msg("the commit's metadata is not about the records that this log holds; what it says was delivered is sent again")
	}
}

// doubt stops taking from an assignment until what was taken from it has been compared
// with the log. c.mu is held.
func (c *Consumer) doubt(a *assignment.Assignment) {
	a.Doubt()
	c.steer(a)
	signal(c.doubts)
}

// doubtLoop resolves what onOffsets could not, and doubts that arise while records are taken.
func (c *Consumer) doubtLoop(ctx context.Context) {
	defer crash.Report()
	for {
		select {
		case <-c.doubts:
		case <-ctx.Done():
			return
		}
		for pause, timeout := doubtEvery, proof.Timeout; ; {
			// Wait the first time, too: what is held has just failed, or its records are still
			// on their way through the client.
			if !c.doubtAgain(ctx, pause) {
				return
			}
			silent, err := c.hearAgain(ctx)
			held, e := c.resolve(ctx, c.doubtful(), timeout, c.place)
			if held = append(held, silent...); len(held) == 0 {
				c.positions.ok()
				c.conditions.position.OK()
				break
			}
			if err = cmp.Or(err, e); err != nil && ctx.Err() == nil {
				c.hold(held, err)
				pause, timeout = min(2*pause, maxDoubtEvery), min(2*timeout, proof.MaxTimeout)
			} else {
				pause = doubtEvery
			}
		}
	}
}

// doubtAgain waits until the doubts are to be examined again: that long, or doubtEvery
// after new doubts. It returns false if ctx ended first.
func (c *Consumer) doubtAgain(ctx context.Context, after time.Duration) bool {
	t := time.NewTimer(after)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.doubts:
		return wait.For(ctx, doubtEvery)
	case <-ctx.Done():
		return false
	}
}

// doubtful returns the assignments whose claim is open.
func (c *Consumer) doubtful() (as []*assignment.Assignment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range maps.Values(c.assignments) {
		if a.OpenClaim() != nil {
			as = append(as, a)
		}
	}
	return as
}

// place makes a partition continue at the offset of its finding; it returns false if the
// client does not have the partition yet.
func (c *Consumer) place(a *assignment.Assignment, cl *ledger.Claim, f ledger.Finding) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.assignments[a.TopicPartition()] != a {
		return true // it has gone to another member meanwhile
	}
	if a.OpenClaim() != cl {
		return true // the group's answer has come meanwhile, and places it
	}
	// Also if the client knows that offset: what was fetched while the claim was open
	// has been dropped.
	c.goTo(a.TopicPartition(), f.Begin)
	if at, ok := c.client.CommittedOffsets()[a.Topic()][a.Partition()]; !ok || at.Offset != f.Begin {
		return false
	}
	c.settleClaim(a, cl, f)
	c.steer(a)
	return true
}
