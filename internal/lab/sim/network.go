package sim

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// network is the world's: connections are pipes, and each member's go through its
// link, where they can be made to fail.
type network struct {
	kfake.VirtualNetwork
	mu   sync.Mutex
	away map[string]bool // addresses that refuse everybody
	slow map[string]time.Duration
	open map[*conn]bool
}

func newNetwork() *network {
	return &network{away: make(map[string]bool), slow: make(map[string]time.Duration), open: make(map[*conn]bool)}
}

var (
	errRefused = errors.New("connection refused")
	errReset   = errors.New("connection reset by peer")
)

// setAway has an address refuse connections and close those that it has, or takes
// that back.
func (n *network) setAway(address string, away bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away[address] = away
	if away {
		n.cut(func(c *conn) bool { return c.address == address })
	}
}

// setSlow has what is sent to an address take longer.
func (n *network) setSlow(address string, delay time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.slow[address] = delay
}

func (n *network) slowness(address string) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.slow[address]
}

// cut closes the connections that match, with n.mu held.
func (n *network) cut(match func(*conn) bool) {
	for c := range n.open {
		if match(c) {
			c.reset()
		}
	}
}

// mood is what a link does to the bytes on it.
type mood struct {
	delay  time.Duration // of each write
	deaf   bool          // what the others say does not arrive
	silent bool          // what this side says does not arrive
	dead   bool          // nothing connects any more, forever
}

// link is one member's way to everybody else.
type link struct {
	n *network

	mu   sync.Mutex
	mood mood
}

func (n *network) link() *link { return &link{n: n} }

func (l *link) set(m mood) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.mood.dead {
		l.mood = m
	}
}

func (l *link) now() mood {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mood
}

// kill is the end of whoever is behind the link, as the others see it: what it does
// from now on reaches nobody.
func (l *link) kill() {
	l.set(mood{dead: true})
	l.cut()
}

// cut closes all its connections.
func (l *link) cut() {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	l.n.cut(func(c *conn) bool { return c.link == l })
}

// latency is what a message takes when all is well. Without any, whoever asks again at
// once is answered at once forever, and time stands still.
const latency = 500 * time.Microsecond

// dialTimeout is that of the program's own dialers.
const dialTimeout = 10 * time.Second

// dial is a web.Dial.
func (l *link) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	// While one direction is lost no answer comes to what opens a connection, which
	// is repeated until one does.
	for m := l.now(); m.silent || m.deaf; m = l.now() {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
		}
	}
	l.n.mu.Lock()
	away := l.n.away[address]
	l.n.mu.Unlock()
	if l.now().dead || away {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errRefused}
	}
	inner, err := l.n.DialContext(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	c := newConn(inner, l, address)
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	if l.now().dead || l.n.away[address] {
		c.shut()
		return nil, &net.OpError{Op: "dial", Net: network, Err: errRefused}
	}
	l.n.open[c] = true
	return c, nil
}

// conn is a connection of a link. What is written to it is on its way for a while, and
// the writer goes on at once, as if the kernel had taken it: the client holds locks
// while it waits for its writers to end, and whoever waits for a lock keeps virtual time
// from passing.
type conn struct {
	net.Conn
	link    *link
	address string
	more    chan struct{} // capacity 1: sending has something
	closed  chan struct{}
	close   sync.Once

	mu      sync.Mutex
	sending []packet
	failed  error // of the last write
	lost    bool  // bytes of it have been lost, and nothing arrives after them
	resets  bool
}

// packet is what one write has written.
type packet struct {
	bytes []byte
	due   time.Time
}

func newConn(inner net.Conn, l *link, address string) *conn {
	c := &conn{Conn: inner, link: l, address: address, more: make(chan struct{}, 1), closed: make(chan struct{})}
	go c.send()
	return c
}

// send has the packets arrive, each when it is due.
func (c *conn) send() {
	for {
		c.mu.Lock()
		var next packet
		if len(c.sending) > 0 {
			next, c.sending = c.sending[0], c.sending[1:]
		}
		c.mu.Unlock()
		if next.bytes == nil {
			select {
			case <-c.more:
				continue
			case <-c.closed:
				return
			}
		}
		select {
		case <-time.After(time.Until(next.due)):
		case <-c.closed:
			return
		}
		if _, err := c.Conn.Write(next.bytes); err != nil {
			c.mu.Lock()
			c.failed = err
			c.mu.Unlock()
			return
		}
	}
}

// shut closes it without a word to the link.
func (c *conn) shut() {
	c.close.Do(func() { close(c.closed) })
	_ = c.Conn.Close()
}

func (c *conn) reset() {
	c.mu.Lock()
	c.resets = true
	c.mu.Unlock()
	c.shut()
}

// loses reports whether a direction's bytes get lost, from now on forever: nobody
// repeats them when the link is well again.
func (c *conn) loses(now bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost = c.lost || now
	return c.lost
}

func (c *conn) err(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.resets && !errors.Is(err, io.EOF) {
		return &net.OpError{Op: "read", Net: "tcp", Err: errReset}
	}
	return err
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	m := c.link.now()
	delay := latency + m.delay + c.link.n.slowness(c.address)
	if c.loses(m.silent) {
		return len(p), nil // it is in the kernel's hands
	}
	select {
	case <-c.closed:
		return 0, c.err(net.ErrClosed)
	default:
	}
	c.mu.Lock()
	err := c.failed
	if err == nil {
		c.sending = append(c.sending, packet{slices.Clone(p), time.Now().Add(delay)})
	}
	c.mu.Unlock()
	if err != nil {
		return 0, c.err(err)
	}
	select {
	case c.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.loses(c.link.now().deaf) {
			return n, c.err(err)
		}
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.link.n.mu.Lock()
	delete(c.link.n.open, c)
	c.link.n.mu.Unlock()
	c.shut()
	return nil
}
