//go:build mutant_commit_on_poll

package consumer

const (
	commitOnPoll     = true
	fenceBeforeDrain = false
)
