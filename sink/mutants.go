//go:build !(mutant_letter_not_awaited || mutant_2xx_unread)

package sink

// Mistakes that other programs of this kind make. A build tag makes a mutant
// that makes one of them, to show that the chaos run's auditor notices; in every
// other build they are constants, and the compiler leaves nothing of them.
const (
	letterNotAwaited = false // mutant_letter_not_awaited: a dead letter counts as written before the brokers have it
	unread2xx        = false // mutant_2xx_unread: any 2xx means that all events were taken
)
