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

// Job makes a Consumer work through a part of its topic that is known in advance, and end
// when that is done. The job's state is in its group: whoever restarts it in the same
// group continues, however it ended.
//
// Several members may share a job. Each ends when its own partitions are done and the
// selected records of the others have been settled, too.
type Job struct {
	// Selection is what is to be handled.
	Selection Selection
	// LeaveOthers leaves unselected records to a later job of the same group. Otherwise
	// they count as settled: this job alone defines what its group is about.
	LeaveOthers bool
	// Rate bounds how many selected records are taken a second; 0 means no limit.
	Rate float64
	// Exact means that the Handler makes other records of what it reads. The job gets no
	// stand-in for a batch that is too large to unpack, and waits there.
	Exact bool
}

// Selection is a set of records.
type Selection = assignment.Selection

// Leave gives up a record of a job: it gets no verdict, and stays for a later job of the
// group. It must not be settled or left a second time.
func (c *Consumer) Leave(tok verdict.Handle) {
	a := tok.Owner.(*assignment.Assignment)
	if bytes, ok := a.LeaveToOthers(tok.Seq); ok {
		c.tally.GiveBack(1)
		c.window.Release(1, bytes)
	}
}

const (
	// jobEvery is how often a job checks whether it is done.
	jobEvery = 20 * time.Millisecond
	// deletedEvery is how often it checks whether what it waits for still exists.
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
			c.handler.Flush(true) // no more records come that a batch could wait for
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

// jobState reports whether all of the job is taken, and whether all of it is settled, for
// this member's partitions.
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

// outline begins an assignment of a job: a partition without selected records is not read at all.
func (c *Consumer) outline(cl *kgo.Client, a *assignment.Assignment) {
	// It may have been ours before, and finished or held.
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

// checkDeleted ends partitions whose selected records were deleted before they were read:
// nothing else would show that the end is reached.
func (c *Consumer) checkDeleted(ctx context.Context, admin *kadm.Client) {
	ctx, cancel := context.WithTimeout(ctx, deletedEvery)
	defer cancel()
	starts, err := admin.ListStartOffsets(ctx, c.opts.Topics...)
	if err != nil {
		return // unavailable brokers are reported elsewhere
	}
	for _, a := range c.owned() {
		o, ok := starts.Lookup(a.Topic(), a.Partition())
		if ok && o.Err == nil && o.Offset >= c.opts.Job.Selection.End(a.Partition()) {
			finish(c.client, a)
		}
	}
}
