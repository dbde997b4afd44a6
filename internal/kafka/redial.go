package kafka

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// redial spaces the connections to a broker that cannot be reached. The client backs off
// nearly everywhere by itself, but not in the consumer protocol when the offsets of an
// assignment cannot be fetched: it then begins a session, fails to connect and begins the
// next one, as fast as the system refuses connections, and logs each. The bounds are those
// of the Java client (reconnect.backoff.ms and reconnect.backoff.max.ms).
type redial struct {
	dial web.Dial

	mu     sync.Mutex
	failed map[string]failure // by address
}

// failure is how the last connection to an address ended.
type failure struct {
	times int
	until time.Time // none before
}

var redialBackoff = backoff.New(50*time.Millisecond, time.Second, nil)

// mostFailed bounds the addresses that are remembered: brokers name each other, and a
// cluster may have any names.
const mostFailed = 1000

func newRedial(dial web.Dial) *redial {
	return &redial{dial: dial, failed: make(map[string]failure)}
}

// DialContext is a web.Dial. Its wait ends with ctx.
func (r *redial) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	pause := time.Until(r.failed[address].until)
	r.mu.Unlock()
	if pause > 0 && !wait.For(ctx, pause) {
		return nil, ctx.Err()
	}
	conn, err := r.dial(ctx, network, address)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.failed, address)
		return conn, nil
	}
	if ctx.Err() != nil {
		return nil, err // the caller's end says nothing about the broker
	}
	f, known := r.failed[address]
	if !known && len(r.failed) >= mostFailed {
		clear(r.failed)
	}
	r.failed[address] = failure{f.times + 1, time.Now().Add(redialBackoff.Spaced(f.times))}
	return nil, err
}
