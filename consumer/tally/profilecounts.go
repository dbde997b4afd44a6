package tally

import (
	"hash/maphash"
	"strings"
)

// Chunk counts the events of a chunk by profile. The profiles are
// remembered from chunk to chunk: finding one costs a third of putting it into a
// map anew each time.
type Chunk struct {
	known map[string]*profileCount
	// recent are some of them, by their hash: most profiles have one of these
	// places to themselves, and to look there takes a quarter of what a map does.
	recent [256]*profileCount
	seed   maphash.Seed
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
		c.known, c.seed = make(map[string]*profileCount), maphash.MakeSeed()
	}
	recent := &c.recent[maphash.String(c.seed, profile)%uint64(len(c.recent))]
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

func (c *Chunk) remember(profile string) *profileCount {
	e := &profileCount{profile: strings.Clone(profile)} // it may be a part of a record, which it would keep
	c.known[e.profile] = e
	return e
}

// Hand gives the counts to the tally and begins again.
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
