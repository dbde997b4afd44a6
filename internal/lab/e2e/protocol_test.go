package e2e

import (
	"os"
	"testing"

	"github.com/tracklayer/amazon-capi/consumer"
)

// groupProtocol is that of members and tools, by the environment's GROUP_PROTOCOL: make
// test-kafka runs the tests that are about groups in each. Classic if it is not set.
func groupProtocol(t *testing.T) (p consumer.Protocol) {
	t.Helper()
	text := os.Getenv("GROUP_PROTOCOL")
	if text == "" {
		return consumer.ProtocolClassic
	}
	p, err := consumer.ParseProtocol(text)
	if err != nil {
		t.Fatalf("GROUP_PROTOCOL: %v", err)
	}
	return p
}
