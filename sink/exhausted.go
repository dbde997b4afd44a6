package sink

import "github.com/tracklayer/amazon-capi/sink/batch"

// ExhaustedPolicy says what happens to events whose attempts are used up.
type ExhaustedPolicy = batch.Exhausted

// The policies.
const (
	HoldExhausted       = batch.HoldExhausted
	DeadLetterExhausted = batch.DeadLetterExhausted
)

// ParseExhaustedPolicy reads a policy's name: hold or dead-letter.
func ParseExhaustedPolicy(name string) (ExhaustedPolicy, error) { return batch.ParseExhausted(name) }

// spent reports whether the batch has used up its attempts.
func (l *lane) spent(b *batch.Batch) bool { return b.Tries >= l.sink.opts.MaxAttempts }

// giveUp reports whether the batch becomes dead letters because of it.
func (l *lane) giveUp(b *batch.Batch) bool {
	return l.sink.opts.OnExhausted == DeadLetterExhausted && l.spent(b)
}
