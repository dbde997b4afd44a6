package consumer

import (
	"maps"
	"slices"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// retire stops taking from partitions: those of the map, or all if it is nil. It returns
// those that are to be drained and committed, and those that must no longer be committed.
// A stop drains suspended ones, too: they may come back before the stop has ended.
func (c *Consumer) retire(partitions map[string][]int32) (drain, fence []*assignment.Assignment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.named(partitions) {
		a.Retire()
		if a.Suspended() && partitions != nil {
			fence = append(fence, a)
		} else {
			drain = append(drain, a)
		}
	}
	return drain, fence
}

// owner is this member as its commits see it.
type owner struct{ c *Consumer }

func (o owner) Living() []*assignment.Assignment { return o.c.living() }
func (o owner) Steer(a *assignment.Assignment)   { o.c.steerAll([]*assignment.Assignment{a}) }
func (o owner) End(as []*assignment.Assignment)  { o.c.end(as) }

// named returns the assignments of these partitions, or all. c.mu is held.
func (c *Consumer) named(partitions map[string][]int32) (as []*assignment.Assignment) {
	if partitions == nil {
		return slices.Collect(maps.Keys(c.alive))
	}
	for topic, ps := range partitions {
		for _, p := range ps {
			if a := c.assignments[assignment.Of(topic, p)]; a != nil {
				as = append(as, a)
			}
		}
	}
	return as
}

// owned returns the assignments that are taken from.
func (c *Consumer) owned() []*assignment.Assignment {
	c.mu.Lock()
	defer c.mu.Unlock()
	var as []*assignment.Assignment
	for _, a := range c.assignments {
		if a.Taking() {
			as = append(as, a)
		}
	}
	return as
}

// living returns the assignments that have not ended.
func (c *Consumer) living() []*assignment.Assignment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.alive))
}
