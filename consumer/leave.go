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
	// leavePatience is how long the client may take to leave the group. It waits for
	// a rebalance that is under way, and so for other members.
	leavePatience = time.Second
	// leaveTimeout bounds leaving without it: brokers that are gone must not keep a
	// process from ending.
	leaveTimeout = 4 * time.Second
)

// leaveGroup leaves the group and closes the client. abandon cancels the client's
// context, with all that it still waits for.
func (c *Consumer) leaveGroup(abandon func()) {
	member, _ := c.client.GroupMetadata()
	ctx, cancel := context.WithTimeout(context.Background(), leavePatience)
	c.client.AllowRebalance()
	err := c.client.LeaveGroupContext(ctx)
	late := ctx.Err() != nil
	cancel()
	if late {
		// Only now, with nothing left that could join again.
		abandon()
		c.client.CloseAllowingRebalance()
		err = c.leaveAside(member)
	} else {
		c.client.CloseAllowingRebalance()
	}
	if err != nil {
		c.log.Warn().Err(err).Msg("could not leave the group; its partitions move when the session times out")
	}
}

// leaveAside takes the member out of the group with a client of its own. A static
// member stays, so that its restart finds its partitions.
func (c *Consumer) leaveAside(member string) error {
	if member == "" || c.opts.InstanceID != "" {
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
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
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
