package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/sample"
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

	Client   *kgo.Client
	Registry sample.Registry

	Topic      string // made and deleted by the benchmark, as are its companions
	Partitions int32
	Profiles   int
	Events     int // of a run
	Runs       int // counted ones, after one that is not
	Echo       bool
	Answer     time.Duration // how long Amazon takes to answer

	// Rate is events a second while latency is measured, for LatencyFor; 0 for
	// not at all.
	Rate       int
	LatencyFor time.Duration

	// Progress is told what is going on: a step, and how far it is.
	Progress func(what string, done, total uint64)
}

// Report is what was measured.
type Report struct {
	Machine Machine `json:"machine"`
	Setting Setting `json:"setting"`
	Runs    []Run   `json:"runs"`
	Median  Run     `json:"median"` // of each figure on its own
	// Latency is nil if it was not measured.
	Latency *Latency `json:"latency,omitempty"`
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
	Args       []string      `json:"args,omitempty"`
}

// Run is one run over all events. Costs are those of the program's process from
// its start to its end, starting, joining the group and leaving it included.
type Run struct {
	EventsPerSecond float64 `json:"events_per_second"` // from the first request to the last answer
	CPUMicros       float64 `json:"cpu_us_per_event"`
	Allocs          float64 `json:"allocs_per_event"`
	PeakBytes       int64   `json:"peak_bytes"`
	BatchEvents     float64 `json:"events_per_request"`
}

// Measure runs all of it. What it made in Kafka is deleted also when it fails.
func Measure(ctx context.Context, o Options) (r Report, err error) {
	b := bench{o: o, admin: kadm.NewClient(o.Client), amazon: &Amazon{Delay: o.Answer, Echo: o.Echo}}
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
	for i := range o.Runs + 1 {
		run, seen, err := b.run(ctx, i)
		if err != nil {
			return r, err
		}
		r.Setting.SentBytes = int(seen.Bytes / seen.Events)
		if i > 0 {
			r.Runs = append(r.Runs, run)
		}
	}
	r.Median = median(r.Runs)
	if o.Rate > 0 {
		r.Latency, err = b.latency(ctx)
	}
	return r, err
}

const (
	stopGrace = 40 * time.Second
	// stillFor is how long nothing may happen before a run is given up.
	stillFor = time.Minute
)

type bench struct {
	o      Options
	admin  *kadm.Client
	amazon *Amazon
	server *child
	base   string // of the server
	groups []string
}

func (b *bench) topics() []string {
	return []string{b.o.Topic, b.o.Topic + ".dlq", b.o.Topic + ".receipts"}
}

func (b *bench) create(ctx context.Context) error {
	made, err := b.admin.CreateTopics(ctx, b.o.Partitions, -1, nil, b.topics()...)
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

// serve starts Amazon.
func (b *bench) serve(ctx context.Context) (err error) {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	b.base = "http://" + addr
	args := []string{"bench", "serve", "--listen", addr, "--answer", b.o.Answer.String()}
	if b.o.Echo {
		args = append(args, "--echo")
	}
	if b.server, err = startChild(b.o.Exe, args, nil); err != nil {
		return err
	}
	var seen Seen
	return b.server.poll(ctx, 20*time.Millisecond, func() (bool, error) {
		return getJSON(ctx, b.base+seenPath, &seen) == nil, nil
	})
}

// freeAddr finds a port on loopback. Somebody may take it before it is used;
// then the process that wants it says so.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (b *bench) publish(ctx context.Context) (bytes int64, err error) {
	events, err := sample.NewGenerator(1, sample.GeneratorOptions{Profiles: b.o.Profiles})
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

// program starts run as the n-th member of a group that nobody else is in.
func (b *bench) program(n int, start string) (c *child, addr string, err error) {
	if addr, err = freeAddr(); err != nil {
		return nil, "", err
	}
	group := fmt.Sprintf("%s.%d", b.o.Topic, n)
	b.groups = append(b.groups, group)
	args := slices.Concat([]string{"run",
		"--topic", b.o.Topic, "--dead-letter-topic", b.o.Topic + ".dlq", "--receipts-topic", b.o.Topic + ".receipts",
		"--group", group, "--start", start, "--amazon-url", b.base, "--token-url", b.base + tokenPath,
		"--client-id", "amzn1.application-oa2-client.bench", "--listen", addr, "--log-level", "warn",
	}, b.o.Args)
	env := append(slices.Clone(b.o.Env), "AMAZON_CAPI_CLIENT_SECRET=bench", "AMAZON_CAPI_REFRESH_TOKEN=bench")
	c, err = startChild(b.o.Exe, args, env)
	return c, addr, err
}

// run has the program deliver all events once.
func (b *bench) run(ctx context.Context, n int) (r Run, seen Seen, err error) {
	if err := b.reset(ctx); err != nil {
		return r, seen, err
	}
	what := fmt.Sprintf("run %d of %d", n, b.o.Runs)
	if n == 0 {
		what = "warming up"
	}
	c, addr, err := b.program(n, "earliest")
	if err != nil {
		return r, seen, err
	}
	total := int64(b.o.Events)
	moved := time.Now()
	err = c.poll(ctx, 50*time.Millisecond, func() (bool, error) {
		was := seen.Events
		if err := getJSON(ctx, b.base+seenPath, &seen); err != nil {
			return false, err
		}
		b.o.Progress(what, uint64(seen.Events), uint64(total))
		if seen.Events > was {
			moved = time.Now()
		} else if time.Since(moved) > stillFor {
			return false, fmt.Errorf("nothing was sent for %s; %d of %d events are delivered. The program said last:\n%s",
				stillFor, seen.Events, total, c.tail.b)
		}
		return seen.Events >= total, nil
	})
	var mallocs float64
	if err == nil {
		mallocs, err = metric(ctx, addr, "go_memstats_mallocs_total")
	}
	if err = errors.Join(err, c.stop(stopGrace)); err != nil {
		return r, seen, err
	}
	cpu, peak := c.cost()
	r = Run{
		EventsPerSecond: float64(seen.Events) / seen.Last.Sub(seen.First).Seconds(),
		CPUMicros:       float64(cpu.Microseconds()) / float64(total),
		Allocs:          mallocs / float64(total),
		PeakBytes:       peak,
		BatchEvents:     float64(seen.Events) / float64(seen.Requests),
	}
	return r, seen, nil
}

func (b *bench) reset(ctx context.Context) error {
	_, err := get(ctx, b.base+resetPath)
	return err
}

// latency publishes events at the rate, each with the time in its id, and asks
// Amazon when it had them.
func (b *bench) latency(ctx context.Context) (*Latency, error) {
	c, addr, err := b.program(b.o.Runs+1, "latest")
	if err != nil {
		return nil, err
	}
	stop := func(err error) error { return errors.Join(err, c.stop(stopGrace)) }
	err = c.poll(ctx, 50*time.Millisecond, func() (bool, error) {
		_, err := get(ctx, "http://"+addr+"/readyz")
		return err == nil, nil
	})
	if err == nil {
		err = b.reset(ctx)
	}
	if err != nil {
		return nil, stop(err)
	}
	n := int(float64(b.o.Rate) * b.o.LatencyFor.Seconds())
	p, err := sample.NewPublisher(b.o.Client, b.o.Registry, sample.PublisherOptions{Topic: b.o.Topic})
	if err == nil {
		_, err = p.Publish(ctx, b.timed(ctx, n))
	}
	if err != nil {
		return nil, stop(err)
	}
	var seen Seen
	began := time.Now()
	err = c.poll(ctx, 50*time.Millisecond, func() (bool, error) {
		if err := getJSON(ctx, b.base+seenPath, &seen); err != nil {
			return false, err
		}
		if time.Since(began) > stillFor {
			return false, fmt.Errorf("%d of %d events are delivered %s after the last was published", seen.Events, n, stillFor)
		}
		return seen.Latency.Events >= n, nil
	})
	return &seen.Latency, stop(err)
}

// timed is n events at the rate, each with the time at which it was due in its
// id: one that is published late counts from when it should have been.
func (b *bench) timed(ctx context.Context, n int) func(func(sample.Sample, error) bool) {
	return func(yield func(sample.Sample, error) bool) {
		g, err := sample.NewGenerator(2, sample.GeneratorOptions{Profiles: b.o.Profiles})
		if err != nil {
			yield(sample.Sample{}, err)
			return
		}
		began, i := time.Now(), 0
		for s, err := range g.Take(n) {
			due := began.Add(time.Duration(i) * time.Second / time.Duration(b.o.Rate))
			i++
			if wait := time.Until(due); wait > 0 {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return
				}
			}
			b.o.Progress("measuring latency", uint64(i), uint64(n))
			if s.Event != nil {
				s.Event.EventID = fmt.Sprintf("%s%d-%d", timedPrefix, due.UnixMicro(), i)
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// median is the median of each figure.
func median(runs []Run) (m Run) {
	for _, f := range []func(*Run) *float64{
		func(r *Run) *float64 { return &r.EventsPerSecond },
		func(r *Run) *float64 { return &r.CPUMicros },
		func(r *Run) *float64 { return &r.Allocs },
		func(r *Run) *float64 { return &r.BatchEvents },
	} {
		*f(&m) = middle(runs, func(r *Run) float64 { return *f(r) })
	}
	m.PeakBytes = int64(middle(runs, func(r *Run) float64 { return float64(r.PeakBytes) }))
	return m
}

func middle(runs []Run, of func(*Run) float64) float64 {
	if len(runs) == 0 {
		return 0
	}
	var all []float64
	for i := range runs {
		all = append(all, of(&runs[i]))
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

// Serve is the server's process: it answers until ctx ends.
func Serve(ctx context.Context, addr string, a *Amazon) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
