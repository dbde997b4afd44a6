package consumer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/pipeline/handler"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

const (
	topic = "tracklayer.events"
	group = "amazon-capi"
)

// textDecoder reads values of the form "profile|event-id" and a few words that
// ask for trouble, so that these tests need no Avro.
type textDecoder struct {
	mu   sync.Mutex
	away bool
}

func (d *textDecoder) DecodeRecord(_ context.Context, rec *kgo.Record, ev *schemas.Event) error {
	value := rec.Value
	d.mu.Lock()
	away := d.away
	d.mu.Unlock()
	ev.Reset()
	switch s := string(value); {
	case away && strings.Contains(s, "needs-registry"):
		return &registry.AwayError{Op: "schema id 7", Detail: "connection refused"}
	case s == "broken":
		return &schemas.DecodeError{Code: verdict.CodeNoMagic, Message: "no magic byte"}
	default:
		profile, id, _ := strings.Cut(s, "|")
		*ev = schemas.Event{
			EventID: id, ProfileID: profile, EventName: "Lead", ActionSource: "WEBSITE",
			OccurredAt: time.Now().UnixMilli(),
		}
		if strings.Contains(id, "denied") {
			ev.Consent.AdUserData = "DENIED"
		}
		return nil
	}
}

// fakeSink is a sink that keeps what it is given until a test decides.
type fakeSink struct {
	settle  func([]verdict.Verdict)
	decoder handler.Decoder // of its member

	mu      sync.Mutex
	auto    bool   // accept at once
	stuck   string // but not this profile
	wants   int    // what a lane wants again
	pending []verdict.Verdict
	seen    map[string]int
	refused []string // codes
	arrived *sync.Cond
}

func newFakeSink(auto bool) *fakeSink {
	f := &fakeSink{auto: auto, decoder: new(textDecoder), seen: make(map[string]int)}
	f.arrived = sync.NewCond(&f.mu)
	return f
}

func (f *fakeSink) NewFeed() handler.Feed { return &fakeFeed{sink: f} }
func (f *fakeSink) Flush()                {}
func (f *fakeSink) Hurry()                {}
func (f *fakeSink) Sweep()                {}

// Shed gives back what is pending of the profile that is stuck, but for the first.
func (f *fakeSink) Shed(most int) []sink.Backlog {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stuck == "" {
		return nil
	}
	b := sink.Backlog{Profile: f.stuck}
	var kept []verdict.Verdict
	for _, v := range f.pending {
		if v.ProfileID == f.stuck && len(kept) > 0 && len(b.Tokens) < most {
			b.Tokens = append(b.Tokens, v.Handle)
			f.seen[v.EventID]--
			continue
		}
		kept = append(kept, v)
	}
	if len(b.Tokens) == 0 {
		return nil
	}
	f.pending = kept
	return []sink.Backlog{b}
}

func (f *fakeSink) Wants(profile string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if profile == f.stuck {
		return 0
	}
	return f.wants
}

type fakeFeed struct {
	sink  *fakeSink
	batch []verdict.Verdict
}

func (f *fakeFeed) AddAgain(tok verdict.Handle, rec *kgo.Record, c *transform.Conversion, _ *sink.Past) {
	f.batch = append(f.batch, verdict.Verdict{Handle: tok, Source: verdict.SourceOf(rec), ProfileID: c.ProfileID, EventID: c.EventID, Class: verdict.Accepted, Attempts: 1})
}

func (f *fakeFeed) Refuse(tok verdict.Handle, rec *kgo.Record, profile, id string, r verdict.Reason) {
	f.batch = append(f.batch, verdict.Verdict{Handle: tok, Source: verdict.SourceOf(rec), ProfileID: profile, EventID: id, Class: r.Class, Code: r.Code})
}

func (f *fakeFeed) Filter(tok verdict.Handle, rec *kgo.Record, profile, id string, r verdict.Reason) {
	f.batch = append(f.batch, verdict.Verdict{Handle: tok, Source: verdict.SourceOf(rec), ProfileID: profile, EventID: id, Class: r.Class, Code: r.Code})
}

func (f *fakeFeed) Flush() {
	s := f.sink
	s.mu.Lock()
	var now []verdict.Verdict
	for _, v := range f.batch {
		s.seen[v.EventID]++
		if v.Class != verdict.Accepted {
			s.refused = append(s.refused, v.Code)
		}
	}
	for _, v := range f.batch {
		if s.auto && (s.stuck == "" || v.ProfileID != s.stuck) {
			now = append(now, v)
		} else {
			s.pending = append(s.pending, v)
		}
	}
	f.batch = f.batch[:0]
	s.arrived.Broadcast()
	s.mu.Unlock()
	if len(now) > 0 {
		s.settle(now)
	}
}

// take waits for n pending events and hands them to the test.
func (f *fakeSink) take(n int) []verdict.Verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.pending) < n {
		f.arrived.Wait()
	}
	vs := f.pending
	f.pending = nil
	return vs
}

// acceptFromNowOn settles what is pending and all that comes.
func (f *fakeSink) acceptFromNowOn() {
	f.mu.Lock()
	f.auto = true
	vs := f.pending
	f.pending = nil
	f.mu.Unlock()
	if len(vs) > 0 {
		f.settle(vs)
	}
}

func (f *fakeSink) count(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[id]
}

// bench is a broker with a topic and a client to look at it with.
type bench struct {
	t       *testing.T
	cluster *kfake.Cluster
	client  *kgo.Client
	admin   *kadm.Client
	addrs   []string
	network *kfake.VirtualNetwork
	dial    []kgo.Opt // for clients of a virtual network
	log     *testkit.Buffer
	pace    time.Duration // between a member's fetches of nothing, and between its heartbeats

	protocol Protocol // of members
}

func newBench(t *testing.T, partitions int32) *bench {
	t.Helper()
	return newBenchWith(t, partitions)
}

func newBenchWith(t *testing.T, partitions int32, opts ...kfake.Opt) *bench {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) }) // after all that is closed below
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.BrokerConfigs(map[string]string{"group.consumer.heartbeat.interval.ms": "100"})},
		append(opts, kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic))...)...)
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cl.Close()
		cluster.Close()
	})
	return &bench{t: t, cluster: cluster, client: cl, admin: kadm.NewClient(cl), addrs: cluster.ListenAddrs(), log: new(testkit.Buffer), protocol: protocolOf(t), pace: 50 * time.Millisecond}
}

// newVirtualBench is newBench within a synctest bubble, where waiting costs nothing.
func newVirtualBench(t *testing.T, brokers int, partitions int32, opts ...kfake.Opt) *bench {
	t.Helper()
	network := new(kfake.VirtualNetwork)
	ports := make([]int, brokers)
	for i := range ports {
		ports[i] = 9092 + i
	}
	cluster, err := kfake.NewCluster(append(opts, kfake.Ports(ports...), kfake.SeedTopics(partitions, topic), kfake.ListenFn(network.Listen))...)
	if err != nil {
		t.Fatal(err)
	}
	dial := []kgo.Opt{kgo.Dialer(network.DialContext)}
	cl, err := kgo.NewClient(append(dial, kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cl.Close()
		cluster.Close()
	})
	return &bench{t: t, cluster: cluster, client: cl, admin: kadm.NewClient(cl), addrs: cluster.ListenAddrs(), network: network, dial: dial, log: new(testkit.Buffer), protocol: protocolOf(t), pace: 500 * time.Millisecond}
}

func (b *bench) publish(partition int32, values ...string) {
	b.t.Helper()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)}
	}
	if err := b.client.ProduceSync(b.t.Context(), records...).FirstErr(); err != nil {
		b.t.Fatal(err)
	}
}

// committed returns the group's offset of a partition, -1 when there is none.
func (b *bench) committed(partition int32) int64 {
	b.t.Helper()
	o, ok := b.offset(partition)
	if !ok {
		return -1
	}
	return o.At
}

func (b *bench) offset(partition int32) (o kadm.OffsetResponse, ok bool) {
	b.t.Helper()
	offsets, err := b.admin.FetchOffsets(b.t.Context(), group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return o, false
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return offsets.Lookup(topic, partition)
}

// eventually waits for what another process (here: the broker) decides when.
func (b *bench) eventually(what string, ok func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			b.t.Fatalf("never came true: %s\n%s", what, b.log)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (b *bench) logger() zerolog.Logger { return zerolog.New(b.log) }

type member struct {
	*Consumer
	sink *fakeSink
	done chan error
	stop func() error
}

// start runs a member of the group until the test ends or stops it.
func (b *bench) start(s *fakeSink, change func(*Options)) *member {
	b.t.Helper()
	return b.startWith(s, newStages(b.t, s.decoder, s), change)
}

// startWith runs a member with that handler, whose verdicts come from s.
func (b *bench) startWith(s *fakeSink, h Handler, change func(*Options)) *member {
	b.t.Helper()
	o := Options{
		Topics: []string{topic}, Group: group, CommitInterval: 10 * time.Millisecond,
		Log:      zerolog.New(b.log),
		Drain:    10 * time.Second,
		Protocol: b.protocol,
		ReadOpts: append([]kgo.Opt{kgo.SeedBrokers(b.addrs...), kgo.FetchMaxWait(2 * b.pace)}, b.dial...),
	}
	if change != nil {
		change(&o)
	}
	if o.Conditions == nil {
		o.Conditions = health.NewConditions(b.logger(), nil)
	}
	c, err := New(o, append([]kgo.Opt{kgo.SeedBrokers(b.addrs...), kgo.FetchMaxWait(2 * b.pace), kgo.HeartbeatInterval(b.pace)}, b.dial...)...)
	if err != nil {
		b.t.Fatal(err)
	}
	s.settle = c.Settle
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, h) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	b.t.Cleanup(func() { _ = stop() })
	return &member{c, s, done, stop}
}

func events(profile string, from, to int) (values []string) {
	for i := from; i < to; i++ {
		values = append(values, fmt.Sprintf("%s|e%d", profile, i))
	}
	return values
}

func TestEveryRecordGetsItsClassAndIsCommitted(t *testing.T) {
	b := newBench(t, 2)
	b.publish(0, "p1|a", "broken", "p1|denied", "p2|b")
	b.publish(1, "p2|c", "bad profile|d", "p1|")
	m := b.start(newFakeSink(true), nil)
	b.eventually("all committed", func() bool { return b.committed(0) == 4 && b.committed(1) == 3 })
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	s := m.Tally().Summary()
	if s.Taken != 7 || s.InFlight() != 0 || s.Returned != 0 {
		t.Errorf("taken %d, in flight %d, returned %d; want 7, 0, 0", s.Taken, s.InFlight(), s.Returned)
	}
	got := make(map[string][verdict.Auth + 1]uint64)
	for _, p := range s.Profiles {
		got[p.Profile] = p.Settled
	}
	for profile, want := range map[string]map[verdict.Class]uint64{
		"p1": {verdict.Accepted: 1, verdict.Filtered: 1, verdict.Validation: 1},
		"p2": {verdict.Accepted: 2},
		// A profile that is no profile is no label either.
		tally.NoProfile: {verdict.Decode: 1, verdict.Validation: 1},
	} {
		for _, class := range verdict.Classes() {
			if got[profile][class] != want[class] {
				t.Errorf("profile %s: %d %s, want %d", profile, got[profile][class], class, want[class])
			}
		}
	}
}

// TestCommitStopsAtTheFirstRecordWithoutAVerdict is the promise itself: whatever
// comes later, an undelivered record is read again.
func TestCommitStopsAtTheFirstRecordWithoutAVerdict(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 10)...)
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = 50 * time.Millisecond })
	vs := s.take(10)
	m.Settle(vs[:3])
	m.Settle(vs[4:])
	b.eventually("the prefix is committed", func() bool { return b.committed(0) == 3 })
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if got := b.committed(0); got != 3 {
		t.Errorf("committed %d with record 3 undelivered, want 3", got)
	}
	if sum := m.Tally().Summary(); sum.Returned != 1 || sum.InFlight() != 0 {
		t.Errorf("returned %d, in flight %d; want 1 given back, 0", sum.Returned, sum.InFlight())
	}

	// The next owner gets it, and what the first one had delivered beyond it.
	s2 := newFakeSink(true)
	b.start(s2, nil)
	b.eventually("the rest is committed", func() bool { return b.committed(0) == 10 })
	if s2.count("e3") != 1 || s2.count("e2") != 0 {
		t.Errorf("the next owner saw e3 %d times and e2 %d times, want 1 and 0", s2.count("e3"), s2.count("e2"))
	}
}

func TestShutdownDrainsWhatIsInFlight(t *testing.T) {
	b := newBench(t, 3)
	for p := range int32(3) {
		b.publish(p, events("p1", int(p)*100, int(p)*100+100)...)
	}
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.CommitInterval = time.Hour })
	vs := s.take(300)
	stopped := make(chan error, 1)
	go func() { stopped <- m.stop() }()
	b.eventually("taking has stopped", func() bool { return m.activity.state.Load() == stopping })
	m.Settle(vs)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	for p := range int32(3) {
		if got := b.committed(p); got != 100 {
			t.Errorf("partition %d committed to %d after a clean stop, want 100", p, got)
		}
	}
}

// TestVerdictAfterTheEndChangesNothing: a late answer must not commit past the
// records of the partition's new owner, nor be counted.
func TestVerdictAfterTheEndChangesNothing(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 5)...)
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = 20 * time.Millisecond })
	vs := s.take(5)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if vs[0].Handle.Owner.Live() {
		t.Error("the owner is live after the end: its events would still be sent")
	}
	m.Settle(vs)
	if got := b.committed(0); got != -1 {
		t.Errorf("committed %d by verdicts that came too late", got)
	}
	if sum := m.Tally().Summary(); sum.Total.Settled[verdict.Accepted] != 0 || sum.Returned != 5 {
		t.Errorf("accepted %d, returned %d after late verdicts; want 0 and 5", sum.Total.Settled[verdict.Accepted], sum.Returned)
	}
	if n, bytes := m.window.InFlight(); n != 0 || bytes != 0 {
		t.Errorf("window holds %d events, %d bytes after the end", n, bytes)
	}
}

func TestSecondVerdictForOneRecordIsNotCounted(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 4)...)
	s := newFakeSink(false)
	m := b.start(s, nil)
	vs := s.take(4)
	m.Settle(vs[1:2])
	m.Settle(vs)
	if sum := m.Tally().Summary(); sum.Total.Settled[verdict.Accepted] != 4 {
		t.Errorf("accepted %d of 4 records, one of them settled twice", sum.Total.Settled[verdict.Accepted])
	}
}

// TestTakingPausesWhenTheWindowIsFull: lag grows in Kafka, memory does not here.
func TestTakingPausesWhenTheWindowIsFull(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 1000)...)
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.MaxInFlightEvents = 100 })
	vs := s.take(100)
	// The poll loop must now be waiting for room; there is nothing else it may
	// do, so a later look finds no more than the window either.
	b.eventually("the window is full", func() bool { return m.window.Full() })
	if n := len(vs); n != 100 {
		t.Fatalf("%d events handed on with a window of 100", n)
	}
	if err := m.Live(); err != nil {
		t.Errorf("waiting for room is not hanging: %v", err)
	}
	m.Settle(vs)
	s.acceptFromNowOn()
	b.eventually("all committed", func() bool { return b.committed(0) == 1000 })
	if sum := m.Tally().Summary(); sum.Total.Settled[verdict.Accepted] != 1000 {
		t.Errorf("accepted %d of 1000", sum.Total.Settled[verdict.Accepted])
	}
}

// TestRegistryAwayHoldsThatPartitionOnly: records whose schema cannot be asked
// for wait; no dead letter, no loss, and others go on.
func TestRegistryAwayHoldsThatPartitionOnly(t *testing.T) {
	b := newBench(t, 2)
	b.publish(0, "p1|before", "p1|needs-registry", "p1|after")
	b.publish(1, events("p2", 0, 50)...)
	d := &textDecoder{away: true}
	s := newFakeSink(true)
	s.decoder = d
	m := b.start(s, nil)
	b.eventually("the other partition and what came before are through", func() bool {
		return b.committed(1) == 50 && b.committed(0) == 1
	})
	if !conditionFails(m, "registry") {
		t.Error("readiness does not say that the registry is away")
	}
	d.mu.Lock()
	d.away = false
	d.mu.Unlock()
	b.eventually("the rest is through", func() bool { return b.committed(0) == 3 })
	if conditionFails(m, "registry") {
		t.Error("readiness still says that the registry is away")
	}
	if len(s.refused) != 0 {
		t.Errorf("refused %v while the registry was away", s.refused)
	}
}

func TestStoppingWhileTheRegistryIsAway(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, "p1|a", "p1|needs-registry", "p1|b")
	s := newFakeSink(true)
	s.decoder = &textDecoder{away: true}
	m := b.start(s, nil)
	b.eventually("the first is through", func() bool { return b.committed(0) == 1 })
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if sum := m.Tally().Summary(); sum.Returned != 2 || b.committed(0) != 1 {
		t.Errorf("returned %d, committed %d; want 2 given back and offset 1", sum.Returned, b.committed(0))
	}
}

func conditionFails(m *member, name string) bool {
	for _, st := range m.opts.Conditions.States() {
		if st.Name == name {
			return !st.OK
		}
	}
	return false
}

// TestRevokeDrainsCommitsThenFences: a member that joins takes partitions over
// without anything being sent twice.
func TestRevokeDrainsCommitsThenFences(t *testing.T) {
	b := newBench(t, 4)
	for p := range int32(4) {
		b.publish(p, events("p1", int(p)*100, int(p)*100+100)...)
	}
	s1 := newFakeSink(false)
	m1 := b.start(s1, func(o *Options) { o.CommitInterval = time.Hour })
	vs := s1.take(400)

	s2 := newFakeSink(true)
	m2 := b.start(s2, nil)
	// The first member is being asked to give partitions up and waits for its
	// verdicts, while the second already wants them.
	b.eventually("the first member drains", func() bool { return len(m1.owned()) < 4 })
	m1.Settle(vs)
	s1.acceptFromNowOn()
	b.eventually("the second member owns partitions", func() bool { return len(m2.owned()) > 0 })
	for p := range int32(4) {
		b.publish(p, fmt.Sprintf("p1|late%d", p))
	}
	b.eventually("all of it is committed", func() bool {
		for p := range int32(4) {
			if s1.count(fmt.Sprintf("late%d", p))+s2.count(fmt.Sprintf("late%d", p)) == 0 {
				return false
			}
		}
		return true
	})
	for i := range 400 {
		id := fmt.Sprintf("e%d", i)
		if n := s1.count(id) + s2.count(id); n != 1 {
			t.Fatalf("%s was sent %d times across a rebalance that drained, want once", id, n)
		}
	}
	if err := errors.Join(m1.stop(), m2.stop()); err != nil {
		t.Fatal(err)
	}
	for p := range int32(4) {
		if got := b.committed(p); got != 101 {
			t.Errorf("partition %d committed to %d, want 101", p, got)
		}
	}
}

// TestADrainIsCommittedAsItGoes: a member that dies while it waits for the last
// verdicts of partitions it gives up has not lost those that came meanwhile.
func TestADrainIsCommittedAsItGoes(t *testing.T) {
	b := newBench(t, 2)
	for p := range int32(2) {
		b.publish(p, events("p1", int(p)*100, int(p)*100+100)...)
	}
	s1 := newFakeSink(false)
	m1 := b.start(s1, func(o *Options) { o.Drain, o.RebalanceTimeout = 40*time.Second, 2*time.Minute })
	var most, last []verdict.Verdict
	for _, v := range s1.take(200) {
		if v.Source.Offset == 99 {
			last = append(last, v)
		} else {
			most = append(most, v)
		}
	}
	m2 := b.start(newFakeSink(true), nil)
	b.eventually("the first member drains", func() bool { return len(m1.owned()) < 2 })
	m1.Settle(most)
	b.eventually("what has its verdict is committed", func() bool { return b.committed(0) == 99 && b.committed(1) == 99 })
	if n := len(m2.owned()); n != 0 {
		t.Errorf("the second member owns %d partitions, and the first has not finished", n)
	}
	m1.Settle(last)
	b.eventually("all is committed", func() bool { return b.committed(0) == 100 && b.committed(1) == 100 })
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{
		{},
		{Topics: []string{"t"}},
		{Topics: []string{"t", ""}, Group: "g"},
		{Topics: []string{"t", "u", "t"}, Group: "g"},
		{Topics: []string{"t"}, Group: "g", Job: new(Job)},
		{Topics: []string{"t", "u"}, Group: "g", Job: &Job{Selection: chosen(nil)}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) took options that cannot work", o)
		}
	}
	if _, err := ParseStart("beginning"); err == nil || !strings.Contains(err.Error(), "earliest or latest") {
		t.Errorf("ParseStart: %v", err)
	}
}

// TestAFilteredEventWaitsForTheSink: what is left out is settled by the sink like
// all else, once its receipt is written.
func TestAFilteredEventWaitsForTheSink(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, "p1|denied", "p1|a")
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = 50 * time.Millisecond })
	vs := s.take(2)
	if vs[0].EventID != "denied" || vs[0].Class != verdict.Filtered || vs[0].Code == "" || vs[0].ProfileID != "p1" {
		t.Errorf("the sink was given %+v", vs[0])
	}
	m.Settle(vs[1:])
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if got := b.committed(0); got > 0 {
		t.Errorf("committed %d, past an event without a verdict", got)
	}
	if sum := m.Tally().Summary(); sum.Total.Settled[verdict.Filtered] != 0 || sum.Returned != 1 {
		t.Errorf("%d filtered, %d returned; want 0 and 1", sum.Total.Settled[verdict.Filtered], sum.Returned)
	}
}
