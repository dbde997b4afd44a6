package consumer

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// A client that joins and hears that the group no longer knows it rejoins under another
// member id, and does not report it: it does not call what it keeps lost, and revokes
// what it gives up as usual. But it was out of the group in between, and others may have
// had its partitions and have committed further. The brokers check only the member and
// its generation, and would accept a commit that sets the group back. So each assignment
// knows under which member id it was made.

// memberID returns the client's member id; empty before it has one.
func memberID(cl *kgo.Client) string {
	id, _ := cl.GroupMetadata()
	return id
}

// disown ends what was taken under another member id of partitions that are revoked.
func (c *Consumer) disown(cl *kgo.Client, removed map[string][]int32) {
	id := memberID(cl)
	var gone []*assignment.Assignment
	c.mu.Lock()
	for _, a := range c.named(removed) {
		if a.MemberOf() != id {
			gone = append(gone, a)
		}
	}
	c.mu.Unlock()
	if len(gone) > 0 {
		c.end(gone)
		c.log.Warn().Int("partitions", len(gone)).
			Msg("the group took these partitions away while it did not know this member; what was in flight is sent again by their next owner")
	}
}

// reclaim asks the group again about partitions that the client kept while its member id
// changed. As after a loss and return, they continue if nobody has committed since, and
// otherwise begin where the group stands.
func (c *Consumer) reclaim(cl *kgo.Client, added map[string][]int32) {
	id := memberID(cl)
	fresh := make(map[assignment.TopicPartition]bool)
	for topic, partitions := range added {
		for _, p := range partitions {
			fresh[assignment.Of(topic, p)] = true
		}
	}
	var kept []*assignment.Assignment
	c.mu.Lock()
	for tp, a := range c.assignments {
		if !fresh[tp] && a.Commits() && a.MemberOf() != id {
			kept = append(kept, a)
		}
	}
	gone := c.suspend(kept)
	c.mu.Unlock()
	if len(kept) == 0 {
		return
	}
	c.end(gone) // they have taken nothing, or cannot continue
	c.mu.Lock()
	asked := kept[:0]
	for _, a := range kept {
		if a = c.begin(cl, a.TopicPartition()); a == nil {
			continue
		}
		a.Given(true)
		a.Await()
		asked = append(asked, a)
	}
	c.mu.Unlock()
	c.log.Warn().Int("partitions", len(asked)).
		Msg("this member was out of the group for a moment; asking where the partitions stand that it keeps")
	c.hold(asked, nil)
	signal(c.doubts)
}
