package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/mutants"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// world is everything that a run has.
type world struct {
	o       Options
	dir     string
	binary  string
	auditor string
	http    *http.Client
	guard   *guard // of the processes; the servers have their own

	topics
	servers *Servers
	amazon  *amazon
	client  *kgo.Client
	admin   *kadm.Client
	members []*member // the last one is not of the base
	story   *story
}

// newWorld builds the programs and starts everything but the members. The world
// it returns has to be closed, even with an error.
func newWorld(ctx context.Context, o Options, dir string) (w *world, err error) {
	w = &world{o: o, dir: dir, topics: topicsOf(o.Name), http: web.NoRedirects(http.Client{Transport: &http.Transport{}})}
	root, err := moduleRoot(ctx)
	if err != nil {
		return w, err
	}
	if w.guard, err = newGuard(nil); err != nil {
		return w, err
	}
	fmt.Fprintln(o.Log, "building")
	if w.binary, w.auditor, err = build(ctx, root, dir, o); err != nil {
		return w, err
	}
	fmt.Fprintln(o.Log, "starting Kafka, a registry and a sandbox Amazon")
	if w.servers = o.Servers; w.servers == nil {
		if w.servers, err = StartServers(ctx, dir, max(o.Nodes, 1)); err != nil {
			return w, err
		}
	}
	if w.amazon, err = startAmazon(ctx, w.guard, dir, w.binary, o.Seed, w.http); err != nil {
		return w, err
	}
	// No limit to a record's tries: what is published while the broker is away
	// arrives when it is back.
	w.client, err = kgo.NewClient(kgo.SeedBrokers(w.servers.brokers...), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return w, err
	}
	w.admin = kadm.NewClient(w.client)
	if err := w.createTopics(ctx); err != nil {
		return w, err
	}
	began := time.Now()
	if w.story, err = newStory(filepath.Join(dir, journal.FaultsFile), began, o.Log); err != nil {
		return w, err
	}
	static := source(o.Seed, trackMembers).IntN(o.Members)
	for i := range o.Members + 1 {
		w.members = append(w.members, &member{w: w, name: fmt.Sprintf("m%d", i), static: i == static})
	}
	return w, journal.WriteRun(dir, journal.Run{
		Seed: o.Seed, Began: began, Version: strings.TrimSpace("mutant " + o.Mutant),
		Brokers: w.servers.brokers, Registry: w.servers.registry,
		Topic: w.source, DeadLetters: w.letters, Receipts: w.receipts, Group: w.group,
		CommitInterval: commitInterval, SessionTimeout: sessionTimeout, Drain: drain, RequestTimeout: requestTimeout, MaxInFlight: maxInFlight,
	})
}

func (w *world) base() []*member { return w.members[:w.o.Members] }

// close ends everything that was started. What was written stays.
func (w *world) close() error {
	for _, m := range w.members {
		if p := m.process(); p != nil {
			_ = p.tell(9)
		}
	}
	for _, m := range w.members {
		if p := m.process(); p != nil {
			p.wait(10 * time.Second)
		}
	}
	if w.client != nil {
		w.client.Close()
	}
	if w.amazon != nil {
		w.amazon.process.stop(10 * time.Second)
	}
	w.http.CloseIdleConnections()
	w.guard.over()
	var errs []error
	if w.servers != nil && w.servers != w.o.Servers {
		errs = append(errs, w.servers.Close())
	}
	if w.story != nil {
		errs = append(errs, w.story.close())
	}
	for _, built := range []string{w.binary, w.auditor} {
		if built != "" {
			errs = append(errs, os.Remove(built))
		}
	}
	return errors.Join(errs...)
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	mod := strings.TrimSpace(string(out))
	if err != nil || filepath.Base(mod) != "go.mod" {
		return "", errors.New("run it in the module's folder: it builds the program")
	}
	return filepath.Dir(mod), nil
}

// build builds the program, or a mutant of it, and the auditor.
func build(ctx context.Context, root, dir string, o Options) (program, auditor string, err error) {
	program, auditor = filepath.Join(dir, "amazon-capi"), filepath.Join(dir, "audit")
	var flags []string
	if o.Mutant != "" {
		m, err := mutants.Named(o.Mutant)
		if err != nil {
			return "", "", err
		}
		overlay, err := m.Overlay(root, dir)
		if err != nil {
			return "", "", err
		}
		flags = append(flags, "-overlay="+overlay)
	}
	if o.Race {
		flags = append(flags, "-race")
	}
	for out, args := range map[string][]string{
		program: append(flags, "./cmd/amazon-capi"),
		auditor: {"./internal/lab/chaos/cmd/audit"},
	} {
		cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", out}, args...)...)
		cmd.Dir = root
		if said, err := cmd.CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("go build: %w\n%s", err, said)
		}
	}
	return program, auditor, nil
}

// stable waits until every running member of the group is known to it and all
// partitions are given out.
func (w *world) stable(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	seen := "no answer"
	for {
		if state, members, owned, err := w.describe(ctx); err == nil {
			if state == "Stable" && owned == partitions && members == len(w.running()) {
				return nil
			}
			seen = fmt.Sprintf("state %s, %d members, %d partitions given out", state, members, owned)
		}
		if !pause(ctx, 200*time.Millisecond) {
			return fmt.Errorf("the group of %d members did not settle within %s: %s", len(w.running()), limit, seen)
		}
	}
}

// describe asks about the group in the protocol of its members: in the other one brokers
// do not know it.
func (w *world) describe(ctx context.Context) (state string, members, owned int, err error) {
	if w.o.Protocol == consumer.ProtocolConsumer {
		described, err := w.admin.DescribeConsumerGroups(ctx, w.group)
		g := described[w.group]
		for _, m := range g.Members {
			for _, partitions := range m.Assignment {
				owned += len(partitions)
			}
		}
		return g.State, len(g.Members), owned, errors.Join(err, g.Err)
	}
	described, err := w.admin.DescribeGroups(ctx, w.group)
	g := described[w.group]
	for _, m := range g.Members {
		if a, ok := m.Assigned.AsConsumer(); ok {
			for _, t := range a.Topics {
				owned += len(t.Partitions)
			}
		}
	}
	return g.State, len(g.Members), owned, err
}

// lag is how many records the group has not committed.
func (w *world) lag(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	commits, err := w.admin.FetchOffsets(ctx, w.group)
	if err != nil {
		return 0, err
	}
	ends, err := w.admin.ListEndOffsets(ctx, w.source)
	if err != nil {
		return 0, err
	}
	var total int64
	ends.Each(func(o kadm.ListedOffset) {
		at := int64(0)
		if c, ok := commits.Lookup(w.source, o.Partition); ok {
			at = max(c.At, 0)
		}
		total += o.Offset - at
	})
	return total, ends.Error()
}

// audit runs the auditor and returns its exit code.
func (w *world) audit(ctx context.Context, out io.Writer) (int, error) {
	cmd := exec.CommandContext(ctx, w.auditor, w.dir)
	cmd.Stdout, cmd.Stderr = out, w.o.Log
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return exit.ExitCode(), nil
	}
	return 0, err
}
