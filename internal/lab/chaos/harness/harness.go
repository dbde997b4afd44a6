package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// Options are the settings of a run.
type Options struct {
	// Dir is where everything is written; it must exist and be empty.
	Dir  string
	Seed uint64
	// Name begins the names of topics and group; chaos if empty.
	Name string
	// Servers are those of several runs, whose names must differ then; nil for
	// a run with its own.
	Servers *Servers
	// Nodes is how many brokers there are, 1 or 3: of three, topics have three
	// replicas and writes need two. Ignored where Servers is set.
	Nodes int
	// Protocol is the members' --group-protocol.
	Protocol consumer.Protocol
	// For is how long things break, at least: everything happens once, however
	// long that takes. Starting, a rolling restart while all is well, delivering
	// the rest and the audit come on top.
	For time.Duration
	// Settle is how long the rest may take to be delivered.
	Settle  time.Duration
	Rate    int // events a second
	Members int // beside one that comes and goes
	// Profiles is how many profiles the events are of.
	Profiles int
	// Scenes are the names of those that are played, in their own order; all if
	// empty.
	Scenes []string
	// Episodes are the names of those that are drawn from; all that For has
	// time for if empty.
	Episodes []string
	// Troubles are those of Amazon's, in the same way.
	Troubles []string
	// Mutant is the name of a mutant of the program to build; empty for the
	// program as it is. Race builds it with the race detector.
	Mutant string
	Race   bool
	// MemberFlags are further flags for the members.
	MemberFlags []string
	// Log takes progress, Out the auditor's table.
	Log, Out io.Writer
}

const (
	// overhead bounds what comes on top of For and Settle, on a slow machine.
	overhead = 12 * time.Minute
)

// Run does a whole run. It returns the auditor's exit code, or an error if the
// run could not be made.
func Run(ctx context.Context, o Options) (code int, err error) {
	play, err := newPlay(o)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.For+o.Settle+overhead, errors.New("the run takes far longer than it should"))
	defer cancel()
	o.Name = cmp.Or(o.Name, "chaos")
	w, err := newWorld(ctx, o, o.Dir)
	defer func() {
		fmt.Fprintln(o.Log, "stopping everything")
		if closed := w.close(); err == nil {
			err = closed
		}
	}()
	if err != nil {
		return 0, err
	}
	if err := w.live(ctx, play); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause // what failed, failed because of it
		}
		return 0, err
	}
	return w.audit(ctx, o.Out)
}

// live is the run itself.
func (w *world) live(ctx context.Context, play *play) error {
	p, err := w.newPublishing(filepath.Join(w.dir, journal.SamplesFile))
	if err != nil {
		return err
	}
	if play.has(sceneTakeover) {
		if err := w.takeover(ctx, p); err != nil {
			return fmt.Errorf("takeover: %w", err)
		}
	}
	for _, m := range w.base() {
		if err := m.start(); err != nil {
			return err
		}
	}
	until, stop := context.WithCancel(ctx)
	defer stop()
	published := make(chan error, 1)
	go func() { published <- p.run(ctx, until, w.o) }()

	err = w.perform(ctx, p, play)
	stop()
	// While the brokers are away this waits for them; after an error there may
	// be nobody to bring them back.
	if err != nil {
		return err
	}
	if err := <-published; err != nil {
		return err
	}
	return w.finish(ctx, int(p.acked.Load()))
}

// finish lets everything be well, waits until all is delivered, and ends the
// members.
func (w *world) finish(ctx context.Context, acknowledged int) error {
	if err := w.amazon.behave(ctx, nil, sandbox.Behaviour{}); err != nil {
		return err
	}
	if err := w.restoreMembers(); err != nil {
		return err
	}
	quiet := time.Now()
	w.story.tell("%d events published; faults are over, waiting for the rest to be delivered", acknowledged)
	w.drainAll(ctx, quiet)
	for _, m := range w.running() {
		if err := w.term(m); err != nil {
			return err
		}
	}
	w.story.drained(journal.Drained{Quiet: quiet, At: time.Now(), Acknowledged: acknowledged})
	return ctx.Err()
}

// drainAll waits until the group has committed everything, or as long as that
// may take. Whether it has is the auditor's to say.
func (w *world) drainAll(ctx context.Context, since time.Time) {
	ctx, cancel := context.WithTimeout(ctx, w.o.Settle)
	defer cancel()
	told := since
	for {
		lag, err := w.lag(ctx)
		if err == nil && lag == 0 {
			w.story.tell("all is committed, %.1fs after the last fault", time.Since(since).Seconds())
			return
		}
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			w.story.tell("lag %d %v", lag, errText(err))
		}
		if !pause(ctx, 200*time.Millisecond) {
			w.story.tell("not all was committed within %s: lag %d %v", w.o.Settle, lag, errText(err))
			return
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
