package harness

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// rollBrokers stops and starts one broker after the other, as an upgrade of the
// cluster does. Leaders and coordinators move each time.
func rollBrokers(ctx context.Context, w *world, rng *rand.Rand) error {
	for _, n := range rng.Perm(w.servers.nodes) {
		err := w.without(w.servers.broker(n+1), journal.BrokerStop, "stop", "start", func() error { return nil })
		if err != nil {
			return err
		}
		if err := w.inSync(ctx); err != nil {
			return err
		}
	}
	return nil
}

// twoBrokers takes two of three brokers away at once: nothing can be written, and
// groups have no coordinator.
func twoBrokers(ctx context.Context, w *world, rng *rand.Rand) error {
	order := rng.Perm(w.servers.nodes)
	one, other := w.servers.broker(order[0]+1), w.servers.broker(order[1]+1)
	err := w.without(one, journal.BrokerKill, "kill", "start", func() error {
		return w.without(other, journal.BrokerKill, "kill", "start", func() error {
			pause(ctx, between(rng, 5*time.Second, 15*time.Second))
			return nil
		})
	})
	if err != nil {
		return err
	}
	return w.inSync(ctx)
}

// elections kills a broker for as long as it takes others to lead in its place,
// and then has the preferred replicas lead again.
func elections(ctx context.Context, w *world, rng *rand.Rand) error {
	err := w.without(w.someBroker(rng), journal.BrokerKill, "kill", "start", func() error {
		pause(ctx, between(rng, 6*time.Second, 9*time.Second)) // beyond the broker's session
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.inSync(ctx); err != nil {
		return err
	}
	id := w.story.begin(journal.Fault{Kind: journal.Elections, InFlight: w.inFlight()})
	_, err = w.admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, nil)
	pause(ctx, between(rng, time.Second, 3*time.Second))
	w.story.end(id, w.inFlight())
	return err
}

// inSync waits until every replica of the run's topics has all that its leader
// has.
func (w *world) inSync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	for {
		behind := -1
		if topics, err := w.admin.ListTopics(ctx, w.source, w.letters, w.receipts); err == nil && topics.Error() == nil {
			behind = 0
			topics.EachPartition(func(p kadm.PartitionDetail) { behind += len(p.Replicas) - len(p.ISR) })
		}
		if behind == 0 {
			return nil
		}
		if !pause(ctx, 200*time.Millisecond) {
			return fmt.Errorf("%d replicas are not in sync after %s", behind, settling)
		}
	}
}
