package consumer

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Job makes a Consumer work through a part of its topic that is known before it
// starts, and end when that is done. Its group is the memory of the job: who
// starts it again in the same group goes on where it was left, however it ended.
//
// Several members may share a job. Each ends when its own partitions are done and what
// is selected of the others has been settled, too.
type Job struct {
	// Selection is what is to be handled.
	Selection Selection
	// LeaveOthers keeps what is not selected for a later job of the same group.
	// Otherwise it counts as settled: this job alone decides what its group is
	// about.
	LeaveOthers bool
	// Rate bounds how many selected records are taken a second; 0 is no bound.
	Rate float64
	// Exact says that the Handler makes other records of what it reads. The job gets no
	// stand-in for a batch that is too large to unpack, and waits there.
	Exact bool
}

// Selection is a set of records.
type Selection = assignment.Selection

// Leave gives up a record of a job: it gets no verdict, and stays for a later job
// of the group. It must not be settled or left a second time.
func (c *Consumer) Leave(tok verdict.Handle) {
	a := tok.Owner.(*assignment.Assignment)
	if bytes, ok := a.LeaveToOthers(tok.Seq); ok {
		c.tally.GiveBack(1)
		c.window.Release(1, bytes)
	}
}

const (
	// jobEvery is how often a job looks whether it is done.
	jobEvery = 20 * time.Millisecond
	// deletedEvery is how often it asks whether what it waits for is still there.
	deletedEvery = 2 * time.Second
)

// jobLoop ends the run when the job is done.
func (c *Consumer) jobLoop(ctx context.Context, done context.CancelFunc) {
	defer crash.Report()
	tick, deleted := time.NewTicker(jobEvery), time.NewTicker(deletedEvery)
	defer tick.Stop()
	defer deleted.Stop()
	admin := kadm.NewClient(c.client)
	end := jobEnd{admin: admin}
	for {
		switch taken, settled := c.jobState(); {
		case end.reached(ctx, c, settled):
			done()
			return
		case taken && !settled:
			c.handler.Flush(true) // nothing more comes that a batch could wait for
		}
		select {
		case <-tick.C:
		case <-deleted.C:
			c.checkDeleted(ctx, admin)
		case <-ctx.Done():
			return
		}
	}
}

// jobState reports whether all of the job is taken, and whether all of it is
// settled, as far as this member's partitions go.
func (c *Consumer) jobState() (taken, settled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.assigned {
		return false, false
	}
	taken, settled = true, true
	for _, a := range c.assignments {
		t, s := a.Progress()
		taken, settled = taken && t, settled && s
	}
	return taken, settled
}

// outline begins an assignment of a job: a partition of which nothing is wanted is
// not read at all.
func (c *Consumer) outline(cl *kgo.Client, a *assignment.Assignment) {
	// It may have been ours before, and finished or been held.
	cl.ResumeFetchPartitions(map[string][]int32{a.Topic(): {a.Partition()}})
	if c.opts.Job == nil {
		return
	}
	a.Of(c.opts.Job.Selection, c.opts.Job.LeaveOthers)
	if c.opts.Job.Selection.End(a.Partition()) == 0 {
		finish(cl, a)
	}
}

// finish notes that a partition is read as far as the job goes.
func finish(cl *kgo.Client, a *assignment.Assignment) {
	a.Finish()
	cl.PauseFetchPartitions(map[string][]int32{a.Topic(): {a.Partition()}})
}

// checkDeleted ends partitions whose selected records have been deleted before
// they were read: nothing would ever come to say that the end is reached.
func (c *Consumer) checkDeleted(ctx context.Context, admin *kadm.Client) {
	ctx, cancel := context.WithTimeout(ctx, deletedEvery)
	defer cancel()
	starts, err := admin.ListStartOffsets(ctx, c.opts.Topics...)
	if err != nil {
		return // brokers that are away are for others to report
	}
	for _, a := range c.owned() {
		o, ok := starts.Lookup(a.Topic(), a.Partition())
		if ok && o.Err == nil && o.Offset >= c.opts.Job.Selection.End(a.Partition()) {
			finish(c.client, a)
		}
	}
}
