//go:build mutant_fence_before_drain

package consumer

const (
	commitOnPoll     = false
	fenceBeforeDrain = true
)
