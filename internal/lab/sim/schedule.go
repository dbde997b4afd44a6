package sim

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
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
	topics     []string      // that the group reads
	protocol   consumer.Protocol
	twoOwners  bool // the profiles belong to two accounts
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
		topics:     []string{source},
	}
	names := slices.Sorted(maps.Keys(actions))
	p.gentle = rng.IntN(3) == 0
	if p.gentle {
		names = slices.Clone(gentle)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(apart, name) || slices.Contains(later, name) })
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
	if !o.Plain {
		p.drawMore(rand.New(rand.NewPCG(seed, 4)), o)
	}
	slices.SortStableFunc(p.schedule, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	return p
}

// drawMore draws what Options.Plain leaves out.
func (p *plan) drawMore(rng *rand.Rand, o Options) {
	for _, name := range []string{".eu", ".us"} {
		if rng.IntN(3) == 0 {
			p.topics = append(p.topics, source+name)
		}
	}
	if rng.IntN(3) == 0 {
		p.protocol = consumer.ProtocolConsumer
	}
	p.twoOwners = rng.IntN(3) == 0
	if len(o.Only) > 0 {
		return
	}
	names := later
	if p.gentle {
		names = slices.DeleteFunc(slices.Clone(later), func(name string) bool { return !slices.Contains(gentle, name) })
	}
	for range rng.IntN(4) {
		s := Step{At: time.Duration(rng.Int64N(int64(p.length))), Do: names[rng.IntN(len(names))], Whom: rng.IntN(1 << 10)}
		s.For = time.Duration(rng.Int64N(int64(60 * time.Second)))
		if s.Do == "ids-unknown" {
			s.For = min(s.For, 15*time.Second) // longer only if the topic is another one
		}
		if s.Do == "hour" {
			if rng.IntN(4) > 0 {
				continue // it takes as much work as a dozen worlds without
			}
			s.For = time.Hour + time.Duration(rng.Int64N(int64(20*time.Minute)))
		}
		p.schedule = append(p.schedule, s)
	}
}

// accounts are the sandbox's; nil for its own.
func (p *plan) accounts(profiles []string) []sandbox.Account {
	if !p.twoOwners {
		return nil
	}
	half := len(profiles) / 2
	var all []sandbox.Account
	for name, of := range map[string][]string{"one": profiles[:half], "two": profiles[half:]} {
		all = append(all, sandbox.Account{
			ClientID: "amzn1.application-oa2-client." + name, ClientSecret: "secret-of-" + name, RefreshToken: "Atzr|" + name, Profiles: of,
		})
	}
	slices.SortFunc(all, func(a, b sandbox.Account) int { return cmp.Compare(a.ClientID, b.ClientID) })
	return all
}
