package sink

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/batch"
)

// ExhaustedPolicy says what happens to events whose attempts are used up by temporary faults:
// timeouts, lost connections, 429, 5xx, items put off.
type ExhaustedPolicy uint8

// The policies.
const (
	// HoldExhausted keeps them until the fault is over, however long that takes: lag grows,
	// and no event is given up.
	HoldExhausted ExhaustedPolicy = iota
	// DeadLetterExhausted dead-letters them, for users to whom later events matter more. An
	// outage then fills the dead-letter topic, at the pace at which the lane's breaker lets
	// requests through.
	DeadLetterExhausted
)

// ParseExhaustedPolicy reads a policy's name: hold or dead-letter.
func ParseExhaustedPolicy(name string) (ExhaustedPolicy, error) {
	switch name {
	case "hold":
		return HoldExhausted, nil
	case "dead-letter":
		return DeadLetterExhausted, nil
	}
	return 0, fmt.Errorf("%q is unknown: want hold or dead-letter", name)
}

// spent reports whether the batch has used up its attempts.
func (l *lane) spent(b *batch.Batch) bool { return b.Tries >= l.sink.opts.MaxAttempts }

// giveUp reports whether the batch becomes dead letters because of it.
func (l *lane) giveUp(b *batch.Batch) bool {
	return l.sink.opts.OnExhausted == DeadLetterExhausted && l.spent(b)
}

func exhausted(b *batch.Batch, status int, why string) verdict.Reason {
	r := verdict.CodeExhausted.Because(fmt.Sprintf("given up after %s in a row, the last with: %s", count.Of(b.Tries, "failure"), why))
	r.Status = status
	return *r
}
