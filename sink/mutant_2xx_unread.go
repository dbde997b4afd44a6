//go:build mutant_2xx_unread

package sink

const (
	letterNotAwaited = false
	unread2xx        = true
)
