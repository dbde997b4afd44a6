//go:build synctests

package sim

import (
	"fmt"
	"testing"
	"time"
)

// TestFoundBefore lives through the worlds that have shown a mistake of the program, all of
// which docs/guarantees.md tells of.
func TestFoundBefore(t *testing.T) {
	if testing.Short() {
		t.Skip("five minutes in each of four worlds, three times")
	}
	for _, seed := range []uint64{324, 5019, 20186, 10963} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			replay(t, seed, Options{Length: 3 * time.Minute, Plain: true})
		})
	}
}
