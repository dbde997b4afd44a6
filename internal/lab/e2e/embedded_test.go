//go:build !kafka

package e2e

import (
	"context"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// scale is how many events the larger scenarios publish, toolScale that of the
// operators' tools.
const scale, toolScale = 3000, 3000

// atOnce is how many worlds there are at once, however few cores: each has servers
// of its own and waits for most of its time.
const atOnce = "8"

// sideBySide lets other tests run while this one waits.
func sideBySide(t *testing.T) { t.Parallel() }

// servers starts a broker and a registry in this process. By Kafka's default a member
// of a group in the new protocol learns of its partitions once in 5 s, several times for
// each restart.
func servers(t *testing.T) (brokers []string, registry string) {
	t.Helper()
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{
		BrokerConfigs: map[string]string{"group.consumer.heartbeat.interval.ms": "200"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.Brokers(), c.RegistryURL()
}

// embedded is the program in this process.
type embedded struct {
	pipeline *pipeline.Pipeline
	buf      *testkit.Buffer
	end      func() error
	hangup   chan os.Signal
}

func (w *world) start(c pipeline.Config) program {
	w.t.Helper()
	e := &embedded{buf: new(testkit.Buffer), hangup: make(chan os.Signal, 1)}
	c.Reload = e.hangup
	log, err := health.NewLogger(e.buf, "json", "debug")
	if err != nil {
		w.t.Fatal(err)
	}
	if e.pipeline, err = pipeline.New(c, log); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.pipeline.Run(ctx) }()
	e.end = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	w.t.Cleanup(func() {
		_ = e.stop()
		var said strings.Builder // without what the Kafka client says for its developers, which is megabytes
		for line := range strings.Lines(e.log()) {
			if !strings.Contains(line, `"level":"debug"`) {
				said.WriteString(line)
			}
		}
		for _, fault := range testkit.Wording(said.String()) {
			w.t.Errorf("the log says %s", fault)
		}
	})
	w.eventually(e, "the program serves its pages", func() bool { return e.addr() != "" })
	return e
}

func (e *embedded) addr() string { return e.pipeline.Addr() }
func (e *embedded) log() string  { return e.buf.String() }
func (e *embedded) reload()      { e.hangup <- syscall.SIGHUP }
func (e *embedded) stop() error  { return e.end() }
