package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/harness"
)

// Exit codes: 0 all rules hold, 1 one does not, 2 the run could not be made or
// judged, 130 interrupted.
const (
	exitNoRun       = 2
	exitInterrupted = 130
)

func main() {
	o := harness.Options{Log: os.Stderr, Out: os.Stdout}
	var scenes, only, wrong, flags, parent, protocol string
	flag.DurationVar(&o.For, "for", time.Minute, "how long to break things, at least: each happens once, however long that takes")
	flag.Uint64Var(&o.Seed, "seed", 0, "what to break in which order (default a random one, which is printed)")
	flag.DurationVar(&o.Settle, "settle", 4*time.Minute, "how long the rest may take to be delivered afterwards")
	flag.IntVar(&o.Rate, "rate", 800, "events published per second")
	flag.IntVar(&o.Members, "members", 3, "members of the group, beside one that comes and goes")
	flag.IntVar(&o.Profiles, "profiles", 8, "profiles of the events")
	flag.IntVar(&o.Nodes, "brokers", 1, "brokers, 1 or 3; topics have as many replicas")
	flag.StringVar(&protocol, "group-protocol", cmp.Or(os.Getenv("GROUP_PROTOCOL"), consumer.ProtocolClassic.String()), "the members' group protocol, classic or consumer (default $GROUP_PROTOCOL, or classic)")
	flag.StringVar(&scenes, "scenes", "", "which scenes to play, with commas between: takeover, rolling, surge, stuck, hostile (default all)")
	flag.StringVar(&only, "episodes", "", "what to do to members and servers, with commas between (default all)")
	flag.StringVar(&wrong, "troubles", "", "what to do wrong at Amazon, in the same way")
	flag.StringVar(&o.Mutant, "mutant", "", "run a program that makes this mistake, such as commit-on-poll")
	flag.BoolVar(&o.Race, "race", false, "build the program with the race detector")
	flag.StringVar(&flags, "member-flags", "", "further flags for the members, with spaces between")
	flag.StringVar(&parent, "dir", filepath.Join(".cache", "chaos"), "where to make the run's directory")
	flag.Parse()
	if flag.NArg() > 0 || o.For <= 0 || o.Nodes != 1 && o.Nodes != 3 || o.Rate < 1 || o.Members < 1 || o.Profiles < 1 {
		fmt.Fprintln(os.Stderr, "chaos: no arguments, -for above 0, -brokers of 1 or 3, and -rate, -members, -profiles of 1 at least")
		os.Exit(exitNoRun)
	}
	var err error
	if o.Protocol, err = consumer.ParseProtocol(protocol); err != nil {
		fmt.Fprintln(os.Stderr, "chaos: "+err.Error())
		os.Exit(exitNoRun)
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64N(1_000_000-1) + 1 // short enough to be typed again
	}
	o.Scenes, o.Episodes, o.Troubles = list(scenes), list(only), list(wrong)
	o.MemberFlags = strings.Fields(flags)
	os.Exit(run(o, parent))
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

// followParent interrupts the run when the process that started it has gone: make and
// `go run` do not pass on what kills them.
func followParent(ctx context.Context, interrupt func()) {
	parent := os.Getppid()
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if os.Getppid() != parent {
				interrupt()
				return
			}
		}
	}
}

func run(o harness.Options, parent string) int {
	fmt.Fprintf(os.Stderr, "seed %d (make chaos SEED=%d breaks the same things in the same order)\n", o.Seed, o.Seed)
	dir, err := filepath.Abs(parent)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		o.Dir, err = os.MkdirTemp(dir, fmt.Sprintf("%s-seed%d-", time.Now().Format("0102-150405"), o.Seed))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos: "+err.Error())
		return exitNoRun
	}
	fmt.Fprintln(os.Stderr, "everything is kept in", o.Dir)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	go followParent(ctx, stop)
	code, err := harness.Run(ctx, o)
	fmt.Fprintln(os.Stderr, "everything is kept in", o.Dir)
	switch {
	case err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "chaos: interrupted")
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(os.Stderr, "chaos: "+err.Error())
		return exitNoRun
	}
	return code
}
