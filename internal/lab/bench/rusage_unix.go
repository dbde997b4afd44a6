//go:build unix

package bench

import (
	"runtime"
	"syscall"
)

// peakMemory is the largest resident memory of a process that has ended, in
// bytes; 0 where the system does not tell.
func peakMemory(usage any) int64 {
	r, ok := usage.(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return r.Maxrss // the one that counts in bytes
	}
	return r.Maxrss << 10
}
