package pipeline

import (
	"runtime/debug"
	"testing"
)

// The collector is told to run often, but for who says himself how often.
func TestCollectorRunsOften(t *testing.T) {
	for env, want := range map[string]int{"": 50, "80": 100, "off": 100} {
		t.Setenv("GOGC", env)
		was := debug.SetGCPercent(100) // as the environment is read before a test can set it
		CollectOften()
		if got := debug.SetGCPercent(was); got != want {
			t.Errorf("GOGC=%s: %d, want %d", env, got, want)
		}
	}
}
