package tally

import (
	"fmt"
	"testing"
)

// TestProfilesThatEndAlike are counted apart, whichever place they share, and counted
// anew after each chunk.
func TestProfilesThatEndAlike(t *testing.T) {
	all := New()
	var c Chunk
	const profiles = 400 // twice as many ids, more than there are places
	for range 2 {
		for i := range profiles {
			for range i%3 + 1 {
				c.Add(fmt.Sprintf("%d-0001", i))
				c.Add(fmt.Sprint(i))
			}
			c.Add("")
		}
		c.Hand(all)
	}
	got := make(map[string]uint64)
	for _, p := range all.Summary().Profiles {
		got[p.Profile] = p.Consumed
	}
	for i := range profiles {
		want := uint64(2 * (i%3 + 1))
		for _, id := range []string{fmt.Sprintf("%d-0001", i), fmt.Sprint(i)} {
			if got[id] != want {
				t.Errorf("profile %q: counted %d, want %d", id, got[id], want)
			}
		}
	}
	if got[""] != 2*profiles {
		t.Errorf("without a profile: counted %d, want %d", got[""], 2*profiles)
	}
}
