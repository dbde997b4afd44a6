//go:build faultpoints

package faultpoint

import (
	"hash/fnv"
	"time"
)

// longest is the longest wait: shorter than a drain, a session and a request's timeout.
const longest = 2 * time.Second

// At waits, one time in eight, for up to two seconds. Which time and how long follows from
// the clock, so that a simulation decides it as far as it decides when things happen.
func At(point string) {
	now := time.Now().UnixNano()
	h := fnv.New64a()
	_, _ = h.Write([]byte(point))
	for i := range 8 {
		_, _ = h.Write([]byte{byte(now >> (8 * i))})
	}
	if n := h.Sum64() >> 8; n%8 == 0 {
		time.Sleep(time.Duration(n>>3) % longest)
	}
}
