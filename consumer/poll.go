package consumer

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

func (c *Consumer) poll(ctx context.Context) error {
	for {
		c.activity.set(waiting, c.opts.Now())
		room, most, err := c.room(ctx)
		if err != nil {
			return nil
		}
		pollCtx, cancel := context.WithTimeout(ctx, most)
		fetches := c.client.PollRecords(pollCtx, room)
		cancel()
		c.activity.set(taking, c.opts.Now())
		if fetches.IsClientClosed() {
			return errors.New("consumer: the Kafka client was closed")
		}
		if fetches.NumRecords() < room || c.client.BufferedFetchRecords() == 0 {
			c.emptied.Store(c.opts.Now().UnixNano()) // or it would have given more
		}
		if over := c.take(fetches); len(over) > 0 {
			c.client.SetOffsets(over)
		}
		c.client.AllowRebalance()
		if c.onlyErrors(fetches) {
			wait.For(ctx, failedPollPause)
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// relieve makes room in a full window.
func (c *Consumer) relieve() bool { return c.parking.Relieve(c.handler) }

// room waits until records may be taken, and returns how many, and how long to wait for them.
func (c *Consumer) room(ctx context.Context) (room int, most time.Duration, err error) {
	if err := c.commits.Wait(ctx); err != nil {
		return 0, 0, err
	}
	if room, err = c.window.Room(ctx, c.relieve, func() { c.handler.Flush(false) }); err != nil {
		return 0, 0, err
	}
	if err := c.inboxes.Wait(ctx); err != nil {
		return 0, 0, err
	}
	const long = time.Minute // for a change of what is waited for
	return min(room, c.pace.Most()), long, c.pace.Wait(ctx, c.opts.Now())
}

// take enters polled records into the ledgers. Rebalances are blocked meanwhile, so every
// partition in it is still ours; it does no work that could keep the group waiting. It
// returns where partitions continue at which the client has stopped at a batch.
func (c *Consumer) take(fetches kgo.Fetches) passOver {
	c.mu.Lock()
	defer c.mu.Unlock()
	over := make(passOver)
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		tp := assignment.Of(p.Topic, p.Partition)
		a := c.assignments[tp]
		large := c.tooLarge(p.Err)
		if large != nil {
			p.Err = nil
		}
		if p.Err != nil {
			c.fetchFailed(tp, p.Err)
		}
		if len(p.Records) == 0 && large == nil {
			return
		}
		if p.Err == nil && len(c.unreadable) > 0 {
			c.readable(tp)
		}
		if a == nil || !a.Taking() || len(p.Records) > 0 && !c.trust(a, &p.FetchPartition) {
			return
		}
		if large != nil && a.Stands(large) {
			p.Records = append(p.Records, c.standIn(large)) // no witness: nothing can be compared with it
			over.add(large)
		}
		if len(p.Records) == 0 {
			return
		}
		records, end := a.Within(p.Records)
		if end {
			defer finish(c.client, a) // after they are in the ledger
		}
		fresh, bytes := a.Fresh(records)
		c.pace.Took(len(fresh), c.opts.Now())
		// The window and the tally first: a verdict may come before Push returns, and in
		// flight must never be seen below zero.
		c.tally.Take(len(fresh))
		c.window.Take(len(fresh), bytes)
		c.metrics.skipped.Add(float64(a.Push(records, fresh, readableEnd(&p))))
	})
	return over
}

// readableEnd returns the offset up to which a partition can be read now: what an open
// transaction has written cannot, and may never be readable.
func readableEnd(p *kgo.FetchTopicPartition) int64 {
	if p.LastStableOffset >= 0 {
		return min(p.LastStableOffset, p.HighWatermark)
	}
	return p.HighWatermark // of brokers that do not say
}
