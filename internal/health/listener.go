package health

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxConnections bounds the connections to the pages: a scraper, probes and a few
	// people need a handful, and there is room for somebody who opens thousands.
	maxConnections = 256
	// grace is how long a connection may take for its request before it may be closed in
	// favour of another.
	grace = 25 * time.Millisecond
	// answerTime is how long a connection with an answer in progress is kept before all
	// idle ones; an answer that takes longer is one that its client does not read.
	answerTime = 250 * time.Millisecond
)

// boundedListener bounds the connections. Beyond the bound, it closes one of the host
// with the most: the oldest one without a request in progress. If new connections had to
// wait instead, a client that holds all of them open would keep the probes out, and the
// orchestrator would restart a healthy process. A probe from the same host as such a
// client is still answered, because it sends its request immediately.
type boundedListener struct {
	net.Listener
	most int

	mu    sync.Mutex
	conns []*boundedConn // oldest first
}

type boundedConn struct {
	net.Conn
	host   netip.Prefix
	listen *boundedListener
	once   sync.Once

	reading sync.Once
	// writing is since when a part of an answer waits for its client to read, in Unix
	// nanoseconds; 0 if none does.
	writing atomic.Int64
	// Guarded by listen.mu.
	since time.Time // when it was first read from, or its request was complete; zero before
	// answering is set from the end of a request to the end of its answer. Half a request
	// does not count: it costs nothing to send one and wait.
	answering bool
}

func (l *boundedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	bc := &boundedConn{Conn: c, host: hostOf(c.RemoteAddr()), listen: l}
	for {
		victim, young := l.enter(bc)
		switch {
		case victim == nil:
			return bc, nil
		case young > 0:
			time.Sleep(young)
		default:
			_ = victim.Close()
		}
	}
}

// hostOf returns what connections are counted by: an IPv4 address, or the first 64 bits
// of an IPv6 address, all of whose others a host may use.
func hostOf(addr net.Addr) netip.Prefix {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	host, _ := ip.Prefix(min(ip.BitLen(), 64))
	return host
}

// enter adds a connection, if there is room. Otherwise it returns the one to close, and
// the rest of its grace.
func (l *boundedListener) enter(bc *boundedConn) (victim *boundedConn, young time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.conns) < l.most {
		l.conns = append(l.conns, bc)
		return nil, 0
	}
	count, greedy := make(map[netip.Prefix]int), l.conns[0].host
	for _, c := range l.conns {
		count[c.host]++
	}
	for host, n := range count {
		if n > count[greedy] {
			greedy = host
		}
	}
	for _, c := range l.conns {
		if c.host == greedy && (victim == nil || c.before(victim)) {
			victim = c
		}
	}
	if victim.since.IsZero() {
		return victim, time.Millisecond // on a busy machine nothing has processed it yet
	}
	return victim, grace - time.Since(victim.since)
}

// before reports whether a connection is closed before another.
func (c *boundedConn) before(o *boundedConn) bool {
	if cs, os := c.served(), o.served(); cs != os {
		return os
	}
	if c.since.IsZero() || o.since.IsZero() {
		return !c.since.IsZero()
	}
	return c.since.Before(o.since)
}

// served reports whether a request is being answered that may end soon.
func (c *boundedConn) served() bool { return c.answering && time.Since(c.since) < answerTime }

func (c *boundedConn) Read(p []byte) (int, error) {
	c.reading.Do(func() {
		c.listen.mu.Lock()
		defer c.listen.mu.Unlock()
		c.since = time.Now()
	})
	return c.Conn.Read(p)
}

func (c *boundedConn) Write(p []byte) (int, error) {
	c.writing.Store(time.Now().UnixNano())
	defer c.writing.Store(0)
	return c.Conn.Write(p)
}

// unread returns how long a part of an answer has waited for its client to read.
func (c *boundedConn) unread() time.Duration {
	if since := c.writing.Load(); since != 0 {
		return time.Since(time.Unix(0, since))
	}
	return 0
}

// is says whether a request is being answered.
func (c *boundedConn) is(answering bool) {
	c.listen.mu.Lock()
	defer c.listen.mu.Unlock()
	if c.answering = answering; answering {
		c.since = time.Now()
	}
}

// answering marks the connection of a request while it is answered. A request with a
// body, which no page needs, is answered and then closed.
func answering(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(*boundedConn); ok && r.ContentLength == 0 {
			c.is(true)
		}
		h.ServeHTTP(w, r)
	})
}

// answered is called with connections' states. The handler's return is not the end of its
// answer, most of which is written afterwards.
func answered(c net.Conn, s http.ConnState) {
	if c, ok := c.(*boundedConn); ok && s == http.StateIdle {
		c.is(false)
	}
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
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

// open returns the number of connections.
func (l *boundedListener) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}
