package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const (
	former        = "former.events"
	formerGroup   = "former"
	formerAddress = "localhost:8079"
	// formerHeld events come first in each partition, all of a profile that is
	// failed; formerEvents of the others follow, more than the source will have.
	formerHeld   = 12
	formerEvents = 60
	// formerWithin is how long the former group may take to deliver the others.
	formerWithin = 5 * time.Minute
)

// takeOver lets the group begin with the committed offsets and metadata of a group
// that works on another topic, as replication between clusters leaves them. The first
// event of each of that topic's partitions is held, so all offsets are 0, and what was
// delivered beyond is in the metadata alone: it says nothing about the source.
func (w *world) takeOver() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*formerWithin)
	defer cancel()
	if _, err := w.admin.CreateTopics(ctx, w.plan.partitions, 1, nil, former, former+".dlq", former+".receipts"); err != nil {
		return err
	}
	if err := w.publishFormer(ctx); err != nil {
		return err
	}
	taken, err := w.workFormer(ctx)
	if err != nil {
		return err
	}
	return w.admin.CommitAllOffsets(ctx, group, taken)
}

func (w *world) publishFormer(ctx context.Context) error {
	client, err := registry.New(registry.Options{URL: "http://" + honestRegistry, Dial: w.net.VirtualNetwork.DialContext})
	if err != nil {
		return err
	}
	defer client.Close()
	publisher, err := sample.NewPublisher(w.client, client, sample.PublisherOptions{Topic: former})
	if err != nil {
		return err
	}
	for _, part := range []struct{ profiles, events int }{{1, formerHeld}, {len(w.profiles), formerEvents}} {
		g, err := sample.NewGenerator(w.seed, sample.GeneratorOptions{
			Profiles: part.profiles, Prefix: fmt.Sprintf("former-%d-", part.profiles), Start: time.Now().Add(-2 * time.Hour), Span: time.Hour,
		})
		if err != nil {
			return err
		}
		if _, err := publisher.Publish(ctx, g.Take(part.events*int(w.plan.partitions))); err != nil {
			return err
		}
	}
	return nil
}

// workFormer has a member deliver the former topic to an Amazon of its own that fails
// the first profile, and kills it when it has committed what it can. It returns what
// that was, as if it were about the source.
func (w *world) workFormer(ctx context.Context) (taken kadm.Offsets, err error) {
	amazon, err := sandbox.NewAmazon(sandbox.Options{Seed: w.seed, ForgetEvents: true, Accounts: w.plan.accounts(w.profiles), Behaviour: sandbox.Behaviour{
		Faults: []sandbox.Fault{{Profile: w.profiles[0], Do: sandbox.Status, Status: 503}},
	}})
	if err != nil {
		return nil, err
	}
	defer amazon.Close()
	ln, err := w.net.Listen("tcp", formerAddress)
	if err != nil {
		return nil, err
	}
	if err := amazon.Serve(ln); err != nil {
		return nil, err
	}
	l := w.net.link()
	c := w.config("former", l)
	c.Topics, c.Group, c.DeadLetterTopic, c.ReceiptsTopic = []string{former}, formerGroup, former+".dlq", former+".receipts"
	c.AmazonURL, c.TokenURL = "http://"+formerAddress, "http://"+formerAddress+sandbox.TokenPath
	p, err := pipeline.New(c, w.logger("former"))
	if err != nil {
		return nil, err
	}
	runs, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Run(runs)
	}()
	taken, err = w.awaitFormer(ctx)
	l.kill() // by force: a clean stop would wait for the profile that is failed
	stop()
	<-ended
	return taken, err
}

// awaitFormer waits until the former group has committed every partition, and a
// minute at least, in which it delivers what it can. The offsets must be the starts.
func (w *world) awaitFormer(ctx context.Context) (kadm.Offsets, error) {
	for began := time.Now(); time.Since(began) < formerWithin; time.Sleep(time.Second) {
		info := w.cluster.GroupInfo(formerGroup)
		if info == nil || len(info.Commits[former]) < int(w.plan.partitions) || time.Since(began) < time.Minute {
			continue // not yet
		}
		taken := make(kadm.Offsets)
		for p, c := range info.Commits[former] {
			taken.Add(kadm.Offset{Topic: source, Partition: p, At: c.Offset, LeaderEpoch: -1, Metadata: c.Metadata})
			if c.Offset != 0 {
				return nil, fmt.Errorf("the former group has committed %d of partition %d, want 0", c.Offset, p)
			}
		}
		return taken, ctx.Err()
	}
	return nil, errors.New("the former group has not committed all of its partitions")
}
