package harness

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// The members' settings: short, so that a fault is over and another can come
// within a run of a minute or two, but none so short that a busy machine is taken
// for a member that has died.
const (
	commitInterval   = 500 * time.Millisecond
	linger           = 300 * time.Millisecond
	requestTimeout   = 4 * time.Second
	sessionTimeout   = 9 * time.Second
	rebalanceTimeout = 30 * time.Second
	drain            = 8 * time.Second
	// maxInFlight is little, so that lanes which stand still fill it: taking
	// pauses then, or what they have too much of is parked.
	maxInFlight = 1500
	// authHold outlasts a run: no profile of the samples is refused for good,
	// so none may be given up.
	authHold = time.Hour
)

// member is a place in the group: a process of the program, and after it has
// ended the next. Its name is its client id at the brokers.
type member struct {
	w      *world
	name   string
	static bool // by --instance-id

	mu     sync.Mutex
	lives  int
	now    *process // nil while it is down
	listen string
}

// start starts its next life.
func (m *member) start() error {
	listen, err := freeAddr()
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now != nil && !m.now.hasEnded() {
		return fmt.Errorf("%s is running already", m.name)
	}
	w := m.w
	args := w.memberArgs(w.topics, w.amazon.url, listen, m.name)
	if m.static {
		args = append(args, "--instance-id", m.name)
	}
	args = append(args, w.o.MemberFlags...)
	m.lives++
	log := fmt.Sprintf("%s.%d.log", m.name, m.lives)
	p, err := start(w.guard, w.dir, log, m.name, credentials(), m.ended, w.binary, args...)
	if err != nil {
		return err
	}
	m.now, m.listen = p, listen
	return nil
}

// memberArgs are the flags of a member of a group on these topics.
func (w *world) memberArgs(t topics, amazon, listen, name string) []string {
	return []string{"run",
		"--brokers", strings.Join(w.servers.brokers, ","), "--registry", w.servers.registry,
		"--topic", t.source, "--group", t.group, "--dead-letter-topic", t.letters, "--receipts-topic", t.receipts, "--kafka-client-id", name,
		"--amazon-url", amazon, "--token-url", amazon + sandbox.TokenPath, "--client-id", sandbox.DefaultAccount().ClientID,
		"--consent-denied", "filter", "--auth-hold", authHold.String(), "--linger", linger.String(),
		"--request-timeout", requestTimeout.String(), "--commit-interval", commitInterval.String(),
		"--max-in-flight-events", strconv.Itoa(maxInFlight), "--drain", drain.String(),
		"--group-protocol", w.o.Protocol.String(),
		"--session-timeout", sessionTimeout.String(), "--rebalance-timeout", rebalanceTimeout.String(),
		"--listen", listen,
		"--dead-letter-guard", "off", // the worlds are full of events that nobody takes
	}
}

// credentials are the environment of a member.
func credentials() []string {
	account := sandbox.DefaultAccount()
	return []string{"AMAZON_CAPI_CLIENT_SECRET=" + account.ClientSecret, "AMAZON_CAPI_REFRESH_TOKEN=" + account.RefreshToken}
}

func (m *member) ended(p *process, code int) {
	m.w.story.exit(journal.Exit{At: time.Now(), Member: m.name, Told: p.wasTold(), Code: code, Log: p.log})
}

// process returns its running process; nil if it is down.
func (m *member) process() *process {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil || m.now.hasEnded() {
		return nil
	}
	return m.now
}

func (m *member) addr() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.listen
}

// freeAddr finds an address that nobody listens on, below those that are given to
// outgoing connections: one of them could take it before the member does.
func freeAddr() (addr string, err error) {
	for range 100 {
		var l net.Listener
		addr = fmt.Sprintf("127.0.0.1:%d", 12_000+rand.IntN(8000))
		if l, err = net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", err
}

// inFlight asks all running members at once what they have in flight. Who does
// not answer soon is left out.
func (w *world) inFlight() map[string]int {
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	found := make(map[string]int)
	for _, m := range w.members {
		if m.process() == nil {
			continue
		}
		wg.Go(func() {
			n, err := scrape(ctx, w.http, m.addr(), "amazon_capi_in_flight_events")
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			found[m.name] = n
		})
	}
	wg.Wait()
	return found
}

// scrape reads one metric without labels.
func scrape(ctx context.Context, client *http.Client, addr, metric string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body := io.LimitReader(resp.Body, 16<<20)
	for lines := bufio.NewScanner(body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), metric+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			return int(n), err
		}
	}
	return 0, fmt.Errorf("%s has no metric %s", addr, metric)
}
