package audit

import (
	"testing"

	"pgregory.net/rapid"
)

// TestClaimsFindRoom: what several faults may have done is not charged to one
// that did something else already.
func TestClaimsFindRoom(t *testing.T) {
	a, b := &share{inFlight: 3}, &share{inFlight: 2}
	var c claims
	for range 2 {
		c.add([]*share{a, b}, false)
	}
	for range 3 {
		c.add([]*share{a}, true)
	}
	c.settle(func(s *share) int { return s.inFlight })
	if a.letters != 3 || a.duplicates != 0 || b.duplicates != 2 {
		t.Errorf("%+v, %+v; want the three that only the first can have done with it, the others with the second", a, b)
	}
}

// TestClaimsExceedOnlyWhereTheyMust holds the matching to the theorem about it:
// as many find room as the narrowest cut lets through, and none gets lost.
func TestClaimsExceedOnlyWhereTheyMust(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shares := make([]*share, rapid.IntRange(1, 4).Draw(t, "shares"))
		for i := range shares {
			shares[i] = &share{inFlight: rapid.IntRange(0, 6).Draw(t, "room")}
		}
		var c claims
		demand := make(map[int]int) // by the set of shares, as bits
		total := 0
		for range rapid.IntRange(0, 30).Draw(t, "claims") {
			set := rapid.IntRange(1, 1<<len(shares)-1).Draw(t, "among")
			var among []*share
			for i, s := range shares {
				if set&(1<<i) != 0 {
					among = append(among, s)
				}
			}
			c.add(among, rapid.Bool().Draw(t, "letter"))
			demand[set]++
			total++
		}
		c.settle(func(s *share) int { return s.inFlight })

		used, fit := 0, 0
		for _, s := range shares {
			used += s.used()
			fit += min(s.used(), s.inFlight)
		}
		narrowest := total
		for full := range 1 << len(shares) {
			through := 0
			for i, s := range shares {
				if full&(1<<i) != 0 {
					through += s.inFlight
				}
			}
			for set, n := range demand {
				if set&^full == 0 {
					continue // all that these can go to is full
				}
				through += n
			}
			narrowest = min(narrowest, through)
		}
		if used != total || fit != narrowest {
			t.Fatalf("%d of %d were charged, %d of them within what is allowed; want %d", used, total, fit, narrowest)
		}
	})
}
