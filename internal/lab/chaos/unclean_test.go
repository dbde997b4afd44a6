//go:build chaos

package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/harness"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// TestUncleanElection loses the end of a log on three brokers while one profile is held
// and the others' events are settled far beyond it, and writes other records in the
// place of what was lost. All that Kafka still has must be delivered, also by the next
// owner, who gets what the former one committed.
func TestUncleanElection(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	servers, err := harness.StartServers(ctx, t.TempDir(), 3)
	if servers != nil {
		t.Cleanup(func() {
			if err := servers.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(servers.Brokers()...), kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	w := &unclean{t: t, ctx: ctx, servers: servers, client: client, admin: kadm.NewClient(client), log: new(testkit.Buffer)}
	w.open()

	w.publish("before", 300)
	stop := w.start()
	w.await("what was published is settled but for the held profile", func() bool { return w.missing(true) == 0 })
	leader, other := w.replicas()
	w.do("kill", other)
	w.await("the follower is out of sync", func() bool { return len(w.partition().ISR) == 1 })
	w.publish("lost", 500)
	w.await("the end of the log is settled but for the held profile", func() bool { return w.missing(true) == 0 })
	time.Sleep(3 * time.Second) // and committed
	whole := w.end()
	w.do("kill", leader)
	w.do("start", other)
	w.await("the follower leads", func() bool {
		if p := w.partition(); w.name(p.Leader) == other {
			return true
		}
		_, _ = w.admin.ElectLeaders(ctx, kadm.ElectLiveReplica, kadm.TopicsSet{w.topic: {0: {}}})
		return false
	})
	left := int64(-1)
	w.await("the new leader says where its log ends", func() bool { left = w.end(); return left >= 0 })
	if left >= whole {
		t.Fatalf("the log has %d records of %d: the election has lost nothing, and shows nothing", left, whole)
	}
	t.Logf("%d of %d records are left", left, whole)
	w.publish("instead", 600)
	w.do("start", leader)
	stop()
	w.start()
	w.await("all that Kafka has is delivered but for the held profile", func() bool { return w.missing(true) == 0 })
	if err := w.amazon.SetFaults(); err != nil {
		t.Fatal(err)
	}
	w.await("all that Kafka has is delivered", func() bool { return w.missing(false) == 0 })
}

type unclean struct {
	t        *testing.T
	ctx      context.Context
	servers  *harness.Servers
	client   *kgo.Client
	admin    *kadm.Client
	amazon   *sandbox.Amazon
	url      string
	registry *registry.Client
	topic    string
	held     string
	log      *testkit.Buffer
	good     map[string]string // the profiles of events that are to be accepted, by event id
}

func (w *unclean) open() {
	w.t.Helper()
	w.topic, w.held, w.good = "unclean", sample.ProfileIDs(1)[0], make(map[string]string)
	text := func(s string) *string { return &s }
	if _, err := w.admin.CreateTopic(w.ctx, 1, 2, map[string]*string{"min.insync.replicas": text("1"), "unclean.leader.election.enable": text("true")}, w.topic); err != nil {
		w.t.Fatal(err)
	}
	for _, name := range []string{w.topic + ".dlq", w.topic + ".receipts"} {
		if _, err := w.admin.CreateTopic(w.ctx, 1, 3, map[string]*string{"min.insync.replicas": text("1")}, name); err != nil {
			w.t.Fatal(err)
		}
	}
	var err error
	if w.amazon, err = sandbox.NewAmazon(sandbox.Options{}); err != nil {
		w.t.Fatal(err)
	}
	if w.url, err = w.amazon.Start("127.0.0.1:0"); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.amazon.Close)
	if err := w.amazon.SetFaults(sandbox.Fault{Profile: w.held, Do: sandbox.Status, Status: 503}); err != nil {
		w.t.Fatal(err)
	}
	if w.registry, err = registry.New(registry.Options{URL: w.servers.Registry()}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.registry.Close)
}

func (w *unclean) publish(prefix string, n int) {
	w.t.Helper()
	g, err := sample.NewGenerator(7, sample.GeneratorOptions{Profiles: 5, Prefix: prefix + "-"})
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := sample.NewPublisher(w.client, w.registry, sample.PublisherOptions{Topic: w.topic})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := p.Publish(w.ctx, func(yield func(sample.Sample, error) bool) {
		for s, err := range g.Take(n) {
			w.good[s.EventID()] = s.ProfileID()
			if !yield(s, err) {
				return
			}
		}
	}); err != nil {
		w.t.Fatal(err)
	}
}

// start starts a member and returns what ends it in good order.
func (w *unclean) start() (stop func()) {
	w.t.Helper()
	account := sandbox.DefaultAccount()
	p, err := pipeline.New(pipeline.Config{
		Kafka: kafka.Settings{Brokers: w.servers.Brokers()}, Registry: registry.Options{URL: w.servers.Registry()},
		Topics: []string{w.topic}, Group: w.topic, DeadLetterTopic: w.topic + ".dlq", ReceiptsTopic: w.topic + ".receipts",
		Contract: "off-amazon-2023-11-13", AmazonURL: w.url, TokenURL: w.url + sandbox.TokenPath,
		ClientID: account.ClientID, ClientSecret: account.ClientSecret, RefreshToken: account.RefreshToken,
		Linger: 100 * time.Millisecond, CommitInterval: 300 * time.Millisecond, Drain: 3 * time.Second, SessionTimeout: 10 * time.Second,
		MaxParkedEvents: 100_000,
	}, zerolog.New(w.log).Level(zerolog.InfoLevel))
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	ended := false
	stop = func() {
		cancel()
		if ended {
			return
		}
		ended = true
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			w.t.Error(err)
		}
	}
	w.t.Cleanup(stop)
	return stop
}

// end returns where the log ends; -1 if nobody says.
func (w *unclean) end() int64 {
	ends, err := w.admin.ListEndOffsets(w.ctx, w.topic)
	if err != nil || ends.Error() != nil {
		return -1
	}
	end, _ := ends.Lookup(w.topic, 0)
	return end.Offset
}

// missing counts events that the topic holds and Amazon has not taken.
func (w *unclean) missing(butHeld bool) (n int) {
	end := w.end()
	if end < 0 {
		return -1
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(w.servers.Brokers()...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{w.topic: {0: kgo.NewOffset().At(0)}}))
	if err != nil {
		return -1
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	for next := int64(0); next < end; {
		fetches := reader.PollFetches(ctx)
		if ctx.Err() != nil {
			return -1
		}
		fetches.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			id := string(r.Key)
			profile, known := w.good[id]
			if known && !(butHeld && profile == w.held) && w.amazon.Accepted(id) == 0 {
				n++
			}
		})
	}
	return n
}

func (w *unclean) partition() kadm.PartitionDetail {
	topics, err := w.admin.ListTopics(w.ctx, w.topic)
	if err != nil || topics[w.topic].Err != nil && !errors.Is(topics[w.topic].Err, kerr.LeaderNotAvailable) {
		return kadm.PartitionDetail{Leader: -1}
	}
	return topics[w.topic].Partitions[0]
}

// replicas returns the names of the partition's leader and of its other replica.
func (w *unclean) replicas() (leader, other string) {
	p := w.partition()
	i := slices.IndexFunc(p.Replicas, func(n int32) bool { return n != p.Leader })
	return w.name(p.Leader), w.name(p.Replicas[i])
}

// name is a broker in the words of the servers' script.
func (w *unclean) name(node int32) string {
	if node <= 1 {
		return "broker"
	}
	return fmt.Sprint("broker", node)
}

func (w *unclean) do(what, broker string) {
	w.t.Helper()
	if err := w.servers.Do(w.ctx, what, broker); err != nil {
		w.t.Fatal(err)
	}
	w.t.Log(what, broker)
}

func (w *unclean) await(what string, ok func() bool) {
	w.t.Helper()
	for !ok() {
		select {
		case <-time.After(500 * time.Millisecond):
		case <-w.ctx.Done():
			w.t.Fatalf("never came true: %s\n%s", what, w.log.String())
		}
	}
	w.t.Log(what)
}
