package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/transform"
)

// The members' settings: short, so that a world of minutes sees everything end that
// has a bound.
const (
	commitInterval   = 500 * time.Millisecond
	requestTimeout   = 4 * time.Second
	sessionTimeout   = 9 * time.Second
	rebalanceTimeout = 30 * time.Second
	drain            = 8 * time.Second
	maxInFlight      = 60
	// stopsWithin is how long a member may take to end: its drain, what is left for
	// letters and receipts after it, and leaving the group.
	stopsWithin = drain + 30*time.Second
)

// member is a place in the group: one life of the program, and after it the next.
type member struct {
	w    *world
	name string

	mu    sync.Mutex
	lives int
	now   *life // nil while it is down
}

// life is one run of the program.
type life struct {
	link     *link
	pipeline *pipeline.Pipeline
	stop     context.CancelFunc
	ended    chan struct{}
	err      error
	killed   bool
}

// start starts its next life, unless one goes on.
func (m *member) start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now != nil {
		return
	}
	m.lives++
	l := &life{link: m.w.net.link(), ended: make(chan struct{})}
	p, err := pipeline.New(m.w.config(m.name, l.link), m.w.logger(fmt.Sprintf("%s.%d", m.name, m.lives)))
	if err != nil {
		m.w.wrong("%s does not start: %v", m.name, err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	l.pipeline, l.stop = p, stop
	m.now = l
	m.w.lives.Go(func() {
		l.err = p.Run(ctx)
		m.over(l)
		close(l.ended)
	})
}

// config is the configuration of a member.
func (w *world) config(name string, l *link) pipeline.Config {
	account := sandbox.DefaultAccount()
	c := pipeline.Config{
		Kafka:    kafka.Settings{Brokers: w.addresses[:], ClientID: name},
		Registry: registry.Options{URL: "http://" + registryAddress},
		Topics:   w.plan.topics, Group: group, GroupProtocol: w.plan.protocol, DeadLetterTopic: letters, ReceiptsTopic: receipts,
		Contract: "off-amazon-2023-11-13", AmazonURL: "http://" + amazonAddress, TokenURL: "http://" + amazonAddress + sandbox.TokenPath,
		ClientID: account.ClientID, ClientSecret: account.ClientSecret, RefreshToken: account.RefreshToken,
		BatchEvents: 20, Linger: 300 * time.Millisecond, RequestTimeout: requestTimeout, AuthHold: 100 * time.Hour,
		MaxInFlightEvents: maxInFlight, MaxParkedEvents: 100_000, Workers: 2, CommitInterval: commitInterval, Drain: drain,
		SessionTimeout: sessionTimeout, RebalanceTimeout: rebalanceTimeout, ConsentDenied: transform.ConsentFilter,
		Dial: l.dial,
	}
	if w.accounts != "" {
		c.AccountsFile, c.ClientID, c.ClientSecret, c.RefreshToken = w.accounts, "", "", ""
	}
	return c
}

// over notes that a life has ended.
func (m *member) over(l *life) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == l {
		m.now = nil
	}
	switch {
	case l.killed:
	case l.err != nil && !errors.Is(l.err, context.Canceled):
		m.w.wrong("%s ended with an error: %v", m.name, l.err)
	}
}

// take returns its life, and leaves it to the caller to end it.
func (m *member) take(kill bool) *life {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.now
	if l != nil {
		l.killed = l.killed || kill
		m.now = nil
	}
	return l
}

// busy reports whether it has events in flight.
func (m *member) busy() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil {
		return false
	}
	s := m.now.pipeline.Tally().Summary()
	return s.InFlight() > 0
}

func (m *member) link() *link {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil {
		return m.w.net.link() // nobody's
	}
	return m.now.link
}

// stop tells it to end and waits until it has.
func (m *member) stop() {
	l := m.take(false)
	if l == nil {
		return
	}
	l.stop()
	select {
	case <-l.ended:
	case <-time.After(stopsWithin):
		m.w.wrong("%s has not stopped %s after it was told to", m.name, stopsWithin)
		<-l.ended
	}
}

// stopMember stops a member in good order and starts it again.
func (w *world) stopMember(s Step) func() {
	m := w.member(s)
	m.stop()
	return m.start
}

// killMember ends a member at once: nothing that it does reaches anybody any more.
func (w *world) killMember(s Step) func() {
	m := w.member(s)
	if l := m.take(true); l != nil {
		l.link.kill()
		l.stop()
	}
	return m.start
}

// joinMember has one more take part for a while.
func (w *world) joinMember(Step) func() {
	w.mu.Lock()
	m := &member{w: w, name: fmt.Sprintf("j%d", len(w.joined))}
	w.joined = append(w.joined, m)
	w.mu.Unlock()
	m.start()
	return m.stop
}

func (w *world) member(s Step) *member { return w.members[s.Whom%len(w.members)] }
