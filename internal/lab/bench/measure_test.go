package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// actEnv has the test's own binary be the programs that are measured.
const actEnv = "BENCH_TEST_ACT"

const (
	testEvents  = 60
	testMallocs = 300
	settle      = 50 * time.Millisecond
)

func TestMain(m *testing.M) {
	if os.Getenv(actEnv) == "" {
		os.Setenv(actEnv, "1")
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := act(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// act is each of the benchmark's processes by turns: its server, run, and
// another program that does as its argument says.
func act(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	var amazon, listen, group string
	flags.StringVar(&amazon, "amazon-url", "", "")
	flags.StringVar(&listen, "listen", "", "")
	flags.StringVar(&group, "group", "", "")
	for _, rest := range []string{"answer", "topic", "dead-letter-topic", "receipts-topic", "start", "token-url", "client-id", "log-level"} {
		flags.String(rest, "", "")
	}
	send := flags.Int("send", testEvents, "")
	tired := flags.String("tired", "", "") // the group in which run fails
	profiles := flags.Bool("pprof", false, "")
	if args[0] == "bench" {
		args = args[1:]
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "serve":
		return Serve(ctx, listen, &Amazon{})
	case "run":
		if group == *tired {
			return fmt.Errorf("tired in %s", group)
		}
		http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "go_memstats_mallocs_total %d\n", testMallocs)
		})
		if *profiles {
			http.HandleFunc("/debug/pprof/profile", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "profile of "+group) })
		}
		go func() { _ = http.ListenAndServe(listen, nil) }()
		if err := sendEvents(amazon, *send); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}
	for _, name := range []string{"BENCH_BROKERS", "BENCH_TOPIC", "BENCH_GROUP", "BENCH_LISTEN"} {
		if os.Getenv(name) == "" {
			return fmt.Errorf("%s is not set", name)
		}
	}
	n, err := strconv.Atoi(os.Getenv("BENCH_EVENTS"))
	if err != nil {
		return err
	}
	url := os.Getenv("BENCH_URL")
	switch args[0] {
	case "delivers":
	case "loses":
		n--
	case "repeats":
		n++
	case "pauses":
		if err := sendEvents(url, n-10); err != nil {
			return err
		}
		time.Sleep(4 * settle)
		n = 10
	case "leaves":
		return sendEvents(url, n)
	case "fails":
		return fmt.Errorf("no such pipeline")
	case "sleeps":
		fmt.Println("waiting for Godot")
		n = 0
	}
	if err := sendEvents(url, n); err != nil {
		return err
	}
	<-ctx.Done()
	return fmt.Errorf("ended by a signal, which is no failure")
}

// sendEvents sends events ten at a time, and the last few with those before: what
// comes too much comes before the benchmark can be content.
func sendEvents(url string, n int) error {
	for n > 0 {
		now := 10
		if n < 15 {
			now = n
		}
		n -= now
		body := strings.NewReader(strings.Repeat(`{"eventId":"x"}`, now))
		resp, err := http.Post(url+"/events", "application/json", body)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	return nil
}

// broker is one of the test's own, and a client of it.
func broker(t *testing.T) (*sandbox.Cluster, *kgo.Client) {
	t.Helper()
	cluster, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.Brokers()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return cluster, client
}

// measure measures this binary, against itself as what is told, on a broker of
// the test's own.
func measure(t *testing.T, runs int, against string, args ...string) (Report, *kgo.Client, error) {
	t.Helper()
	return measureAs(t, func(*Options) {}, runs, against, args...)
}

func measureAs(t *testing.T, change func(*Options), runs int, against string, args ...string) (Report, *kgo.Client, error) {
	t.Helper()
	cluster, client := broker(t)
	registry, err := registry.New(registry.Options{URL: cluster.RegistryURL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	if against != "" && against[0] != '/' {
		against = os.Args[0] + " " + against
	}
	o := Options{
		Exe: os.Args[0], Args: args, Against: against, AgainstEnv: []string{"BENCH_BROKERS=b"},
		Client: client, Registry: registry,
		Topic: "bench", Partitions: 2, Profiles: 3, Events: testEvents, Runs: runs,
		Progress: func(string, uint64, uint64) {},
		waits:    waits{still: 4 * time.Second, settle: settle}, // a loaded machine takes a while to start a process
	}
	change(&o)
	r, err := Measure(t.Context(), o)
	return r, client, err
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	r, client, err := measure(t, 2, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Runs) != 2 || r.Against != nil || r.Setting.EventBytes < 250 || r.Setting.SentBytes != len(`{"eventId":"x"}`) {
		t.Errorf("%+v", r)
	}
	for _, run := range append(r.Runs, r.Median) {
		if run.EventsPerSecond <= 0 || run.CPUMicros <= 0 || run.Allocs != testMallocs/testEvents || run.PeakBytes < 1<<20 || run.BatchEvents != 10 {
			t.Errorf("%+v", run)
		}
	}
	if m := r.Median.MemoryBytes; runtime.GOOS == "linux" && (m.First() < 1<<20 || m.Last() < 1<<20) {
		t.Errorf("memory over the run %v", m)
	}
	topics, err := kadm.NewClient(client).ListTopics(t.Context())
	if err != nil || topics.Has("bench") || topics.Has("bench.dlq") || topics.Has("bench.receipts") {
		t.Errorf("%v remain: %v", topics.Names(), err)
	}
}

// TestProfiles: of this program's runs, and of no other's.
func TestProfiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, _, err := measureAs(t, func(o *Options) { o.ProfileDir = dir }, 1, "delivers"); err != nil {
		t.Fatal(err)
	}
	written, err := filepath.Glob(filepath.Join(dir, "cpu-*.pb.gz"))
	if err != nil || len(written) == 0 {
		t.Fatalf("%d profiles, %v", len(written), err)
	}
	for _, name := range written {
		if text, err := os.ReadFile(name); err != nil || string(text) != "profile of bench.0" && string(text) != "profile of bench.2" {
			t.Errorf("%s: %q, %v; want a profile of the first run or the third, which are ours", name, text, err)
		}
	}
	if _, _, err := measureAs(t, func(o *Options) { o.ProfileDir = filepath.Join(dir, "no", "such") }, 1, ""); err == nil || !strings.Contains(err.Error(), "--cpu-profiles: ") {
		t.Errorf("%v, want it said that no profile can be written", err)
	}
}

// TestEventsAreKept: a run may take longer than the brokers keep records for
// whoever does not ask.
func TestEventsAreKept(t *testing.T) {
	t.Parallel()
	_, client := broker(t)
	b := bench{o: Options{Topic: "kept", Partitions: 1}, admin: kadm.NewClient(client)}
	if err := b.create(t.Context()); err != nil {
		t.Fatal(err)
	}
	configs, err := b.admin.DescribeTopicConfigs(t.Context(), "kept")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range configs[0].Configs {
		got[c.Key] = c.MaybeValue()
	}
	for key, want := range map[string]string{"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"} {
		if got[key] != want {
			t.Errorf("%s is %q, want %s", key, got[key], want)
		}
	}
}

// TestWarmUp: until the time is over this program warms up, and no other: nothing
// warms a broker up sooner.
func TestWarmUp(t *testing.T) {
	t.Parallel()
	var steps []string
	_, _, err := measureAs(t, func(o *Options) {
		o.WarmUp = time.Hour
		o.Progress = func(what string, _, _ uint64) { steps = append(steps, what) }
	}, 1, "delivers", "--tired", "bench.3")
	if err == nil || !strings.Contains(err.Error(), "tired in bench.3") || !slices.Contains(steps, "warming up, amazon-capi") {
		t.Errorf("%v, want the fourth run to warm up to fail", err)
	}
	for _, what := range steps {
		if strings.Contains(what, nameOf(os.Args[0])) || strings.HasPrefix(what, "run ") {
			t.Fatalf("%q before the time was over", what)
		}
	}
	r, _, err := measureAs(t, func(o *Options) { o.WarmUp = time.Nanosecond }, 1, "delivers")
	if err != nil || r.Setting.WarmUps != 1 || len(r.Runs) != 1 || len(r.Against.Runs) != 1 {
		t.Errorf("%d runs to warm up, %v; want one", r.Setting.WarmUps, err)
	}
}

// TestMeasureAgainst: what another program delivers is counted, and what it does
// not know about being measured is not a failure.
func TestMeasureAgainst(t *testing.T) {
	t.Parallel()
	for act, want := range map[string]int64{"delivers": testEvents, "leaves": testEvents, "loses": testEvents - 1, "repeats": testEvents + 1, "pauses": testEvents} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			r, _, err := measure(t, 1, act)
			if err != nil {
				t.Fatal(err)
			}
			o := r.Against
			if len(r.Runs) != 1 || len(o.Runs) != 1 || o.Name != nameOf(os.Args[0]) || !strings.HasSuffix(o.Command, " "+act) {
				t.Fatalf("%+v", r)
			}
			for i := range o.Runs {
				if ours, run := r.Runs[i], o.Runs[i]; run.Events != want || ours.Events != testEvents ||
					run.EventsPerSecond <= 0 || run.CPUMicros <= 0 || run.PeakBytes <= 0 || run.Allocs != 0 {
					t.Errorf("%+v, want %d events; ours %+v", run, want, ours)
				}
			}
			if q := o.Ratio; q.EventsPerSecond <= 0 || q.PeakBytes <= 0 || q.CPUMicros <= 0 || q.Allocs != 0 {
				t.Errorf("%+v", q)
			}
		})
	}
}

func TestMeasureFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		against string
		args    []string
		want    []string
	}{
		"ours loses":        {"delivers", []string{"--send", "59"}, []string{"amazon-capi: ", "59 of 60"}},
		"nothing is sent":   {"sleeps", nil, []string{"0 of 60", "waiting for Godot"}},
		"the other fails":   {"fails", nil, []string{"ended by itself (exit status 1)", "no such pipeline"}},
		"there is no other": {"/nonexistent/connect", nil, []string{"connect: ", "/nonexistent/connect"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := measure(t, 1, tc.against, tc.args...)
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestRatio(t *testing.T) {
	got := ratio(&Run{EventsPerSecond: 600, CPUMicros: 3, Allocs: 2, PeakBytes: 100}, &Run{EventsPerSecond: 50, CPUMicros: 48, PeakBytes: 800})
	if want := (Ratio{EventsPerSecond: 12, CPUMicros: 0.0625, PeakBytes: 0.125}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestChildsPeakIsItsOwn: Linux counts the memory of an ended process from the
// fork, when it was ours.
func TestChildsPeakIsItsOwn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere there is nothing better than what the system says of an ended process")
	}
	const ours = 64 << 20
	big := make([]byte, ours)
	for i := range big {
		big[i] = 1
	}
	c, err := startChild("sleep", "sleep", []string{"60"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = c.poll(t.Context(), time.Millisecond, func() (bool, error) { return c.peak.Load() > 0, nil })
	if err != nil {
		t.Fatal(err)
	}
	_ = c.stop(time.Minute) // it knows no better than to be ended by the signal
	if cpu, peak := c.cost(); cpu < 0 || peak <= 0 || peak >= ours {
		t.Errorf("%d bytes, where this process has %d", peak, len(big))
	}
	runtime.KeepAlive(big)
}

func TestChildThatStaysIsKilled(t *testing.T) {
	c, err := startChild("stubborn", "sh", []string{"-c", "trap '' TERM; echo on; while :; do sleep 0.05; done"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.poll(t.Context(), time.Millisecond, func() (bool, error) { return c.tail.String() != "", nil }); err != nil {
		t.Fatal(err)
	}
	if err := c.stop(10 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "stubborn does not end, 10ms after") {
		t.Error(err)
	}
}
