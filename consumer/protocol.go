package consumer

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Protocol is how the members of a group agree on who has which partition.
type Protocol int

const (
	// ProtocolClassic lets one of the members assign the partitions. The default: all
	// brokers support it.
	ProtocolClassic Protocol = iota
	// ProtocolConsumer lets the brokers assign them (KIP-848, since Kafka 4.0). Members
	// that keep their partitions do not notice a rebalance, and the brokers decide how
	// long a member may be silent.
	ProtocolConsumer
)

// ParseProtocol parses a flag.
func ParseProtocol(s string) (Protocol, error) {
	for p := ProtocolClassic; p <= ProtocolConsumer; p++ {
		if s == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("group protocol %s is unknown: want classic or consumer", redact.Quote(s))
}

// String returns the name of Java's group.protocol.
func (p Protocol) String() string {
	if p == ProtocolConsumer {
		return "consumer"
	}
	return "classic"
}

// defaultSession is Kafka's default of group.consumer.session.timeout.ms.
const defaultSession = 45 * time.Second

// membership is the protocol that the client actually uses, and how long the group waits
// for a silent member in it.
//
// It is a hook of the client: if brokers do not support the consumer protocol, or have it
// turned off, the client falls back to the classic one silently.
type membership struct {
	wanted  Protocol
	classic atomic.Bool  // the client has joined in the classic protocol
	session atomic.Int64 // of the consumer protocol, as the brokers say; 0 before they have
	log     zerolog.Logger
}

var _ kgo.HookBrokerWrite = (*membership)(nil)

// OnBrokerWrite implements kgo.HookBrokerWrite.
func (m *membership) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if err == nil && kmsg.Key(key) == kmsg.JoinGroup && m.wanted == ProtocolConsumer && !m.classic.Swap(true) {
		m.log.Warn().Msg("the brokers do not offer the consumer group protocol (Kafka 4.0 and later, and group.coordinator.rebalance.protocols); this member joins in the classic one")
	}
}

// protocol returns the protocol in use.
func (m *membership) protocol() Protocol {
	if m.classic.Load() {
		return ProtocolClassic
	}
	return m.wanted
}

// session returns how long the group waits for a silent member.
func (c *Consumer) session() time.Duration {
	if !c.byEpoch() {
		return c.opts.SessionTimeout
	}
	if d := c.membership.session.Load(); d > 0 {
		return time.Duration(d)
	}
	return defaultSession
}

// askSession asks the brokers how long they wait for a silent member of the group, until
// they have answered. If the setting may not be read, the default stays.
func (c *Consumer) askSession(ctx context.Context) {
	m := &c.membership
	if c.opts.BrokerSession == nil || !c.byEpoch() || m.session.Load() > 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lagEvery)
	defer cancel()
	d, err := c.opts.BrokerSession(ctx, c.client, c.opts.Group)
	var refused *kerr.Error
	switch {
	case err == nil && d > 0:
		m.session.Store(int64(d))
	case errors.As(err, &refused) && !refused.Retriable:
		m.session.Store(int64(defaultSession))
	}
}

// byEpoch reports whether the group knows its members by epochs.
func (c *Consumer) byEpoch() bool { return c.membership.protocol() == ProtocolConsumer }

// learnEpoch makes the client ask now what has happened to its membership, because a
// commit was refused for it. By itself it asks every few seconds.
func (c *Consumer) learnEpoch() {
	if c.byEpoch() {
		c.client.ForceRebalance() // in the consumer protocol it is a heartbeat
	}
}
