package consumer

import "github.com/tracklayer/amazon-capi/consumer/assignment"

// steer makes the client fetch a partition or pause it, according to its assignment.
// Whoever changes the assignment calls it afterwards: a finding may arrive when the
// assignment has ended, or when somebody else has settled its claim meanwhile, and a
// partition paused at that moment would never be resumed. c.mu is held.
func (c *Consumer) steer(a *assignment.Assignment) (fetched bool) {
	if c.assignments[a.TopicPartition()] != a {
		return true // the partition belongs to its next assignment or another member
	}
	fetched = a.Fetches()
	partitions := map[string][]int32{a.Topic(): {a.Partition()}}
	if fetched && !c.aside(a.TopicPartition()) {
		c.client.ResumeFetchPartitions(partitions)
	} else {
		c.client.PauseFetchPartitions(partitions)
	}
	return fetched
}

// steerAll is steer for callers that do not hold c.mu. It returns how many wait.
func (c *Consumer) steerAll(as []*assignment.Assignment) (waiting int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range as {
		if !c.steer(a) {
			waiting++
		}
	}
	return waiting
}
