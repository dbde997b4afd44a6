//go:build !(mutant_commit_on_poll || mutant_fence_before_drain)

package consumer

// Mistakes that other programs of this kind make. A build tag makes a mutant
// that makes one of them, to show that the chaos run's auditor notices; in every
// other build they are constants, and the compiler leaves nothing of them.
const (
	commitOnPoll     = false // mutant_commit_on_poll: offsets are committed for what was taken, delivered or not
	fenceBeforeDrain = false // mutant_fence_before_drain: a partition is given up before what it has in flight is finished
)
