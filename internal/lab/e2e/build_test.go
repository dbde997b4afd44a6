//go:build kafka && !soak

package e2e

// The program is built like its tests, so that they find its races, too.
var buildFlags = []string{"build", "-race"}
