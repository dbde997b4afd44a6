package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const (
	// formerStuck events of one profile come first in the former topic, enough
	// for each partition to begin with one; formerEvents of all follow.
	formerStuck  = 400
	formerEvents = 4000
	// primed events are in the source before its members start, and more than
	// the former topic has in any partition.
	primed = 6000
)

// takeover lets the group begin with the committed offsets and metadata of a
// group of another topic, as replication between clusters does. The first event
// of each of that topic's partitions is held, so all offsets are 0, and what was
// delivered beyond is in the metadata alone: it says nothing about the source,
// all of which is to be delivered.
func (w *world) takeover(ctx context.Context, p *publishing) error {
	w.story.tell("another group works on a topic of its own, and leaves its offsets")
	if err := p.prime(ctx, w.o, primed); err != nil {
		return err
	}
	former := topicsOf(w.o.Name + ".former")
	if err := w.createTopicsOf(ctx, former); err != nil {
		return err
	}
	if err := w.publishFormer(ctx, former); err != nil {
		return err
	}
	if err := w.workFormer(ctx, former); err != nil {
		return err
	}
	commits, err := w.admin.FetchOffsets(ctx, former.group)
	if err != nil {
		return err
	}
	taken := make(kadm.Offsets)
	for _, o := range commits[former.source] {
		if o.Err != nil {
			return o.Err
		}
		o.Topic = w.source
		taken.Add(o.Offset)
	}
	if len(taken[w.source]) < partitions {
		return fmt.Errorf("the former group has committed %d partitions of %d", len(taken[w.source]), partitions)
	}
	answers, err := w.admin.CommitOffsets(ctx, w.group, taken)
	return errors.Join(err, answers.Error())
}

// publishFormer fills the former topic.
func (w *world) publishFormer(ctx context.Context, former topics) error {
	registry, err := registry.New(registry.Options{URL: w.servers.registry})
	if err != nil {
		return err
	}
	publisher, err := sample.NewPublisher(w.client, registry, sample.PublisherOptions{Topic: former.source})
	if err != nil {
		return err
	}
	for _, part := range []struct{ profiles, events int }{{1, formerStuck}, {w.o.Profiles, formerEvents}} {
		g, err := sample.NewGenerator(w.o.Seed, sample.GeneratorOptions{Profiles: part.profiles, Prefix: fmt.Sprintf("former-%d-", part.profiles)})
		if err != nil {
			return err
		}
		if _, err := publisher.Publish(ctx, g.Take(part.events)); err != nil {
			return err
		}
	}
	return nil
}

// workFormer has a member deliver the former topic to an Amazon of its own that
// fails the first profile, and kills it when it has committed what it can.
func (w *world) workFormer(ctx context.Context, former topics) error {
	dir := filepath.Join(w.dir, "former")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	amazon, err := startAmazon(ctx, w.guard, dir, w.binary, w.o.Seed, w.http)
	if amazon != nil {
		defer amazon.process.stop(10 * time.Second)
	}
	if err != nil {
		return err
	}
	stuck := sandbox.Fault{Profile: sample.ProfileIDs(1)[0], Do: sandbox.Status, Status: 503}
	if err := amazon.behave(ctx, []sandbox.Fault{stuck}, sandbox.Behaviour{}); err != nil {
		return err
	}
	listen, err := freeAddr()
	if err != nil {
		return err
	}
	p, err := start(w.guard, dir, "former.log", "former", credentials(), nil, w.binary, w.memberArgs(former, amazon.url, listen, "former")...)
	if err != nil {
		return err
	}
	err = w.awaitFormer(ctx, listen)
	pause(ctx, 3*commitInterval)
	// By force: a clean stop would wait for the profile that is failed.
	if killed := p.tell(syscall.SIGKILL); err == nil {
		err = killed
	}
	if !p.wait(10*time.Second) && err == nil {
		err = errors.New("the former group's member does not die")
	}
	if err != nil {
		return fmt.Errorf("%w: see %s", err, filepath.Join(dir, p.log))
	}
	return nil
}

// awaitFormer waits until the member has taken all and delivers no more.
func (w *world) awaitFormer(ctx context.Context, listen string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	want := formerEvents * (w.o.Profiles - 1) / w.o.Profiles / 2
	before := -1
	for {
		accepted, _ := scrape(ctx, w.http, listen, "amazon_capi_accept_latency_seconds_count") // it may not listen yet
		if accepted >= want && accepted == before {
			return nil
		}
		if !pause(ctx, time.Second) {
			return fmt.Errorf("the former group's member has delivered %d events, want at least %d", accepted, want)
		}
		before = accepted
	}
}

// prime publishes events before any member runs.
func (p *publishing) prime(ctx context.Context, o Options, n int) error {
	g, err := sample.NewGenerator(o.Seed, sample.GeneratorOptions{Profiles: o.Profiles, Prefix: "primed-"})
	if err != nil {
		return err
	}
	if _, err := p.publisher.Publish(ctx, p.noted(g.Take(n))); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	p.before = p.acked.Load()
	return nil
}
