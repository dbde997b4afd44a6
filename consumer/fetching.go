package consumer

import "github.com/tracklayer/amazon-capi/consumer/assignment"

// steer has the client fetch a partition, or not, as its assignment stands. Whoever
// changes that calls it afterwards: what was found out about an assignment may come when
// it has ended, or when somebody else has settled its claim meanwhile, and a partition
// that was paused then would be resumed by nobody. c.mu is held.
func (c *Consumer) steer(a *assignment.Assignment) (fetched bool) {
	if c.assignments[a.TopicPartition()] != a {
		return true // the partition is its next assignment's, or another member's
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

// steerAll is steer for who does not hold c.mu. It returns how many wait.
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
