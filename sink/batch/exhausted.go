package batch

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Exhausted says what happens to events whose attempts are used up by temporary faults:
// timeouts, lost connections, 429, 5xx, items put off.
type Exhausted uint8

// The policies.
const (
	// HoldExhausted keeps them until the fault is over, however long that takes: lag grows,
	// and no event is given up.
	HoldExhausted Exhausted = iota
	// DeadLetterExhausted dead-letters them, for users to whom later events matter more. An
	// outage then fills the dead-letter topic, at the pace at which the lane's breaker lets
	// requests through.
	DeadLetterExhausted
)

// ParseExhausted reads a policy's name: hold or dead-letter.
func ParseExhausted(name string) (Exhausted, error) {
	switch name {
	case "hold":
		return HoldExhausted, nil
	case "dead-letter":
		return DeadLetterExhausted, nil
	}
	return 0, fmt.Errorf("%q is unknown: want hold or dead-letter", name)
}

// GivenUp is the reason of a batch whose attempts are used up.
func (t *Trials) GivenUp(status int, why string) verdict.Reason {
	r := verdict.CodeExhausted.Because(fmt.Sprintf("given up after %s in a row, the last with: %s", count.Of(t.Tries, "failure"), why))
	r.Status = status
	return *r
}
