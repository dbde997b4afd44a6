package sim

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// joinTimeout is how long a member waits for the answer to a join: the client adds
	// ten seconds to the rebalance timeout.
	joinTimeout = rebalanceTimeout + 10*time.Second
	// unheardFor is after how long without a request a member must be gone.
	unheardFor = joinTimeout + sessionTimeout
	// rebalancesWithin is how long the members may take to join a generation.
	rebalancesWithin = 2 * rebalanceTimeout
)

// coordinator does for the group what Kafka's coordinator does and kfake does not:
//
// A session that ends. kfake starts a member's session timer when it has written the
// answer to its request. If the connection is gone by then, the timer never starts, and
// a member that died while it was joining keeps its partitions forever.
//
// A rebalance that ends. Kafka waits for the joins of a generation until the rebalance
// timeout has passed since the rebalance began. kfake begins to wait again at each join, so
// that one member that does not come back holds up all others as long as they ask again
// before that: they give up after joinTimeout and ask again, each at another time. It also
// counts a member that leaves while it waits for its assignment as one that had joined,
// and then waits for one more than there are.
//
// What Kafka would have ended, this ends by having the members leave, which find out when
// they ask again.
type coordinator struct {
	cluster *kfake.Cluster
	client  *kgo.Client
	log     io.Writer
	handle  *kfake.FaultHandle
	cancel  context.CancelFunc
	done    chan struct{}

	mu    sync.Mutex
	heard map[string]time.Time // when each member last sent a request
	left  int                  // how many members were put out

	// Of run alone.
	generation int32
	since      time.Time // when that generation's rebalance was first seen; zero if it is none
}

func watchGroup(cluster *kfake.Cluster, client *kgo.Client, log io.Writer) *coordinator {
	ctx, cancel := context.WithCancel(context.Background())
	c := &coordinator{
		cluster: cluster, client: client, log: log, cancel: cancel,
		done: make(chan struct{}), heard: make(map[string]time.Time),
	}
	c.handle = cluster.Fault(kfake.Fault{
		Keys:  []kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.OffsetCommit},
		Group: group, Observe: true, Count: -1, When: c.hear,
	})
	go c.run(ctx)
	return c
}

// hear notes that the request's member lives.
func (c *coordinator) hear(r kmsg.Request) bool {
	var member string
	switch r := r.(type) {
	case *kmsg.JoinGroupRequest:
		member = r.MemberID
	case *kmsg.SyncGroupRequest:
		member = r.MemberID
	case *kmsg.HeartbeatRequest:
		member = r.MemberID
	case *kmsg.OffsetCommitRequest:
		member = r.MemberID
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard[member] = time.Now()
	return true
}

func (c *coordinator) run(ctx context.Context) {
	defer close(c.done)
	for ctx.Err() == nil {
		if overdue := c.overdue(c.cluster.GroupInfo(group), time.Now()); len(overdue) > 0 {
			c.leave(ctx, overdue)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// overdue returns the members that Kafka would have put out by now.
func (c *coordinator) overdue(g *kfake.GroupInfo, now time.Time) (members []string) {
	if g == nil {
		return nil
	}
	switch {
	case g.State != "PreparingRebalance":
		c.since = time.Time{}
	case c.since.IsZero() || g.Epoch != c.generation:
		c.since, c.generation = now, g.Epoch
	}
	all := !c.since.IsZero() && now.Sub(c.since) > rebalancesWithin
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range g.Members {
		if all || now.Sub(c.heard[m.MemberID]) > unheardFor {
			members = append(members, m.MemberID)
		}
	}
	return members
}

// leave has members leave the group.
func (c *coordinator) leave(ctx context.Context, members []string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group = group
	for _, id := range members {
		m := kmsg.NewLeaveGroupRequestMember()
		m.MemberID = id
		req.Members = append(req.Members, m)
	}
	_, err := req.RequestWith(ctx, c.client)
	if err == nil {
		c.mu.Lock()
		c.left += len(members)
		c.mu.Unlock()
	}
	fmt.Fprintf(c.log, "{\"time\":%q,\"put_out\":%q,\"error\":%q}\n", time.Now().UTC().Format(time.RFC3339Nano), members, fmt.Sprint(err))
}

// putOut returns how many members were made to leave.
func (c *coordinator) putOut() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left
}

func (c *coordinator) close() {
	c.cancel()
	<-c.done
	c.handle.Remove()
}
