package harness

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Servers is a Kafka broker and a schema registry of a run's own, by
// testdata/servers/servers.sh.
type Servers struct {
	nodes int
	root  string // of the module
	dir   string
	log   *os.File
	guard *guard // resets them if nobody closes them

	mu sync.Mutex // one command at a time, as the script would have it anyway

	brokers  []string
	registry string
}

// authorizer lets the harness forbid writing to a topic while the broker runs;
// until it does, everybody may do everything. Only a single broker has one:
// several would have to let each other in by names, which needs more than
// plaintext.
const authorizer = `authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true`

// StartServers starts a registry and so many brokers, 1 or 3, with their data and
// logs in dir. What it returns has to be closed, even with an error, if it is not
// nil.
func StartServers(ctx context.Context, dir string, nodes int) (*Servers, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(dir, "servers.log"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	s := &Servers{nodes: nodes, root: root, dir: dir, log: log}
	reset := s.command(ctx, "reset")
	if s.guard, err = newGuard(reset.Env, reset.Args...); err != nil {
		return s, err
	}
	if err := s.do(ctx, "start"); err != nil {
		return s, err
	}
	cmd := s.command(ctx, "env")
	out, err := cmd.Output()
	if err != nil {
		return s, fmt.Errorf("servers.sh env: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), "="); name {
		case "KAFKA_BROKERS":
			s.brokers = strings.Split(value, ",")
		case "SCHEMA_REGISTRY_URL":
			s.registry = value
		}
	}
	if len(s.brokers) == 0 || s.registry == "" {
		return s, fmt.Errorf("servers.sh env: no brokers or no registry in %q", out)
	}
	return s, nil
}

// sessions are those of groups of the consumer protocol, which are the brokers' to decide:
// as long as those of members of the classic one.
func sessions() string {
	ms := sessionTimeout.Milliseconds()
	return fmt.Sprintf(`group.consumer.min.session.timeout.ms=%d
group.consumer.session.timeout.ms=%d
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=1000`, ms, ms)
}

func (s *Servers) properties() string {
	if s.nodes == 1 {
		return authorizer + "\n" + sessions()
	}
	return sessions()
}

// broker names one of the brokers, 1 to nodes, as the script does.
func (s *Servers) broker(n int) string {
	if n == 1 {
		return "broker"
	}
	return "broker" + strconv.Itoa(n)
}

// Brokers returns the brokers' addresses.
func (s *Servers) Brokers() []string { return s.brokers }

// Registry returns the registry's URL.
func (s *Servers) Registry() string { return s.registry }

// Do runs a command of the script, such as kill and the name of a broker.
func (s *Servers) Do(ctx context.Context, args ...string) error { return s.do(ctx, args...) }

// do runs a command of the script.
func (s *Servers) do(ctx context.Context, args ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cmd := s.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("servers.sh %s: %w: %s", strings.Join(args, " "), err, s.tail())
	}
	return nil
}

func (s *Servers) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.root, "testdata", "servers", "servers.sh"), args...)
	// The script holds a lock and starts servers: it is asked to end, and the
	// servers are not killed with it.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	for _, e := range os.Environ() {
		// Servers of somebody else are not for breaking.
		if !strings.HasPrefix(e, "KAFKA_BROKERS=") && !strings.HasPrefix(e, "SCHEMA_REGISTRY_URL=") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	// Ports of its own: those of the environment may be of servers in use.
	cmd.Env = append(cmd.Env, "SERVERS_DIR="+filepath.Join(s.dir, "servers"), "KAFKA_PORT=", "REGISTRY_PORT=",
		"KAFKA_NODES="+strconv.Itoa(s.nodes), "KAFKA_PROPERTIES="+s.properties())
	if _, err := exec.LookPath("java"); err == nil && os.Getenv("SERVERS_MODE") == "" {
		// The containers of a Docker engine are one project for the whole
		// checkout, and may be in use by the integration tests.
		cmd.Env = append(cmd.Env, "SERVERS_MODE=jvm")
	}
	return cmd
}

// tail is the last line that the script said.
func (s *Servers) tail() string {
	f, err := os.Open(s.log.Name())
	if err != nil {
		return "see servers.log"
	}
	defer f.Close()
	last := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		last = lines.Text()
	}
	return last
}

// Close ends the servers and removes their data; their logs stay.
func (s *Servers) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer s.log.Close()
	_ = s.do(ctx, "resume", "brokers")
	_ = s.do(ctx, "resume", "registry")
	if err := s.do(ctx, "reset"); err != nil {
		return err // the guard tries once more when this process ends
	}
	s.guard.over()
	return nil
}
