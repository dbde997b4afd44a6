package sim

import (
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/audit"
)

// commits is the group's history, as the brokers have it: after each request to
// commit they are asked what is committed.
type commits struct {
	cluster *kfake.Cluster
	handle  *kfake.FaultHandle
	asked   chan struct{}
	stop    chan struct{}
	done    chan struct{}

	topics []string

	mu     sync.Mutex
	all    []audit.Commit
	now    map[part]int64
	resets map[part]int64 // that an operator is about to make
}

func watchCommits(cluster *kfake.Cluster, topics []string, log io.Writer) *commits {
	c := &commits{
		cluster: cluster, topics: topics, now: make(map[part]int64), resets: make(map[part]int64),
		asked: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	c.handle = cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Group: group, Observe: true, Count: -1, When: func(r kmsg.Request) bool {
		describeCommit(log, r.(*kmsg.OffsetCommitRequest))
		select {
		case c.asked <- struct{}{}:
		default:
		}
		return true
	}})
	go c.run()
	return c
}

// describeCommit logs who asks to commit what, for those who look into a failure.
func describeCommit(log io.Writer, r *kmsg.OffsetCommitRequest) {
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			fmt.Fprintf(log, "{\"time\":%q,\"commit\":%d,\"of\":\"%s/%d\",\"by\":%q,\"generation\":%d}\n",
				time.Now().UTC().Format(time.RFC3339Nano), p.Offset, t.Topic, p.Partition, r.MemberID, r.Generation)
		}
	}
}

func (c *commits) run() {
	defer close(c.done)
	for {
		select {
		case <-c.stop:
			return
		case <-c.asked:
		}
		time.Sleep(time.Millisecond) // until it is done
		c.look()
	}
}

func (c *commits) look() {
	info := c.cluster.GroupInfo(group)
	if info == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, topic := range c.topics {
		for p, g := range info.Commits[topic] {
			c.note(part{topic, p}, g)
		}
	}
}

// note enters what is committed of a partition, with c.mu held.
func (c *commits) note(p part, g kfake.GroupCommit) {
	at, known := c.now[p]
	to, reset := c.resets[p]
	if known && at == g.Offset && !reset {
		return
	}
	reset = reset && to == g.Offset
	if reset {
		delete(c.resets, p)
	}
	c.now[p] = g.Offset
	c.all = append(c.all, audit.Commit{At: g.At, Topic: p.topic, Partition: p.partition, Offset: g.Offset, Metadata: g.Metadata, Reset: reset})
}

// expect says what an operator is about to commit; nothing takes that back.
func (c *commits) expect(resets map[part]int64) {
	c.look()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resets = resets
}

// last returns how far each partition is committed.
func (c *commits) last() map[part]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.now)
}

// reached reports whether all that ends says is committed.
func (c *commits) reached(ends map[part]int64) bool {
	at := c.last()
	for p, end := range ends {
		if at[p] < end {
			return false
		}
	}
	return true
}

func (c *commits) close() {
	close(c.stop)
	<-c.done
	c.handle.Remove()
}
