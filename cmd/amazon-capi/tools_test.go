package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/testdata"
	"github.com/tracklayer/amazon-capi/transform"
)

// scene is a cluster on which the tools are tried.
type scene struct {
	*sandbox.Cluster
	t      *testing.T
	client *kgo.Client
	topics []string // with events; nil for the default's
}

// newScene starts a cluster with the three topics of the defaults. Its test goes
// side by side with others: most of what they do is wait.
func newScene(t *testing.T) *scene {
	t.Helper()
	t.Parallel()
	return newSceneAlone(t)
}

// newSceneAlone is newScene for tests that change the working directory.
func newSceneAlone(t *testing.T) *scene {
	t.Helper()
	return &scene{Cluster: cluster(t, config.DefaultTopic, config.DefaultLettersTopic, config.DefaultReceiptsTopic), t: t}
}

// servers are the flags that point a command at the cluster's brokers.
func (s *scene) servers() []string { return []string{"--brokers", strings.Join(s.Brokers(), ",")} }

// registry is servers with the registry.
func (s *scene) registry() []string { return append(s.servers(), "--registry", s.RegistryURL()) }

// amazon is registry with Amazon, and an account there.
func (s *scene) amazon() []string {
	account := sandbox.DefaultAccount()
	return append(s.registry(), "--amazon-url", s.AmazonURL(), "--token-url", s.TokenURL(), "--client-id", account.ClientID,
		"--client-secret", account.ClientSecret, "--refresh-token", account.RefreshToken, "--linger", "20ms")
}

// environ is amazon as an environment, for commands as they stand in --help.
func (s *scene) environ() (env []string) {
	flags := s.amazon()
	for i := 0; i < len(flags); i += 2 {
		env = append(env, setting.Key(strings.TrimPrefix(flags[i], "--")).Env()+"="+flags[i+1])
	}
	return env
}

// run runs a command and fails the test unless it ends with that code.
func (s *scene) run(code int, args ...string) result {
	s.t.Helper()
	r := command(s.t, "", args...)
	if r.code != code {
		s.t.Fatalf("%q: exit %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// pipeline is what run would run.
func (s *scene) pipeline(with ...func(*pipeline.Config)) *pipeline.Pipeline {
	s.t.Helper()
	account := sandbox.DefaultAccount()
	c := pipeline.Config{
		Kafka: kafka.Settings{Brokers: s.Brokers()}, Registry: registry.Options{URL: s.RegistryURL()},
		Topics: s.sources(), Group: "amazon-capi", DeadLetterTopic: config.DefaultLettersTopic, ReceiptsTopic: config.DefaultReceiptsTopic,
		Contract: amazon.ContractNames()[0], AmazonURL: s.AmazonURL(), TokenURL: s.TokenURL(),
		ClientID: account.ClientID, ClientSecret: account.ClientSecret, RefreshToken: account.RefreshToken,
		Linger: 20 * time.Millisecond, AuthHold: -1, BackoffMin: 10 * time.Millisecond, BackoffMax: 50 * time.Millisecond,
		CommitInterval: 20 * time.Millisecond,
	}
	for _, f := range with {
		f(&c)
	}
	pl, err := pipeline.New(c, zerolog.Nop())
	if err != nil {
		s.t.Fatal(err)
	}
	return pl
}

// deliver delivers what is published and not delivered yet, as run does.
func (s *scene) deliver(with ...func(*pipeline.Config)) tally.Summary {
	s.t.Helper()
	pl := s.pipeline(with...)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- pl.Run(ctx) }()
	deadline := time.Now().Add(30 * time.Second)
	for ; ; time.Sleep(10 * time.Millisecond) {
		if lag := s.lag("amazon-capi"); lag == 0 {
			break
		} else if time.Now().After(deadline) {
			s.t.Fatalf("lag %d after 30 s", lag)
		}
	}
	stop()
	if err := <-ended; err != nil {
		s.t.Fatal(err)
	}
	return pl.Tally().Summary()
}

// lag is how many records of the sources the group has not committed.
func (s *scene) lag(group string) (n int64) {
	s.t.Helper()
	ends, err := s.admin().ListEndOffsets(s.t.Context(), s.sources()...)
	if err != nil {
		s.t.Fatal(err)
	}
	commits := s.commits(group)
	ends.Each(func(o kadm.ListedOffset) { n += o.Offset - max(0, commits[o.Topic][o.Partition].At) })
	return n
}

// sources are the topics with events.
func (s *scene) sources() []string {
	if s.topics == nil {
		return []string{config.DefaultTopic}
	}
	return s.topics
}

// offsets are the group's of the source, by partition.
func (s *scene) offsets(group string) map[int32]int64 {
	s.t.Helper()
	at := make(map[int32]int64)
	for p, o := range s.commits(group)[config.DefaultTopic] {
		at[p] = o.At
	}
	return at
}

func (s *scene) commits(group string) kadm.OffsetResponses {
	s.t.Helper()
	commits, err := s.admin().FetchOffsets(s.t.Context(), group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		s.t.Fatal(err)
	}
	return commits
}

func (s *scene) kafka() *kgo.Client {
	s.admin()
	return s.client
}

func (s *scene) admin() *kadm.Client {
	if s.client == nil {
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			s.t.Fatal(err)
		}
		s.client = cl
		s.t.Cleanup(cl.Close)
	}
	return kadm.NewClient(s.client)
}

// produce writes records as they are.
func (s *scene) produce(records ...*kgo.Record) {
	s.t.Helper()
	s.admin()
	if err := s.client.ProduceSync(s.t.Context(), records...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}

// records are all of a topic, by when they were written as far as that is known.
func (s *scene) records(topic string) []*kgo.Record {
	s.t.Helper()
	all, err := history.ReadAll(s.t.Context(), kafka.Settings{Brokers: s.Brokers()}, topic)
	if err != nil {
		s.t.Fatal(err)
	}
	slices.SortStableFunc(all, func(a, b *kgo.Record) int { return len(a.Headers) - len(b.Headers) })
	return all
}

// objects reads the output of --json: one object a line.
func objects[T any](t *testing.T, out string) (all []T) {
	t.Helper()
	for line := range strings.Lines(out) {
		dec := json.NewDecoder(bytes.NewReader([]byte(line)))
		dec.DisallowUnknownFields()
		var v T
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("no object of %T: %v\n%s", v, err, line)
		}
		all = append(all, v)
	}
	return all
}

// noIdentifiers fails the test if anything of a person is in a command's output.
func noIdentifiers(t *testing.T, r result) {
	t.Helper()
	for _, secret := range sampleIdentifiers() {
		if strings.Contains(r.stdout+r.stderr, secret) {
			t.Errorf("an identifier is shown (%d bytes long)", len(secret))
			return
		}
	}
}

// sampleIdentifiers are all that names a person in the sample events, as they come
// and as they are sent.
var sampleIdentifiers = sync.OnceValue(func() (ids []string) {
	samples, err := sample.ReadAll(testdata.Events)
	if err != nil {
		panic(err)
	}
	tr, err := transform.New(transform.Options{})
	if err != nil {
		panic(err)
	}
	for _, s := range samples {
		if s.Event == nil {
			continue
		}
		u := &s.Event.User
		for _, id := range []string{u.Email, u.Phone, u.HashedEmail, u.HashedPhone, u.MADID, s.Event.ClickID, s.Event.Consent.TCF, s.Event.Consent.GPP} {
			if len(id) >= 8 {
				ids = append(ids, id)
			}
		}
		var c transform.Conversion
		if _, ok := tr.Transform(s.Event, time.Now(), &c); ok {
			for _, h := range []*transform.Hash{&c.HashedEmail, &c.HashedPhone} {
				if h.IsSet() {
					ids = append(ids, string(h[:]))
				}
			}
		}
	}
	return ids
})
