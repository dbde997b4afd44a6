package harness

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// episode is something that is done to the members or the servers, from its
// beginning to its end. Afterwards the members of the base and all servers run
// again.
type episode struct {
	name string
	do   func(context.Context, *world, *rand.Rand) error
	// slow ones take so long that a short run would see little else.
	slow bool
	// nodes is how many brokers it needs, at least.
	nodes int
}

func episodes() []episode {
	return []episode{
		{name: "kill", do: killOne},
		{name: "kill-all", do: killAll},
		{name: "term", do: termOne},
		{name: "come-and-go", do: comeAndGo},
		{name: "freeze", do: freezeOne},
		{name: "broker-restart", do: restartBroker},
		{name: "broker-pause", do: pauseBroker},
		{name: "broker-roll", do: rollBrokers, nodes: 3},
		{name: "brokers-two", do: twoBrokers, nodes: 3},
		{name: "elections", do: elections, nodes: 3},
		{name: "registry-pause", do: registryAway(journal.RegistryPause, "pause", "resume")},
		{name: "registry-kill", do: registryAway(journal.RegistryKill, "kill", "start"), slow: true},
		{name: "letters-refused", do: refused(journal.LettersRefused, func(t *topics) string { return t.letters })},
		{name: "receipts-refused", do: refused(journal.ReceiptsRefused, func(t *topics) string { return t.receipts })},
	}
}

// longRun is from when on a run has time for slow episodes.
const longRun = 3 * time.Minute

// chosen returns the episodes of those names; if there are none, all that a run
// of that length has time for and that so many brokers can have.
func chosen(names []string, length time.Duration, nodes int) ([]episode, error) {
	if len(names) == 0 {
		return slices.DeleteFunc(episodes(), func(e episode) bool { return e.slow && length < longRun || e.nodes > nodes }), nil
	}
	return named("episode", names, episodes(), func(e episode) string { return e.name })
}

// named picks things by their names.
func named[T any](what string, names []string, all []T, name func(T) string) (out []T, err error) {
	for _, n := range names {
		i := slices.IndexFunc(all, func(v T) bool { return name(v) == n })
		if i < 0 {
			var known []string
			for _, v := range all {
				known = append(known, name(v))
			}
			return nil, fmt.Errorf("%s %q is unknown: want some of %s", what, n, strings.Join(known, ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}

func killOne(ctx context.Context, w *world, rng *rand.Rand) error {
	m := w.pick(rng)
	if err := w.kill(m); err != nil {
		return err
	}
	pause(ctx, between(rng, 0, 2500*time.Millisecond))
	return w.join(m)
}

// killAll leaves a group without members, all of whose partitions wait for a
// session to end.
func killAll(ctx context.Context, w *world, rng *rand.Rand) error {
	for _, m := range w.running() {
		if err := w.kill(m); err != nil {
			return err
		}
		pause(ctx, between(rng, 0, 300*time.Millisecond))
	}
	pause(ctx, between(rng, 0, time.Second))
	return w.restoreMembers()
}

func termOne(ctx context.Context, w *world, rng *rand.Rand) error {
	m := w.pick(rng)
	if err := w.term(m); err != nil {
		return err
	}
	pause(ctx, between(rng, 0, 2*time.Second))
	return w.join(m)
}

// comeAndGo has a further member join, stay for a while, and leave.
func comeAndGo(ctx context.Context, w *world, rng *rand.Rand) error {
	m := w.members[len(w.members)-1]
	if err := w.join(m); err != nil {
		return err
	}
	pause(ctx, between(rng, 2*time.Second, 5*time.Second))
	return w.term(m)
}

// freezeOne stops a member's time until the group has given its partitions to
// others, and lets it go on: it does not know yet.
func freezeOne(ctx context.Context, w *world, rng *rand.Rand) error {
	m := w.pick(rng)
	p := m.process()
	if p == nil {
		return nil
	}
	id := w.story.begin(journal.Fault{Kind: journal.Freeze, Member: m.name, InFlight: w.inFlight()})
	if err := p.tell(syscall.SIGSTOP); err != nil {
		return err
	}
	pause(ctx, sessionTimeout+between(rng, 1500*time.Millisecond, 3*time.Second))
	err := p.tell(syscall.SIGCONT)
	// What it goes on with, before it hears from the group.
	pause(ctx, 100*time.Millisecond)
	w.story.end(id, w.inFlight())
	return err
}

// restartBroker kills the broker or stops it, and starts it again. In most cases
// the group has some time to find together afterwards, or a run would be one
// long outage where starting a broker takes long.
func restartBroker(ctx context.Context, w *world, rng *rand.Rand) error {
	kind, away := journal.BrokerKill, "kill"
	if rng.IntN(2) == 0 {
		kind, away = journal.BrokerStop, "stop"
	}
	err := w.without(w.someBroker(rng), kind, away, "start", meanwhile(ctx, w, rng))
	if err == nil && rng.IntN(4) > 0 {
		_ = w.stable(ctx, 20*time.Second)
	}
	return err
}

func pauseBroker(ctx context.Context, w *world, rng *rand.Rand) error {
	return w.without(w.someBroker(rng), journal.BrokerPause, "pause", "resume", meanwhile(ctx, w, rng))
}

// someBroker picks a broker by chance.
func (w *world) someBroker(rng *rand.Rand) string {
	return w.servers.broker(1 + rng.IntN(w.servers.nodes))
}

// meanwhile is what happens while the broker is away: in half of the cases a
// member dies.
func meanwhile(ctx context.Context, w *world, rng *rand.Rand) func() error {
	return func() error {
		if rng.IntN(2) == 0 {
			pause(ctx, between(rng, 500*time.Millisecond, 3*time.Second))
			return nil
		}
		pause(ctx, between(rng, 0, time.Second))
		m := w.pick(rng)
		if err := w.kill(m); err != nil {
			return err
		}
		pause(ctx, between(rng, 0, time.Second))
		return w.join(m)
	}
}

// registryAway takes the registry away from members who need it: one that has
// just started knows no schema.
func registryAway(kind journal.Kind, away, back string) func(context.Context, *world, *rand.Rand) error {
	return func(ctx context.Context, w *world, rng *rand.Rand) error {
		return w.without("registry", kind, away, back, func() error {
			m := w.pick(rng)
			if err := w.kill(m); err != nil {
				return err
			}
			if err := w.join(m); err != nil {
				return err
			}
			pause(ctx, between(rng, 2*time.Second, 5*time.Second))
			return nil
		})
	}
}

// refused forbids writing to a topic for a while, in which a member with dead
// letters or receipts that were not written dies.
func refused(kind journal.Kind, which func(*topics) string) func(context.Context, *world, *rand.Rand) error {
	return func(ctx context.Context, w *world, rng *rand.Rand) error {
		topic := which(&w.topics)
		id := w.story.begin(journal.Fault{Kind: kind, InFlight: w.inFlight()})
		err := w.forbid(ctx, topic, true)
		if err == nil {
			pause(ctx, between(rng, 2*time.Second, 4*time.Second))
			m := w.pick(rng)
			if err = w.kill(m); err == nil {
				err = w.join(m)
			}
			pause(ctx, between(rng, 0, time.Second))
		}
		if allowed := w.forbid(context.WithoutCancel(ctx), topic, false); err == nil {
			err = allowed
		}
		w.story.end(id, w.inFlight())
		return err
	}
}

// without runs f while a server is away.
func (w *world) without(server string, kind journal.Kind, away, back string, f func() error) error {
	id := w.story.begin(journal.Fault{Kind: kind, InFlight: w.inFlight()})
	// Not the run's context: what was taken away is brought back, too.
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	err := w.servers.do(ctx, away, server)
	if err == nil {
		err = f()
	}
	if restored := w.servers.do(ctx, back, server); err == nil {
		err = restored
	}
	w.story.end(id, w.inFlight())
	return err
}

func (w *world) kill(m *member) error {
	p := m.process()
	if p == nil {
		return nil
	}
	id := w.story.begin(journal.Fault{Kind: journal.Kill, Member: m.name, InFlight: w.inFlight()})
	if err := p.tell(syscall.SIGKILL); err != nil {
		return err
	}
	if !p.wait(10 * time.Second) {
		return fmt.Errorf("%s does not die", m.name)
	}
	w.story.end(id, nil)
	return nil
}

// term ends a member and waits for it. One that takes far longer than it may is
// killed; that its fault has no end is for the auditor to see.
func (w *world) term(m *member) error {
	p := m.process()
	if p == nil {
		return nil
	}
	id := w.story.begin(journal.Fault{Kind: journal.Term, Member: m.name, InFlight: w.inFlight()})
	if err := p.tell(syscall.SIGTERM); err != nil {
		return err
	}
	if !p.wait(drain + ending) {
		w.story.tell("%s does not end after SIGTERM; killing it", m.name)
		if err := p.tell(syscall.SIGQUIT); err != nil { // its goroutines, for its log
			return err
		}
		pause(context.Background(), time.Second)
		if err := p.tell(syscall.SIGKILL); err != nil {
			return err
		}
		p.wait(10 * time.Second)
		return nil
	}
	w.story.end(id, nil)
	return nil
}

// ending is what a member may take for its end beside the drain: a last commit,
// leaving the group and closing its clients have budgets of their own.
const ending = 45 * time.Second

func (w *world) join(m *member) error {
	id := w.story.begin(journal.Fault{Kind: journal.Join, Member: m.name, InFlight: w.inFlight()})
	err := m.start()
	w.story.end(id, nil)
	return err
}

// running returns the members that run.
func (w *world) running() (up []*member) {
	for _, m := range w.members {
		if m.process() != nil {
			up = append(up, m)
		}
	}
	return up
}

// pick chooses one of them.
func (w *world) pick(rng *rand.Rand) *member {
	up := w.running()
	if len(up) == 0 {
		return w.members[0]
	}
	return up[rng.IntN(len(up))]
}

// restoreMembers starts the members of the base that are down.
func (w *world) restoreMembers() error {
	for _, m := range w.base() {
		if m.process() == nil {
			if err := w.join(m); err != nil {
				return err
			}
		}
	}
	return nil
}
