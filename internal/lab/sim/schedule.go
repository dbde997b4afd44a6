package sim

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Step is one thing that breaks, from when and for how long.
type Step struct {
	At   time.Duration `json:"at_ns"` // since the world began
	For  time.Duration `json:"for_ns"`
	Do   string        `json:"do"`             // a name of actions
	Whom int           `json:"whom,omitempty"` // which member, broker or variant
}

func (s Step) String() string {
	return fmt.Sprintf("+%.1fs %s %d for %.1fs", s.At.Seconds(), s.Do, s.Whom, s.For.Seconds())
}

// Schedule is all that breaks in a world, in order of time.
type Schedule []Step

func (s Schedule) String() string {
	lines := make([]string, len(s))
	for i, step := range s {
		lines[i] = step.String()
	}
	return strings.Join(lines, "\n")
}

// world sizes that a seed draws.
type plan struct {
	members    int
	partitions int32
	events     int
	length     time.Duration // of the phase in which things break
	gentle     bool          // of things that are no reason to send anything twice
	takeover   bool          // the group begins with the offsets of another topic's group
	schedule   Schedule
}

// draw makes a seed's plan. Short worlds break often; the longer one is, the rarer.
func draw(seed uint64, o Options) plan {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := plan{
		members:    2 + rng.IntN(4),
		partitions: int32(1 + rng.IntN(6)),
		events:     o.Events/2 + rng.IntN(o.Events),
		length:     o.Length/2 + time.Duration(rng.Int64N(int64(o.Length))),
	}
	names := slices.Sorted(maps.Keys(actions))
	p.gentle = rng.IntN(3) == 0
	if p.gentle {
		names = slices.Clone(gentle)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(apart, name) })
	if len(o.Only) > 0 {
		names = o.Only
		p.gentle = !slices.ContainsFunc(o.Only, func(n string) bool { return !slices.Contains(gentle, n) })
	}
	steps := 1 + rng.IntN(o.Steps)
	for range steps {
		s := Step{
			At:   time.Duration(rng.Int64N(int64(p.length))),
			Do:   names[rng.IntN(len(names))],
			Whom: rng.IntN(60), // taken modulo what there is
		}
		// Half are short, some outlast every timeout there is.
		s.For = time.Duration(rng.Int64N(int64(8 * time.Second)))
		if rng.IntN(2) == 0 {
			s.For = time.Duration(rng.Int64N(int64(90 * time.Second)))
		}
		p.schedule = append(p.schedule, s)
	}
	// By a source of its own, so that all else stays what a seed was known for.
	rng = rand.New(rand.NewPCG(seed, 3))
	p.takeover = rng.IntN(4) == 0
	if rng.IntN(4) == 0 && len(o.Only) == 0 {
		p.schedule = append(p.schedule, Step{
			At: time.Duration(rng.Int64N(int64(p.length))), For: time.Duration(rng.Int64N(int64(20 * time.Second))), Do: "surge", Whom: rng.IntN(60),
		})
	}
	slices.SortStableFunc(p.schedule, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	return p
}
