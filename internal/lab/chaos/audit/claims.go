package audit

import "slices"

// claims are things done again that one of several faults may have done each.
// Those between the same faults are alike, and are counted together.
type claims struct{ list []*claim }

type claim struct {
	among  []*share
	letter bool
	n      int
	given  []int // to each of among
}

func (c *claims) add(among []*share, letter bool) {
	i := slices.IndexFunc(c.list, func(k *claim) bool { return k.letter == letter && slices.Equal(k.among, among) })
	if i < 0 {
		i = len(c.list)
		c.list = append(c.list, &claim{among: among, letter: letter, given: make([]int, len(among))})
	}
	c.list[i].n++
}

// settle gives each to one of its faults, and makes the faults count them. It is
// a matching and not a rule of thumb, since one fault that is charged with what
// another did as well would be found to have done more than it can: a fault
// exceeds what it is allowed only if there is no other way.
func (c *claims) settle(allowed func(*share) int) {
	room := make(map[*share]int)
	for _, k := range c.list {
		for _, s := range k.among {
			room[s] = allowed(s) - s.used()
		}
	}
	for _, k := range c.list {
		left := k.n
		for left > 0 {
			n := c.push(k, left, room, make(map[*share]bool))
			if n == 0 {
				break
			}
			left -= n
		}
		k.given[0] += left // too many, wherever they are put
	}
	for _, k := range c.list {
		for i, s := range k.among {
			s.count(k.letter, k.given[i])
		}
	}
}

// push finds room for as many of a claim's as it can in one way, up to n, and
// takes it: with one of its faults, or by moving what another claim has there.
func (c *claims) push(k *claim, n int, room map[*share]int, seen map[*share]bool) int {
	for i, s := range k.among {
		if free := min(n, room[s]); free > 0 {
			room[s] -= free
			k.given[i] += free
			return free
		}
	}
	for i, s := range k.among {
		if seen[s] {
			continue
		}
		seen[s] = true
		for _, other := range c.list {
			at := slices.Index(other.among, s)
			if other == k || at < 0 || other.given[at] == 0 {
				continue
			}
			if moved := c.push(other, min(n, other.given[at]), room, seen); moved > 0 {
				other.given[at] -= moved
				k.given[i] += moved
				return moved
			}
		}
	}
	return 0
}
