//go:build kafka

package e2e

import (
	"testing"

	"github.com/tracklayer/amazon-capi/consumer"
)

// TestMovingBetweenGroupProtocols: a group is moved from the classic protocol to the
// consumer protocol and back under load, member by member, so that there are members of
// both for a while. kfake has no such groups.
func TestMovingBetweenGroupProtocols(t *testing.T) {
	rollingRestart(t, consumer.ProtocolClassic, consumer.ProtocolConsumer, consumer.ProtocolClassic)
}
