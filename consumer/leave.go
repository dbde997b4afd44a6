package consumer

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// leavePatience is how long the client may take to leave the group. It waits for a
	// rebalance in progress, and so for other members.
	leavePatience = time.Second
	// leaveTimeout bounds leaving without it: unavailable brokers must not keep a process
	// from ending.
	leaveTimeout = 4 * time.Second
)

// leaveGroup leaves the group and closes the client. abandon cancels the client's
// context, with everything that it still waits for.
func (c *Consumer) leaveGroup(abandon func()) {
	// Closing polls a last time, and what is still leaving then waits for that poll.
	defer c.client.AllowRebalance()
	member, _ := c.client.GroupMetadata()
	ctx, cancel := context.WithTimeout(context.Background(), leavePatience)
	c.client.AllowRebalance()
	err := c.client.LeaveGroupContext(ctx)
	late := ctx.Err() != nil
	cancel()
	switch {
	case late:
		// Only now that nothing is left that could rejoin.
		abandon()
		c.client.CloseAllowingRebalance()
		err = c.leaveAside(member)
	case c.leavesForAWhile():
		// The client has stopped, and its request is refused: it omits the instance's name.
		err = c.leaveBy(c.client, member)
		fallthrough
	default:
		c.client.CloseAllowingRebalance()
	}
	if err != nil {
		c.log.Warn().Err(err).Msg("could not leave the group; its partitions move when the session times out")
	}
}

// leaveAside removes the member from the group with a client of its own.
func (c *Consumer) leaveAside(member string) error {
	if member == "" || c.opts.InstanceID != "" && !c.leavesForAWhile() {
		return nil
	}
	if len(c.opts.ReadOpts) == 0 {
		return errors.New("the client was joining, and there are no options for another one")
	}
	client, err := kgo.NewClient(c.opts.ReadOpts...)
	if err != nil {
		return err
	}
	defer client.Close()
	return c.leaveBy(client, member)
}

// leavesForAWhile reports whether the member says that it will be back. A static member
// of the classic protocol says nothing, and its restart finds its partitions. In the
// consumer protocol the brokers refuse its restart until the previous session is over,
// unless the member announced it. The client (franz-go 1.22) announces it without the
// instance's name, which the brokers refuse.
func (c *Consumer) leavesForAWhile() bool {
	return c.opts.InstanceID != "" && c.byEpoch()
}

// leaveBy makes a client say that the member leaves.
func (c *Consumer) leaveBy(client *kgo.Client, member string) error {
	if member == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	if c.byEpoch() {
		return c.leaveConsumer(ctx, client, member)
	}
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group, req.MemberID = c.opts.Group, member
	m := kmsg.NewLeaveGroupRequestMember()
	m.MemberID = member
	req.Members = append(req.Members, m)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}

// leaveConsumer leaves a group of the consumer protocol: permanently, or a static member
// until its restart.
func (c *Consumer) leaveConsumer(ctx context.Context, client *kgo.Client, member string) error {
	const forGood, untilRestart = -1, -2
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Group, req.MemberID, req.MemberEpoch = c.opts.Group, member, forGood
	if c.opts.InstanceID != "" {
		req.InstanceID, req.MemberEpoch = &c.opts.InstanceID, untilRestart
	}
	resp, err := req.RequestWith(ctx, client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if errors.Is(err, kerr.UnknownMemberID) || errors.Is(err, kerr.GroupIDNotFound) {
		return nil // it is out, as intended
	}
	return err
}
