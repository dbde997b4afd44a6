package lab

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/bench"
	"github.com/tracklayer/amazon-capi/internal/lab/publish"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const benchLong = `Measure how fast this machine delivers, with your brokers and registry.

Events are generated and published to a topic that is made for this and deleted
afterwards. Then run delivers them, as a process of its own and as it ships, to a
server that accepts everything: first to warm up, then --runs times for the result.
Finally they are published at --rate, to measure the time from publication to
acceptance.

Flags after -- are passed to run, to measure your settings.

--against COMMAND measures another program for comparison: with the same events,
brokers and server, the two run in turn. The shell starts it with these variables,
and it must stay in the process it is started as:

  BENCH_BROKERS       brokers, separated by commas
  BENCH_REGISTRY_URL  the schema registry
  BENCH_TOPIC         the topic to read from its start, Avro as Confluent frames it
  BENCH_GROUP         a consumer group of its own
  BENCH_URL           the server; any path takes any POST
  BENCH_EVENTS        how many events there are
  BENCH_LISTEN        where it may serve Go's metrics at /metrics

The server counts the occurrences of "eventId":" in what it receives. The program
gets a SIGTERM when all events have arrived and nothing follows.`

// benchOpts make publishing wait for the brokers less often: with the usual number of records in
// flight, their answers would set the pace and not this program.
var benchOpts = []kgo.Opt{kgo.MaxBufferedRecords(50_000)}

type benchFlags struct {
	kafka    config.Kafka
	registry config.Registry
	o        bench.Options
	json     bool
}

// NewBench returns the command bench.
func NewBench(p *cli.Process) *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench [-- RUN FLAGS]",
		Short: "Measure events a second, CPU, memory and latency with your brokers",
		Long:  benchLong,
		Example: `  amazon-capi bench --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi bench --answer 50ms --echo --json
  amazon-capi bench --events 200000 --runs 3 -- --lane-concurrency 16 --linger 200ms
  amazon-capi bench --rate 0 --against './peer --config peer.yaml'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if at := cmd.ArgsLenAtDash(); len(args) > 0 && at != 0 {
				return cli.Usagef("bench takes no arguments but run's flags behind --: %s", redact.Quote(args[0]))
			}
			f.o.Args, f.o.Env = f.connection(cmd.Flags())
			f.o.Args = append(f.o.Args, args...)
			return f.run(cmd.Context(), p)
		},
	}
	flags := cmd.Flags()
	f.kafka.Register(flags)
	f.registry.Register(flags)
	flags.IntVar(&f.o.Events, "events", 1_000_000, "events of a run")
	flags.IntVar(&f.o.Runs, "runs", 5, "measured runs, after one or more to warm up")
	flags.DurationVar(&f.o.WarmUp, "warm-up", 0, "how long to warm up before runs count, for a broker that was just started; one run always does")
	flags.IntVar(&f.o.Profiles, "profiles", 50, "profiles that the events are of")
	flags.Int32Var(&f.o.Partitions, "partitions", 12, "partitions of the topic")
	flags.DurationVar(&f.o.Answer, "answer", 0, "how long the server takes to answer")
	flags.BoolVar(&f.o.Echo, "echo", false, "have the server answer with a 207 that repeats each event, as Amazon's live API does")
	flags.IntVar(&f.o.Rate, "rate", 1000, "events a second while latency is measured; 0 for not at all")
	flags.DurationVar(&f.o.LatencyFor, "latency-for", 20*time.Second, "how long latency is measured")
	flags.StringVar(&f.o.Against, "against", "", "command line of another program to measure in turn; --help says what it is told")
	flags.StringVar(&f.o.ProfileDir, "cpu-profiles", "", "directory for CPU profiles of run, one a second: for go tool pprof and go build -pgo")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	cmd.AddCommand(newBenchServeCommand())
	return cmd
}

func (f *benchFlags) run(ctx context.Context, p *cli.Process) error {
	if f.o.Events < 1 || f.o.Runs < 1 || f.o.Profiles < 1 || f.o.Partitions < 1 || f.o.Rate < 0 || f.o.Answer < 0 || f.o.WarmUp < 0 {
		return cli.Usagef("--events, --runs, --profiles and --partitions: want 1 or more; --rate, --answer and --warm-up: no less than 0")
	}
	settings, err := f.kafka.Resolve(p.Stderr)
	if err != nil {
		return err
	}
	if f.o.ProfileDir != "" {
		if err := os.MkdirAll(f.o.ProfileDir, 0o755); err != nil {
			return cli.Usagef("--cpu-profiles: %w", err)
		}
	}
	if f.o.Against = strings.TrimSpace(f.o.Against); f.o.Against != "" {
		if _, err := exec.LookPath("sh"); err != nil {
			return cli.Usagef("--against: there is no shell to start it: %w", err)
		}
	}
	registryOptions, err := f.registry.Resolve(settings, p.Stderr)
	if err != nil {
		return err
	}
	registry, err := registry.New(registryOptions)
	if err != nil {
		return cli.Usagef("--registry: %w", err)
	}
	defer registry.Close()
	if f.o.Client, err = settings.Connect(slices.Concat(publish.ClientOpts, benchOpts)...); err != nil {
		return err
	}
	defer f.o.Client.Close()
	if f.o.Exe, err = os.Executable(); err != nil {
		return err
	}
	// run's memory is measured, that of another process. In this one the collector would take a
	// third of publishing's time.
	debug.SetGCPercent(400)
	progress := report.NewProgress(p.Stderr)
	f.o.Registry = registry
	f.o.AgainstEnv = []string{"BENCH_BROKERS=" + strings.Join(settings.Brokers, ","), "BENCH_REGISTRY_URL=" + registryOptions.URL}
	f.o.Topic = "amazon-capi.bench." + strings.ToLower(rand.Text()[:8])
	var step string
	f.o.Progress = func(what string, done, total uint64) {
		if what != step { // each has a speed of its own
			step = what
			progress.Restart()
		}
		progress.Step(what, done, total)
	}
	measured, err := bench.Measure(ctx, f.o)
	progress.Done()
	if err != nil {
		return err
	}
	if f.json {
		return report.JSON(p.Stdout, measured)
	}
	measured.Print(p.Screen())
	return nil
}

// connection is how run gets the brokers and the registry: from the flags given here, and secrets
// through the environment, where ps does not show them.
func (f *benchFlags) connection(given *pflag.FlagSet) (args, env []string) {
	known := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(config.Kafka).Register(known)
	new(config.Registry).Register(known)
	known.VisitAll(func(k *pflag.Flag) {
		g := given.Lookup(k.Name)
		if !g.Changed {
			return
		}
		if secret, ok := config.Revealed(g.Value); ok {
			env = append(env, setting.Key(k.Name).Env()+"="+secret)
			return
		}
		if list, ok := g.Value.(pflag.SliceValue); ok {
			args = append(args, "--"+k.Name+"="+strings.Join(list.GetSlice(), ","))
			return
		}
		args = append(args, "--"+k.Name+"="+g.Value.String())
	})
	return args, env
}

// newBenchServeCommand is the server's side of bench, in a process of its own so that its costs are
// not the program's.
func newBenchServeCommand() *cobra.Command {
	var a bench.Amazon
	var listen string
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "The server that bench sends to",
		Example: `  amazon-capi bench serve --listen 127.0.0.1:8090`,
		Hidden:  true,
		Args:    cli.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return bench.Serve(cmd.Context(), listen, &a) },
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:8090", "address to listen on")
	flags.DurationVar(&a.Delay, "answer", 0, "how long to take to answer")
	flags.BoolVar(&a.Echo, "echo", false, "answer with a 207 that repeats each event")
	return cmd
}
