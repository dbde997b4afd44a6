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

	mu  sync.Mutex
	all []audit.Commit
	now map[int32]int64
}

func watchCommits(cluster *kfake.Cluster, log io.Writer) *commits {
	c := &commits{
		cluster: cluster, now: make(map[int32]int64),
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
			fmt.Fprintf(log, "{\"time\":%q,\"commit\":%d,\"of\":%d,\"by\":%q,\"generation\":%d}\n",
				time.Now().UTC().Format(time.RFC3339Nano), p.Offset, p.Partition, r.MemberID, r.Generation)
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
	for p, g := range info.Commits[source] {
		if at, known := c.now[p]; !known || at != g.Offset {
			c.now[p] = g.Offset
			c.all = append(c.all, audit.Commit{At: g.At, Partition: p, Offset: g.Offset, Metadata: g.Metadata})
		}
	}
}

// last returns how far each partition is committed.
func (c *commits) last() map[int32]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.now)
}

// reached reports whether all that ends says is committed.
func (c *commits) reached(ends map[int32]int64) bool {
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
