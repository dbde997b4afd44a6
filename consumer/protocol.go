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
	// ProtocolClassic has one of the members assign the partitions. The default: all
	// brokers know it.
	ProtocolClassic Protocol = iota
	// ProtocolConsumer has the brokers assign them (KIP-848, since Kafka 4.0). Members
	// that keep their partitions do not notice a rebalance, and the brokers decide for
	// how long a member may be silent.
	ProtocolConsumer
)

// ParseProtocol reads a Protocol from a flag.
func ParseProtocol(s string) (Protocol, error) {
	for p := ProtocolClassic; p <= ProtocolConsumer; p++ {
		if s == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("group protocol %s is unknown: want classic or consumer", redact.Quote(s))
}

// String returns the name that Java's group.protocol has for it.
func (p Protocol) String() string {
	if p == ProtocolConsumer {
		return "consumer"
	}
	return "classic"
}

// defaultSession is Kafka's default of group.consumer.session.timeout.ms.
const defaultSession = 45 * time.Second

// membership is the protocol that the client really uses, and for how long the group
// waits for a silent member by it.
//
// It is a hook of the client: brokers that do not know the consumer protocol, or have it
// turned off, make the client fall back to the classic one without a word.
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

// session returns for how long the group waits for a member that is silent.
func (c *Consumer) session() time.Duration {
	if !c.byEpoch() {
		return c.opts.SessionTimeout
	}
	if d := c.membership.session.Load(); d > 0 {
		return time.Duration(d)
	}
	return defaultSession
}

// askSession asks the brokers for how long they wait for a silent member of the group,
// until they have said so. Brokers that do not let it be read leave the default.
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

// learnEpoch has the client ask now what has become of its membership, which a commit
// was refused for. By itself it does so every few seconds.
func (c *Consumer) learnEpoch() {
	if c.byEpoch() {
		c.client.ForceRebalance() // of the consumer protocol it is a heartbeat
	}
}
