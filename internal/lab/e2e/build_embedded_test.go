//go:build !kafka

package e2e

// Only tools are run from it, which have their own tests under the race detector.
var buildFlags = []string{"build"}
