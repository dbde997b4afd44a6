package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/transform"
)

// world is everything around the program in one test: topics and a group of its
// own on some Kafka and registry, and an Amazon that remembers what it was sent.
type world struct {
	t        *testing.T
	brokers  []string
	registry string
	amazon   *sandbox.Amazon
	base     string // Amazon's URL
	topic    string
	letters  string
	receipts string
	group    string
	client   *kgo.Client
	admin    *kadm.Client

	published []sample.Sample
}

// program is a running amazon-capi.
type program interface {
	// addr is where it serves health and metrics.
	addr() string
	// stop ends it as SIGTERM does, and returns how it ended.
	stop() error
	// log is all it has logged so far.
	log() string
	// reload has it read its accounts file again, as SIGHUP does.
	reload()
}

// partitions of the topics of each world.
const partitions = 12

// newWorld makes a world for a test that goes side by side with others: most of
// what they do is wait.
func newWorld(t *testing.T, amazon sandbox.Options) *world {
	t.Helper()
	sideBySide(t)
	return newWorldAlone(t, amazon)
}

// newWorldAlone makes a world for a test that measures the process, or has said
// itself that it goes side by side with others.
func newWorldAlone(t *testing.T, amazon sandbox.Options) *world {
	t.Helper()
	brokers, registry := servers(t)
	return newWorldOn(t, brokers, registry, amazon)
}

// newWorldOn makes a world on servers that the test has started.
func newWorldOn(t *testing.T, brokers []string, registry string, amazon sandbox.Options) *world {
	t.Helper()
	a, err := sandbox.NewAmazon(amazon)
	if err != nil {
		t.Fatal(err)
	}
	base, err := a.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ProducerBatchMaxBytes(16<<20))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	name := fmt.Sprintf("e2e.%s.%08x", strings.ReplaceAll(t.Name(), "/", "."), rand.Uint32())
	w := &world{
		t: t, brokers: brokers, registry: registry, amazon: a, base: base,
		topic: name, letters: name + ".dlq", receipts: name + ".receipts", group: name,
		client: client, admin: kadm.NewClient(client),
	}
	w.createTopic(w.topic, 8<<20)
	w.createTopic(w.letters, 9<<20)
	w.createTopic(w.receipts, 1_048_588)
	t.Cleanup(func() {
		_, _ = w.admin.DeleteTopics(context.Background(), w.topic, w.letters, w.receipts)
		_, _ = w.admin.DeleteGroups(context.Background(), w.group)
	})
	return w
}

func (w *world) createTopic(name string, maxBytes int) {
	w.t.Helper()
	_, err := w.admin.CreateTopic(w.t.Context(), partitions, 1, map[string]*string{"max.message.bytes": new(fmt.Sprint(maxBytes))}, name)
	if err != nil {
		w.t.Fatal(err)
	}
}

// deleteTopics returns when no broker lists them any more: the controller's
// answer comes before the brokers have heard of it, and a program that starts
// in between finds the topics still there.
func (w *world) deleteTopics(names ...string) {
	w.t.Helper()
	answers, err := w.admin.DeleteTopics(w.t.Context(), names...)
	if err == nil {
		err = answers.Error()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	for {
		topics, err := w.admin.ListTopics(w.t.Context(), names...)
		if err != nil {
			w.t.Fatal(err)
		}
		if !slices.ContainsFunc(names, func(name string) bool { return topics.Has(name) && topics[name].Err == nil }) {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-w.t.Context().Done():
			w.t.Fatal("the topics were not deleted")
		}
	}
}

// config is the program's configuration, quick where waiting proves nothing.
func (w *world) config() pipeline.Config {
	account := sandbox.DefaultAccount()
	return pipeline.Config{
		Kafka:    kafka.Settings{Brokers: w.brokers},
		Registry: registry.Options{URL: w.registry},
		Topics:   []string{w.topic}, Group: w.group, GroupProtocol: groupProtocol(w.t), DeadLetterTopic: w.letters, ReceiptsTopic: w.receipts,
		ErasureTopic: w.topic + ".erased",
		Contract:     amazon.ContractNames()[0], AmazonURL: w.base, TokenURL: w.base + sandbox.TokenPath,
		ClientID: account.ClientID, ClientSecret: account.ClientSecret, RefreshToken: account.RefreshToken,
		Linger: 50 * time.Millisecond, AuthHold: time.Minute,
		BackoffMin: 20 * time.Millisecond, BackoffMax: 200 * time.Millisecond,
		CommitInterval: 100 * time.Millisecond, Drain: 20 * time.Second,
		Listen: "127.0.0.1:0",
	}
}

func (w *world) publish(samples iter.Seq2[sample.Sample, error]) {
	w.t.Helper()
	registry, err := registry.New(registry.Options{URL: w.registry})
	if err != nil {
		w.t.Fatal(err)
	}
	defer registry.Close()
	p, err := sample.NewPublisher(w.client, registry, sample.PublisherOptions{Topic: w.topic})
	if err != nil {
		w.t.Fatal(err)
	}
	counts, err := p.Publish(w.t.Context(), func(yield func(sample.Sample, error) bool) {
		for s, err := range samples {
			w.published = append(w.published, s)
			if !yield(s, err) {
				return
			}
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if counts.Records == 0 {
		w.t.Fatal("nothing was published")
	}
}

func generated(t *testing.T, n int, seed uint64, o sample.GeneratorOptions) iter.Seq2[sample.Sample, error] {
	t.Helper()
	g, err := sample.NewGenerator(seed, o)
	if err != nil {
		t.Fatal(err)
	}
	return g.Take(n)
}

// lag is how many published records the group has not committed.
func (w *world) lag() int64 {
	w.t.Helper()
	commits, err := w.admin.FetchOffsets(w.t.Context(), w.group)
	if kerr.IsRetriable(err) {
		return int64(len(w.published)) // a new broker's coordinator takes a moment
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		w.t.Fatal(err)
	}
	ends, err := w.admin.ListEndOffsets(w.t.Context(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	var total int64
	ends.Each(func(o kadm.ListedOffset) {
		at := int64(0)
		if c, ok := commits.Lookup(w.topic, o.Partition); ok {
			at = max(c.At, 0)
		}
		total += o.Offset - at
	})
	return total
}

// eventually waits for what the program decides when.
func (w *world) eventually(p program, what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			ready, body := w.get(p, "/readyz")
			w.t.Fatalf("never came true: %s\nready %d:\n%s\nlog:\n%s", what, ready, body, tail(p.log()))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// fails reports whether the pages say that a condition fails: readiness, unless it
// is that of a lane, which is the state of one profile and leaves the process ready.
func (w *world) fails(p program, condition string) bool {
	ready, body := w.get(p, "/readyz")
	if condition != "lane" {
		return ready == 503 && strings.Contains(body, "[-] "+condition)
	}
	_, page := w.get(p, "/status")
	var status health.Status
	if json.Unmarshal([]byte(page), &status) != nil {
		return false
	}
	return ready == 200 && !strings.Contains(body, "lane") && slices.ContainsFunc(status.Profiles, func(s health.State) bool {
		return strings.HasPrefix(s.Name, "lane ") && s.Reason != "" && s.Do != ""
	})
}

func tail(s string) string {
	const most = 4000
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}

func (w *world) delivered(p program) {
	w.t.Helper()
	w.eventually(p, "the group has committed all", func() bool { return w.lag() == 0 })
}

func (w *world) get(p program, path string) (status int, body string) {
	resp, err := http.Get("http://" + p.addr() + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	if path != "/metrics" {
		for _, fault := range testkit.Wording(string(b)) {
			w.t.Errorf("%s says %s", path, fault)
		}
	}
	return resp.StatusCode, string(b)
}

// deadLetters reads the dead-letter topic.
func (w *world) deadLetters() (records []*kgo.Record, letters []deadletter.Letter) {
	w.t.Helper()
	records, err := history.ReadAll(w.t.Context(), kafka.Settings{Brokers: w.brokers}, w.letters)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range records {
		l, err := deadletter.Parse(r)
		if err != nil {
			w.t.Fatal(err)
		}
		letters = append(letters, l)
	}
	return records, letters
}

// checkVerdicts compares what was published with what Amazon received and what
// the dead-letter topic holds. Nobody asks the program.
func (w *world) checkVerdicts(letters []deadletter.Letter) {
	t := w.t
	t.Helper()
	wantDead, gotDead := make(map[string]int), make(map[string]int)
	good := make(map[string]bool)
	for i := range w.published {
		s := &w.published[i]
		if s.Expect == verdict.Accepted {
			good[s.ProfileID()+" "+s.EventID()] = true
		} else if s.Expect.DeadLetter() {
			wantDead[key(s.Expect, s.Code)]++
		}
	}
	for _, l := range letters {
		k := key(l.Reason.Class, l.Reason.Code)
		if l.Reason.Class == verdict.Rejected || l.Reason.Class == verdict.Auth {
			k = key(l.Reason.Class, "") // the code is Amazon's own
		}
		gotDead[k]++
	}
	lost := 0
	for id := range good {
		profile, event, _ := strings.Cut(id, " ")
		e, ok := w.amazon.Event(profile, event)
		if !ok || e.Accepted == 0 {
			if lost++; lost <= 5 {
				t.Errorf("event %s of profile %s never reached Amazon", event, profile)
			}
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d good events lost", lost, len(good))
	}
	if accepted := int(w.amazon.Stats().Accepted); accepted != len(good) {
		t.Errorf("Amazon accepted %d event ids, want the %d good ones and no other", accepted, len(good))
	}
	if changed := w.amazon.Stats().Changed; changed != 0 {
		t.Errorf("%d sends of a known event id had other bytes", changed)
	}
	for k, n := range wantDead {
		if gotDead[k] != n {
			t.Errorf("%d dead letters of %s, want %d", gotDead[k], k, n)
		}
	}
	for k, n := range gotDead {
		if wantDead[k] == 0 {
			t.Errorf("%d dead letters of %s, want none", n, k)
		}
	}
	w.checkReceipts(letters)
}

func key(c verdict.Class, code string) string { return c.String() + " " + code }

// checkPrivacy looks for whatever could name a person, raw or hashed, in all
// that the program showed: its log, its pages, and the headers of dead letters.
func (w *world) checkPrivacy(p program, letters []*kgo.Record) {
	t := w.t
	t.Helper()
	shown := map[string]string{"log": p.log()}
	for _, page := range []string{"/metrics", "/readyz", "/status"} {
		if status, body := w.get(p, page); status != 0 {
			shown[page] = body
		}
	}
	var headers strings.Builder
	for _, r := range letters {
		for _, h := range r.Headers {
			headers.Write(h.Value)
			headers.WriteByte('\n')
		}
	}
	shown["dead letters' headers"] = headers.String()
	// The whole of the receipts: they are for anybody to read.
	var receipts strings.Builder
	for _, r := range w.readReceipts() {
		receipts.Write(r.Key)
		receipts.Write(r.Value)
		for _, h := range r.Headers {
			receipts.WriteString(h.Key)
			receipts.Write(h.Value)
		}
	}
	shown["receipts"] = receipts.String()

	tr, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{sandbox.DefaultAccount().ClientSecret, sandbox.DefaultAccount().RefreshToken, "Atza|"}
	for i := range w.published {
		secrets = append(secrets, identifiers(tr, w.published[i].Event)...)
	}
	if len(w.published) > 100 && len(secrets) < 100 {
		t.Fatalf("only %d identifiers to look for; the search proves nothing", len(secrets))
	}
	search := testkit.NewSearch(secrets)
	for where, text := range shown {
		if i := search.First(text); i >= 0 {
			// Not the identifier itself: test output is output, too.
			t.Errorf("identifier or secret number %d is in the %s", i, where)
		}
	}
}

func identifiers(tr *transform.Transformer, ev *schemas.Event) (ids []string) {
	if ev == nil {
		return nil
	}
	u := &ev.User
	for _, s := range []string{u.Email, u.Phone, u.HashedEmail, u.HashedPhone, u.MADID, ev.ClickID, ev.Consent.TCF, ev.Consent.GPP} {
		if len(s) >= 6 {
			ids = append(ids, s)
		}
	}
	var c transform.Conversion
	if _, ok := tr.Transform(ev, time.Now(), &c); ok {
		for _, h := range []*transform.Hash{&c.HashedEmail, &c.HashedPhone} {
			if h.IsSet() {
				ids = append(ids, string(h[:]))
			}
		}
	}
	return ids
}
