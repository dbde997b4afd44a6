//go:build kafka

package e2e

import (
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// scale is how many events the larger scenarios publish, toolScale that of the
// operators' tools.
const scale, toolScale = 100_000, 50_000

// atOnce is empty for go test's own number.
const atOnce = ""

// sideBySide does nothing: the brokers are one set for all tests, and each fills
// them.
func sideBySide(*testing.T) {}

// servers are those that make test-kafka started or was given.
func servers(t *testing.T) (brokers []string, registry string) {
	t.Helper()
	b, registry := os.Getenv("KAFKA_BROKERS"), os.Getenv("SCHEMA_REGISTRY_URL")
	if b == "" || registry == "" {
		t.Fatal("KAFKA_BROKERS and SCHEMA_REGISTRY_URL must be set; make test-kafka does, and starts the servers")
	}
	return strings.Split(b, ","), registry
}

// process is the program as users run it.
type process struct {
	cmd    *exec.Cmd
	listen string
	end    func() error
	out    testkit.Buffer
}

func (w *world) start(c pipeline.Config) program {
	w.t.Helper()
	path, err := binary()
	if err != nil {
		w.t.Fatal(err)
	}
	p := &process{listen: testkit.FreeAddr(w.t)}
	p.cmd = exec.Command(path, "run",
		"--brokers", strings.Join(c.Kafka.Brokers, ","), "--registry", c.Registry.URL,
		"--topic", strings.Join(c.Topics, ","), "--group", c.Group, "--dead-letter-topic", c.DeadLetterTopic, "--receipts-topic", c.ReceiptsTopic,
		"--erasure-topic", c.ErasureTopic,
		"--amazon-url", c.AmazonURL, "--token-url", c.TokenURL, "--client-id", c.ClientID,
		"--linger", c.Linger.String(), "--auth-hold", c.AuthHold.String(),
		"--commit-interval", c.CommitInterval.String(), "--drain", c.Drain.String(),
		"--group-protocol", c.GroupProtocol.String(), "--listen", p.listen, "--log-level", "debug")
	for flag, n := range map[string]int{
		"--batch-events": c.BatchEvents, "--max-in-flight-events": c.MaxInFlightEvents, "--max-parked-events": c.MaxParkedEvents,
	} {
		if n != 0 { // else it is the default
			p.cmd.Args = append(p.cmd.Args, flag, strconv.Itoa(n))
		}
	}
	if c.InstanceID != "" {
		p.cmd.Args = append(p.cmd.Args, "--instance-id", c.InstanceID)
	}
	if c.CreateTopics {
		p.cmd.Args = append(p.cmd.Args, "--create-topics")
	}
	if c.AccountsFile != "" {
		p.cmd.Args = append(p.cmd.Args, "--accounts", c.AccountsFile)
	}
	w.allSaid(c)
	p.cmd.Env = append(os.Environ(), "AMAZON_CAPI_CLIENT_SECRET="+c.ClientSecret, "AMAZON_CAPI_REFRESH_TOKEN="+c.RefreshToken)
	p.cmd.Stderr = &p.out
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	p.end = sync.OnceValue(func() error {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		return p.cmd.Wait()
	})
	w.t.Cleanup(func() { _ = p.stop() })
	w.eventually(p, "the program serves its pages", func() bool {
		status, _ := w.get(p, "/livez")
		return status != 0
	})
	return p
}

// allSaid fails the test when its configuration has something that start does
// not tell the process: it would then test something else.
func (w *world) allSaid(c pipeline.Config) {
	w.t.Helper()
	c.Kafka.Brokers, c.Registry.URL = nil, ""
	c.GroupProtocol, c.InstanceID = 0, ""
	c.Topics, c.Group, c.DeadLetterTopic, c.ReceiptsTopic, c.ErasureTopic, c.CreateTopics = nil, "", "", "", "", false
	c.AmazonURL, c.TokenURL, c.ClientID, c.ClientSecret, c.RefreshToken = "", "", "", "", ""
	c.BatchEvents, c.MaxInFlightEvents, c.MaxParkedEvents = 0, 0, 0
	c.Linger, c.AuthHold, c.CommitInterval, c.Drain = 0, 0, 0, 0
	c.AccountsFile = ""
	c.Contract, c.Listen = "", ""     // the default, and a port that was found free
	c.BackoffMin, c.BackoffMax = 0, 0 // have no flags: users need not be quick
	if !reflect.ValueOf(c).IsZero() {
		w.t.Fatalf("the process is not told of a setting: %+v", c)
	}
}

func (p *process) addr() string { return p.listen }
func (p *process) stop() error  { return p.end() }
func (p *process) reload()      { _ = p.cmd.Process.Signal(syscall.SIGHUP) }

func (p *process) log() string { return p.out.String() }
