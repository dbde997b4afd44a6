package health

import (
	"net"
	"sync"
)

// maxConnections bounds the connections to the pages: a scraper, probes and a few
// people need a handful.
const maxConnections = 64

// boundedListener keeps the connections to a bound. Beyond it the oldest connection
// of the host that has most of them is closed. To let new ones wait instead would
// have whoever holds all of them open keep the probes out, and the orchestrator
// then restarts a process that is well.
type boundedListener struct {
	net.Listener
	most int

	mu    sync.Mutex
	conns []*boundedConn // from the oldest on
}

type boundedConn struct {
	net.Conn
	host   string
	listen *boundedListener
	once   sync.Once
}

func (l *boundedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
	bc := &boundedConn{Conn: c, host: host, listen: l}
	l.mu.Lock()
	l.conns = append(l.conns, bc)
	var evicted *boundedConn
	if len(l.conns) > l.most {
		evicted = l.greediest()
	}
	l.mu.Unlock()
	if evicted != nil {
		_ = evicted.Close()
	}
	return bc, nil
}

// greediest is the oldest connection of the host that has most. mu is held.
func (l *boundedListener) greediest() (oldest *boundedConn) {
	count := make(map[string]int)
	for _, c := range l.conns {
		count[c.host]++
	}
	for _, c := range l.conns {
		if oldest == nil || count[c.host] > count[oldest.host] {
			oldest = c
		}
	}
	return oldest
}

func (c *boundedConn) Close() error {
	c.once.Do(func() {
		l := c.listen
		l.mu.Lock()
		defer l.mu.Unlock()
		for i, other := range l.conns {
			if other == c {
				l.conns = append(l.conns[:i], l.conns[i+1:]...)
				break
			}
		}
	})
	return c.Conn.Close()
}

// open is how many connections there are.
func (l *boundedListener) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}
