package assignment

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Links counts the connections to brokers.
type Links struct {
	total atomic.Uint64
	mu    sync.Mutex
	to    map[int32]uint64
}

var _ kgo.HookBrokerConnect = (*Links)(nil)

// OnBrokerConnect implements kgo.HookBrokerConnect. It is called before any request on
// the connection.
func (l *Links) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil || meta.NodeID < 0 {
		return // nothing is fetched from a seed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.to == nil {
		l.to = make(map[int32]uint64)
	}
	l.to[meta.NodeID]++
	l.total.Add(1)
}

// Connections returns how many there have been.
func (l *Links) Connections() uint64 { return l.total.Load() }

// Link is what an assignment has seen of the connections.
type Link struct {
	total, n uint64
	leader   int32 // 0 while seen is false
	seen     bool
}

// Changed reports whether there has been another connection to the leader since the last
// call. A leader that has moved has another epoch, which the client examines.
func (l *Links) Changed(was *Link, leader func() int32) bool {
	total := l.Connections()
	if was.seen && was.total == total {
		return false
	}
	now := Link{total: total, leader: leader(), seen: true}
	l.mu.Lock()
	now.n = l.to[now.leader]
	l.mu.Unlock()
	changed := was.seen && was.leader == now.leader && was.n != now.n
	*was = now
	return changed
}
