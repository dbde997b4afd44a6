//go:build !race && !kafka

package e2e

// raced: the race detector is on, and all takes ten times as long.
const raced = false
