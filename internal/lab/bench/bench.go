package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
)

// Options say what is measured. Admin and Publish reach the brokers; the program
// itself is told to by Args.
type Options struct {
	// Exe is the program, and Args what run is given besides what the benchmark
	// decides: brokers, registry, and whatever a user wants to measure. Env is
	// added to its environment.
	Exe  string
	Args []string
	Env  []string

	// Against is the command line of another program that does the same job, and
	// is measured beside this one; "" for none. The shell reads it. AgainstEnv is
	// added to its environment, as is what the benchmark decides.
	Against    string
	AgainstEnv []string

	Client   *kgo.Client
	Registry sample.Registry

	Topic      string // made and deleted by the benchmark, as are its companions
	Partitions int32
	Profiles   int
	Events     int // of a run
	Runs       int // counted ones, after those that are not
	// WarmUp is how long this program's runs that do not count go on; there is at
	// least one. A broker that was just started compiles its code for tens of
	// seconds, on the cores that are measured.
	WarmUp time.Duration
	Echo   bool
	Answer time.Duration // how long Amazon takes to answer

	// ProfileDir is where CPU profiles of this program's runs are written; "" for none.
	ProfileDir string

	// Rate is events a second while latency is measured, for LatencyFor; 0 for
	// not at all.
	Rate       int
	LatencyFor time.Duration

	// Progress is told what is going on: a step, and how far it is.
	Progress func(what string, done, total uint64)

	// waits are shorter in tests.
	waits waits
}

// waits end a run.
type waits struct {
	// still is how long nothing may arrive while events are missing.
	still time.Duration
	// settle is how long nothing may arrive when all did: what is delivered
	// twice is often delivered late.
	settle time.Duration
}

// Report is what was measured.
type Report struct {
	Machine Machine `json:"machine"`
	Setting Setting `json:"setting"`
	Result
	// Against is nil if there was no other program.
	Against *Comparison `json:"against,omitempty"`
	// Latency is nil if it was not measured.
	Latency *Latency `json:"latency,omitempty"`
}

// Result is what one program's runs came to.
type Result struct {
	Runs   []Run `json:"runs"`
	Median Run   `json:"median"` // of each figure on its own
}

// Comparison is another program's result, and what this one's median is to its.
type Comparison struct {
	Name    string `json:"name"`
	Command string `json:"command"`
	Result
	Ratio Ratio `json:"ratio"`
}

// Ratio has this program's figures as multiples of the other's. A figure that
// one of them lacks is 0.
type Ratio struct {
	EventsPerSecond float64 `json:"events_per_second"`
	CPUMicros       float64 `json:"cpu_us_per_event"`
	Allocs          float64 `json:"allocs_per_event,omitempty"`
	PeakBytes       float64 `json:"peak_bytes"`
}

// Setting is what was asked for.
type Setting struct {
	Events     int           `json:"events"`
	Profiles   int           `json:"profiles"`
	Partitions int32         `json:"partitions"`
	EventBytes int           `json:"event_bytes"` // of a record in Kafka, on average
	SentBytes  int           `json:"sent_bytes"`  // of an event to Amazon, on average
	Echo       bool          `json:"echo"`
	Answer     time.Duration `json:"answer_ns"`
	Rate       int           `json:"rate,omitempty"`
	WarmUps    int           `json:"warm_ups"` // runs of this program that did not count
	Args       []string      `json:"args,omitempty"`
}

// Run is one run over all events. Costs are those of the program's process from
// its start to its end, starting, joining the group and leaving it included.
type Run struct {
	// Events is how many arrived. More than were asked for is that some arrived
	// twice.
	Events          int64   `json:"events"`
	EventsPerSecond float64 `json:"events_per_second"` // from the first request until nine tenths had their answer
	CPUMicros       float64 `json:"cpu_us_per_event"`
	// Allocs is 0 if the program does not tell: to start takes some.
	Allocs    float64 `json:"allocs_per_event,omitempty"`
	PeakBytes int64   `json:"peak_bytes"`
	// MemoryBytes is the most resident memory while each tenth of the events was
	// delivered. A program that keeps something of each event has more in the last.
	MemoryBytes Tenths  `json:"memory_bytes_by_tenth,omitzero"`
	BatchEvents float64 `json:"events_per_request"`
}

// Measure runs all of it. What it made in Kafka is deleted also when it fails.
func Measure(ctx context.Context, o Options) (r Report, err error) {
	if o.waits == (waits{}) {
		o.waits = waits{still: time.Minute, settle: time.Second}
	}
	b := bench{o: o, admin: kadm.NewClient(o.Client), prof: profiler{dir: o.ProfileDir}}
	r.Machine = ThisMachine()
	r.Setting = Setting{
		Events: o.Events, Profiles: o.Profiles, Partitions: o.Partitions, Echo: o.Echo, Answer: o.Answer, Rate: o.Rate, Args: o.Args,
	}
	if err := b.create(ctx); err != nil {
		return r, err
	}
	defer b.remove()
	if err := b.serve(ctx); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.server.stop(stopGrace)) }()

	bytes, err := b.publish(ctx)
	if err != nil {
		return r, err
	}
	r.Setting.EventBytes = int(bytes / int64(o.Events))
	if err := b.rounds(ctx, &r); err != nil {
		return r, err
	}
	if o.Rate > 0 {
		r.Latency, err = b.latency(ctx)
	}
	return r, err
}

// stopGrace is how long a program may take to end when it is told to.
const stopGrace = 40 * time.Second

type bench struct {
	o      Options
	admin  *kadm.Client
	server *child
	base   string // of the server
	groups []string
	prof   profiler
}

func (b *bench) topics() []string {
	return []string{b.o.Topic, b.o.Topic + ".dlq", b.o.Topic + ".receipts"}
}

// create has the brokers delete none of the events meanwhile, which are there for
// all runs, however many they are and whatever is usual there.
func (b *bench) create(ctx context.Context) error {
	kept := map[string]*string{"cleanup.policy": new("delete"), "retention.ms": new("-1"), "retention.bytes": new("-1")}
	made, err := b.admin.CreateTopics(ctx, b.o.Partitions, -1, kept, b.topics()...)
	if err == nil {
		err = made.Error()
	}
	if err != nil {
		return fmt.Errorf("topics cannot be created: %w", err)
	}
	return nil
}

// remove leaves nothing behind. It is the end whatever happens, so it takes a
// context of its own.
func (b *bench) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, _ = b.admin.DeleteTopics(ctx, b.topics()...)
	_, _ = b.admin.DeleteGroups(ctx, b.groups...)
}

func (b *bench) publish(ctx context.Context) (bytes int64, err error) {
	events, err := sample.NewGenerator(1, sample.GeneratorOptions{Profiles: b.o.Profiles, Full: true})
	if err != nil {
		return 0, err
	}
	p, err := sample.NewPublisher(b.o.Client, b.o.Registry, sample.PublisherOptions{
		Topic: b.o.Topic,
		Progress: func(c sample.Counts) {
			bytes = c.Bytes
			b.o.Progress("publishing", uint64(c.Records), uint64(b.o.Events))
		},
	})
	if err != nil {
		return 0, err
	}
	_, err = p.Publish(ctx, events.Take(b.o.Events))
	return bytes, err
}
