//go:build mutant_letter_not_awaited

package sink

const (
	letterNotAwaited = true
	unread2xx        = false
)
