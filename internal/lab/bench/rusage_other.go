//go:build !unix

package bench

func peakMemory(any) int64 { return 0 }
