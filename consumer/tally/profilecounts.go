package tally

import "strings"

// Chunk counts the events of a chunk by profile. The profiles are remembered from chunk
// to chunk: finding one takes a third of the time of adding it to a map each time.
type Chunk struct {
	known map[string]*profileCount
	// recent are some of them, by the end of their ids: most profiles have one of these
	// slots to themselves, and a look there takes a fifth of a map's time. If many ids
	// share an end, the map finds them.
	recent [256]*profileCount
	some   []*profileCount // those that have any
}

type profileCount struct {
	profile string
	n       uint64
}

// maxRemembered is for profile ids that come from data, and may all be different.
const maxRemembered = 2048

// Add counts an event.
func (c *Chunk) Add(profile string) {
	if c.known == nil {
		c.known = make(map[string]*profileCount)
	}
	recent := &c.recent[place(profile)]
	e := *recent
	if e == nil || e.profile != profile {
		if e = c.known[profile]; e == nil {
			e = c.remember(profile)
		}
		*recent = e
	}
	if e.n == 0 {
		c.some = append(c.some, e)
	}
	e.n++
}

// place returns a profile's slot among the recent ones. Assigned numbers differ most at
// their end.
func place(profile string) uint8 {
	h := uint32(0)
	for i := max(len(profile)-4, 0); i < len(profile); i++ {
		h = h<<4 ^ uint32(profile[i])
	}
	const golden = 0x9E3779B1 // Knuth's multiplicative hashing
	return uint8(h * golden >> 24)
}

func (c *Chunk) remember(profile string) *profileCount {
	e := &profileCount{profile: strings.Clone(profile)} // it may be a part of a record, which it would keep
	c.known[e.profile] = e
	return e
}

// Hand gives the counts to the tally and starts again.
func (c *Chunk) Hand(t *Tally) {
	if len(c.some) == 0 {
		return
	}
	t.consumed(c.some)
	for _, e := range c.some {
		e.n = 0
	}
	clear(c.some)
	c.some = c.some[:0]
	if len(c.known) > maxRemembered {
		clear(c.known)
		clear(c.recent[:])
	}
}
