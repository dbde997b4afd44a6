package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
)

// contender is a program whose runs are measured.
type contender struct {
	name   string
	start  func(group, listen string) (*child, error)
	ours   bool
	result *Result
}

// rounds runs the programs in turn, so that what else the machine does meanwhile
// befalls them alike; before that each to warm up, this one for as long as WarmUp.
func (b *bench) rounds(ctx context.Context, r *Report) error {
	programs := []contender{{name: "amazon-capi", start: b.program("earliest"), ours: true, result: &r.Result}}
	if b.o.Against != "" {
		name := nameOf(b.o.Against)
		r.Against = &Comparison{Name: name, Command: b.o.Against}
		programs = append(programs, contender{name: name, start: b.other, result: &r.Against.Result})
	}
	once := func(p *contender, what string, counts bool) error {
		if len(programs) > 1 {
			what += ", " + p.name
		}
		run, seen, err := b.run(ctx, p, what)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if p.ours {
			r.Setting.SentBytes = int(seen.Bytes / seen.Events)
		}
		switch {
		case counts:
			p.result.Runs = append(p.result.Runs, run)
		case p.ours:
			r.Setting.WarmUps++
		}
		return nil
	}
	began := time.Now()
	for i := range programs {
		p := &programs[i]
		for again := true; again; again = time.Since(began) < b.o.WarmUp {
			if err := once(p, "warming up", false); err != nil {
				return err
			}
		}
	}
	for i := range b.o.Runs {
		for j := range programs {
			if err := once(&programs[j], fmt.Sprintf("run %d of %d", i+1, b.o.Runs), true); err != nil {
				return err
			}
		}
	}
	if err := b.prof.check(); err != nil {
		return err
	}
	r.Median = median(r.Runs)
	if o := r.Against; o != nil {
		o.Median = median(o.Runs)
		o.Ratio = ratio(&r.Median, &o.Median)
	}
	return nil
}

// nameOf is what a command line's program is called.
func nameOf(command string) string {
	words := strings.Fields(command)
	if len(words) == 0 {
		return ""
	}
	return filepath.Base(strings.Trim(words[0], `"'`))
}

// group names a group that nobody was in.
func (b *bench) group() string {
	group := fmt.Sprintf("%s.%d", b.o.Topic, len(b.groups))
	b.groups = append(b.groups, group)
	return group
}

// program returns what starts run, from the topic's start or end.
func (b *bench) program(from string) func(group, listen string) (*child, error) {
	return func(group, listen string) (*child, error) {
		args := slices.Concat([]string{"run",
			"--topic", b.o.Topic, "--dead-letter-topic", b.o.Topic + ".dlq", "--receipts-topic", b.o.Topic + ".receipts",
			"--group", group, "--start", from, "--amazon-url", b.base, "--token-url", b.base + tokenPath,
			"--client-id", "amzn1.application-oa2-client.bench", "--listen", listen, "--log-level", "warn",
		}, b.prof.args(), b.o.Args)
		env := append(slices.Clone(b.o.Env), "AMAZON_CAPI_CLIENT_SECRET=bench", "AMAZON_CAPI_REFRESH_TOKEN=bench")
		return startChild("run", b.o.Exe, args, env)
	}
}

// other starts the program that is measured beside this one, and tells it by its
// environment what to read and where to send. exec has the shell become it, so
// that the process that is measured is the program's.
func (b *bench) other(group, listen string) (*child, error) {
	env := append(slices.Clone(b.o.AgainstEnv),
		"BENCH_TOPIC="+b.o.Topic, "BENCH_GROUP="+group, "BENCH_URL="+b.base, "BENCH_LISTEN="+listen,
		fmt.Sprintf("BENCH_EVENTS=%d", b.o.Events))
	return startChild(nameOf(b.o.Against), "sh", []string{"-c", "exec " + b.o.Against}, env)
}

// run has a program deliver all events once.
func (b *bench) run(ctx context.Context, p *contender, what string) (r Run, seen Seen, err error) {
	if err := b.reset(ctx, b.o.Events); err != nil {
		return r, seen, err
	}
	listen, err := freeAddr()
	if err != nil {
		return r, seen, err
	}
	c, err := p.start(b.group(), listen)
	if err != nil {
		return r, seen, err
	}
	stopProfiles := func() {}
	if p.ours {
		stopProfiles = b.prof.during(ctx, listen)
	}
	err = b.arrive(ctx, c, &seen, what)
	stopProfiles()
	if err == nil {
		r.Allocs, err = metric(ctx, listen, "go_memstats_mallocs_total")
		if !p.ours {
			err = nil // whoever has no such metric is measured without
		}
	}
	if err == nil && (seen.Events == 0 || p.ours && seen.Events < int64(b.o.Events)) {
		err = fmt.Errorf("nothing more was sent; %d of %s are delivered. The program said last:\n%s", seen.Events, count.Of(b.o.Events, "event"), &c.tail)
	}
	// Another program need not know how to end: what it did is done.
	if stopped := c.stop(stopGrace); p.ours || errors.Is(stopped, errStays) {
		err = errors.Join(err, stopped)
	}
	if err != nil {
		return r, seen, err
	}
	cpu, peak := c.cost()
	once := float64(min(seen.Events, int64(b.o.Events)))
	return Run{
		Events:          seen.Events,
		EventsPerSecond: seen.perSecond(),
		CPUMicros:       float64(cpu.Microseconds()) / once,
		Allocs:          r.Allocs / once,
		PeakBytes:       peak,
		MemoryBytes:     c.over.seen(),
		BatchEvents:     float64(seen.Events) / float64(seen.Requests),
	}, seen, nil
}

// arrive waits until what a program sends has arrived: all events and no more of
// them, or fewer and nothing follows.
func (b *bench) arrive(ctx context.Context, c *child, seen *Seen, what string) error {
	total := int64(b.o.Events)
	moved := time.Now()
	err := c.poll(ctx, 50*time.Millisecond, func() (bool, error) {
		was := seen.Events
		if err := getJSON(ctx, b.base+seenPath, seen); err != nil {
			return false, err
		}
		b.o.Progress(what, uint64(min(seen.Events, total)), uint64(total))
		if seen.Events > was {
			moved = time.Now()
		}
		c.over.at(seen.Events, total)
		c.look() // a tenth may be over before it looks by itself
		quiet := time.Since(moved)
		return quiet >= b.o.waits.still || seen.Events >= total && quiet >= b.o.waits.settle, nil
	})
	if errors.Is(err, errEnded) && c.err == nil {
		// It may end by itself when it has read all; what it sent last may have
		// come after we asked.
		if err2 := getJSON(ctx, b.base+seenPath, seen); err2 != nil || seen.Events > 0 {
			return err2
		}
	}
	return err
}

func (b *bench) reset(ctx context.Context, events int) error {
	_, err := get(ctx, fmt.Sprintf("%s%s?events=%d", b.base, resetPath, events))
	return err
}
