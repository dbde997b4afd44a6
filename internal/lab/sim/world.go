package sim

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/audit"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

const (
	source   = "tracklayer.events"
	letters  = source + ".dlq"
	receipts = source + ".receipts"
	group    = "amazon-capi"

	brokers         = 3
	firstPort       = 9092
	amazonAddress   = "localhost:8080"
	registryAddress = "localhost:8081"
	// honestRegistry is the same without its faults, for whoever publishes and judges.
	honestRegistry = "localhost:8082"
)

// Options are a simulation's. Zero values mean the defaults named with them.
type Options struct {
	// Length is about how long things break in a world (3m).
	Length time.Duration
	// Steps is how many things break in a world at most (12), Events about how many
	// are published (150).
	Steps, Events int
	// Only are the actions to draw from; empty for all.
	Only []string
	// Plain leaves out what later versions of the simulation drew besides, so that the
	// seeds that found something before still mean what they did: one topic, one account,
	// the classic protocol, and only the actions that there were.
	Plain bool
	// Heals is how long after the last fault all must have been delivered (20m). The
	// longest rest of a lane, a token's or the client's, is a few minutes.
	Heals time.Duration
	// Schedule takes the place of the one that is drawn, if it is not nil.
	Schedule Schedule
	// Dir takes the record of a world for its judgement.
	Dir string
	// Log takes what the members log, with Verbose what is for debugging, too, which takes
	// longer than all the rest.
	Log     io.Writer
	Verbose bool
}

func (o *Options) setDefaults() {
	set := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	set(&o.Length, 3*time.Minute)
	set(&o.Heals, 20*time.Minute)
	if o.Steps <= 0 {
		o.Steps = 12
	}
	if o.Events <= 0 {
		o.Events = 150
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
}

// Result is what happened to a world.
type Result struct {
	Seed     uint64
	Schedule Schedule
	Lasted   time.Duration // of simulated time
	Report   *audit.Report // nil if it could not be judged
	PutOut   int           // how many members left the group in kfake's stead, see coordinator
	Strict   bool          // whether any repeat was wrong
	TookOver bool          // whether the group began with another's offsets
	Wrong    []string      // what no world may show; empty if all is well
}

// world is everything that there is in one simulation.
type world struct {
	seed uint64
	o    Options
	plan plan

	net        *network
	cluster    *kfake.Cluster
	amazon     *sandbox.Amazon
	registries []*http.Server
	client     *kgo.Client
	admin      *kadm.Client
	addresses  [brokers]string
	profiles   []string
	accounts   string // the accounts file; empty for one account
	log        *drains
	began      time.Time
	commits    *commits
	group      *coordinator

	members []*member
	joined  []*member
	lives   sync.WaitGroup

	brokers chan struct{} // one change of the cluster at a time
	down    int
	shop    chan struct{} // one who writes in transactions at a time
	schemas *faultyRegistry

	mu      sync.Mutex
	faults  map[int][]sandbox.Fault // in force, by who asked for them
	next    int
	samples map[string]journal.Sample
	kept    history
	written int // records in transactions
	acked   int
	errors  []string
}

// Run makes the world of a seed and lives through it. It must be called in a bubble
// of testing/synctest.
func Run(seed uint64, o Options) *Result {
	o.setDefaults()
	// A bubble begins in the year 2000, where these events would be of the future.
	time.Sleep(time.Until(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)))
	w := &world{
		seed: seed, o: o, plan: draw(seed, o), net: newNetwork(), log: &drains{Writer: o.Log}, began: time.Now(),
		brokers: make(chan struct{}, 1), shop: make(chan struct{}, 1),
		faults: make(map[int][]sandbox.Fault), samples: make(map[string]journal.Sample), profiles: sample.ProfileIDs(5),
	}
	if o.Schedule != nil {
		w.plan.schedule = o.Schedule
	}
	r := &Result{Seed: seed, Schedule: w.plan.schedule, TookOver: w.plan.takeover}
	defer w.close()
	if err := w.open(); err != nil {
		r.Wrong = []string{"the world could not be made: " + err.Error()}
		return r
	}
	if w.plan.takeover {
		if err := w.takeOver(); err != nil {
			r.Wrong = []string{"another group's offsets could not be taken over: " + err.Error()}
			return r
		}
	}
	for i := range w.plan.members {
		m := &member{w: w, name: fmt.Sprintf("m%d", i)}
		w.members = append(w.members, m)
		m.start()
	}
	w.live()
	drained := w.heal()
	for _, m := range slices.Concat(w.members, w.joined) {
		m.stop()
	}
	w.lives.Wait()
	r.Lasted = time.Since(w.began)
	if w.group != nil {
		r.PutOut = w.group.putOut()
	}
	r.Report = w.judge(drained)
	r.Strict = w.strict()
	r.Wrong = w.errors
	return r
}

// always is how Amazon is when it is well: not instant.
var always = sandbox.Fault{Do: sandbox.Delay, Latency: 40 * time.Millisecond, Jitter: 120 * time.Millisecond}

func (w *world) open() error {
	record, err := os.Create(filepath.Join(w.o.Dir, journal.RecordFile))
	if err != nil {
		return err
	}
	w.amazon, err = sandbox.NewAmazon(sandbox.Options{
		Seed: w.seed, Record: record, ForgetEvents: true, TokenTTL: 40 * time.Second, Accounts: w.plan.accounts(w.profiles),
		Behaviour: sandbox.Behaviour{Refusal: []sandbox.Refusal{sandbox.RefuseBatch, sandbox.RefuseItem}[w.seed%2], Faults: []sandbox.Fault{always}},
	})
	if err != nil {
		return err
	}
	ln, err := w.net.Listen("tcp", amazonAddress)
	if err != nil {
		return err
	}
	if err := w.amazon.Serve(ln); err != nil {
		return err
	}
	if err := w.openRegistry(); err != nil {
		return err
	}
	ports := make([]int, brokers)
	for i := range ports {
		ports[i] = firstPort + i
		w.addresses[i] = fmt.Sprintf("localhost:%d", ports[i])
	}
	if err := w.writeAccounts(""); err != nil {
		return err
	}
	w.cluster, err = kfake.NewCluster(kfake.Ports(ports...), kfake.ListenFn(w.net.Listen), kfake.SeedTopics(w.plan.partitions, w.plan.topics...),
		kfake.SeedTopics(2, letters), kfake.SeedTopics(2, receipts), kfake.BrokerConfigs(map[string]string{"log.message.timestamp.type": "LogAppendTime"}))
	if err != nil {
		return err
	}
	w.commits = watchCommits(w.cluster, w.plan.topics, w.log)
	w.client, err = kgo.NewClient(kgo.SeedBrokers(w.addresses[:]...), kgo.Dialer(w.net.link().dial), kgo.MetadataMaxAge(5*time.Second),
		kgo.MetadataMinAge(100*time.Millisecond), kgo.RecordRetries(1<<30), kgo.UnknownTopicRetries(-1))
	if err != nil {
		return err
	}
	w.admin = kadm.NewClient(w.client)
	if w.plan.protocol == consumer.ProtocolClassic {
		w.group = watchGroup(w.cluster, w.client, w.log)
		return nil
	}
	w.cluster.SetGroupConfigs(group, map[string]string{
		"consumer.session.timeout.ms":    strconv.FormatInt(sessionTimeout.Milliseconds(), 10),
		"consumer.heartbeat.interval.ms": "1000",
	})
	return nil
}

func (w *world) close() {
	if w.group != nil {
		w.group.close()
	}
	if w.client != nil {
		w.client.Close()
	}
	if w.commits != nil {
		w.commits.close()
	}
	if w.cluster != nil {
		w.cluster.Close()
	}
	for _, r := range w.registries {
		_ = r.Close()
	}
	if w.amazon != nil {
		w.amazon.Close()
	}
}

// logger is that of a member.
func (w *world) logger(member string) zerolog.Logger {
	level := zerolog.InfoLevel
	if w.o.Verbose {
		level = zerolog.DebugLevel
	}
	return zerolog.New(w.log).Level(level).With().Timestamp().Str("member", member).Logger()
}

func (w *world) wrong(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, fmt.Sprintf("+%.1fs: ", time.Since(w.began).Seconds())+fmt.Sprintf(format, args...))
}

// misbehave adds faults to those of Amazon and returns what takes them away.
func (w *world) misbehave(faults ...sandbox.Fault) (undo func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.next
	w.next++
	w.faults[id] = faults
	w.behave()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.faults, id)
		w.behave()
	}
}

// behave puts the faults in force, with w.mu held.
func (w *world) behave() {
	list := []sandbox.Fault{always}
	for _, id := range slices.Sorted(maps.Keys(w.faults)) {
		list = append(list, w.faults[id]...)
	}
	if err := w.amazon.SetFaults(list...); err != nil {
		w.errors = append(w.errors, err.Error())
	}
}

// live is the first phase: events are published, and the schedule's steps begin and
// end. It returns when all is well again.
func (w *world) live() {
	var wg sync.WaitGroup
	for i := range w.plan.topics {
		wg.Go(func() { w.publish(i) })
	}
	for _, step := range w.plan.schedule {
		wg.Go(func() {
			time.Sleep(step.At)
			undo := actions[step.Do](w, step)
			if undo != nil {
				time.Sleep(step.For)
				undo()
			}
		})
	}
	wg.Wait()
}

// heal is the second phase: it returns once all is committed, or when that has taken
// too long.
func (w *world) heal() journal.Drained {
	quiet := time.Now()
	for _, m := range w.members {
		m.start()
	}
	for !w.commits.reached(w.ends()) {
		if time.Since(quiet) > w.o.Heals {
			w.wrong("not everything was delivered %s after all was well: %s", w.o.Heals, w.behind())
			break
		}
		time.Sleep(time.Second)
	}
	at := time.Now()
	for why := w.unready(); why != ""; why = w.unready() {
		if time.Since(at) > readyWithin {
			w.wrong("not ready %s after all was well: %s", time.Since(quiet).Round(time.Second), why)
			break
		}
		time.Sleep(time.Second)
	}
	return journal.Drained{Quiet: quiet, At: at, Acknowledged: w.acked}
}

// readyWithin is how long after everything was delivered a member may still say that
// it is not ready: what is idle is looked at now and then only, and of records that were
// deleted unread it tells for five minutes.
const readyWithin = 7 * time.Minute

// unready says which member is not ready and why; empty if all are.
func (w *world) unready() string {
	for _, m := range w.members {
		m.mu.Lock()
		l := m.now
		m.mu.Unlock()
		if l == nil {
			return m.name + " does not run"
		}
		for _, s := range l.pipeline.Conditions().States() {
			if !s.OK {
				return fmt.Sprintf("%s: %s: %s", m.name, s.Name, s.Reason)
			}
		}
	}
	return ""
}

// behind says which partitions are not committed to their end.
func (w *world) behind() (text string) {
	at := w.commits.last()
	for p, end := range w.ends() {
		if at[p] < end {
			text += fmt.Sprintf(" %s/%d: %d of %d;", p.topic, p.partition, at[p], end)
		}
	}
	return text
}

// transport is a way to the registry for the auditor.
func (w *world) transport() *http.Transport {
	l := w.net.link()
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return l.dial(ctx, network, address)
	}}
}
