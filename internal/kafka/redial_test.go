package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// dials counts the connections that are tried.
type dials struct {
	n      int
	refuse bool
}

func (d *dials) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	d.n++
	if d.refuse {
		return nil, errors.New("connection refused")
	}
	conn, _ := net.Pipe()
	return conn, ctx.Err()
}

// TestRedial: whoever asks without a pause gets a connection a second to a broker that
// refuses them, and is not made to wait for another broker, or for this one once it is back.
func TestRedial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dials{refuse: true}
		r := newRedial(d.DialContext)
		began := time.Now()
		if _, err := r.DialContext(t.Context(), "tcp", "a:9092"); err == nil || time.Since(began) != 0 {
			t.Fatalf("the first connection: %v after %s, want the dialer's error at once", err, time.Since(began))
		}
		for time.Since(began) < time.Minute {
			if _, err := r.DialContext(t.Context(), "tcp", "a:9092"); err == nil {
				t.Fatal("connected")
			}
			if d.n > 200 {
				t.Fatalf("%d connections within %s", d.n, time.Since(began))
			}
		}
		if d.n < 60 {
			t.Errorf("%d connections in a minute, want one a second or more", d.n)
		}

		at := time.Now()
		if _, err := r.DialContext(t.Context(), "tcp", "b:9092"); err == nil || time.Since(at) != 0 {
			t.Errorf("another broker: %v after %s, want the dialer's error at once", err, time.Since(at))
		}
		d.refuse = false
		for i := range 3 {
			at = time.Now()
			if _, err := r.DialContext(t.Context(), "tcp", "a:9092"); err != nil || time.Since(at) > time.Second || i > 0 && time.Since(at) != 0 {
				t.Errorf("connection %d to the broker that is back: %v after %s", i, err, time.Since(at))
			}
		}
		if len(r.failed) != 1 {
			t.Errorf("%d addresses are remembered, want b alone", len(r.failed))
		}
	})
}

// TestRedialEnds: the wait ends with its caller, and what that one's end makes of the
// connection is no failure of the broker.
func TestRedialEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dials{refuse: true}
		r := newRedial(d.DialContext)
		for range 8 {
			_, _ = r.DialContext(t.Context(), "tcp", "a:9092")
		}
		n, began := d.n, time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := r.DialContext(ctx, "tcp", "a:9092"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond || d.n != n {
			t.Errorf("%v after %s with %d connections, want the context's end after 100ms and none", err, time.Since(began), d.n-n)
		}
		d.refuse = false
		if _, err := r.DialContext(ctx, "tcp", "b:9092"); err == nil || len(r.failed) != 1 {
			t.Errorf("%v with %d addresses remembered, want the context's error and a alone", err, len(r.failed))
		}
	})
}

// TestRedialForgets: any number of names takes bounded memory.
func TestRedialForgets(t *testing.T) {
	r := newRedial((&dials{refuse: true}).DialContext)
	for i := range 3 * mostFailed {
		_, _ = r.DialContext(t.Context(), "tcp", fmt.Sprintf("b%d:9092", i))
		if len(r.failed) > mostFailed {
			t.Fatalf("%d addresses are remembered", len(r.failed))
		}
	}
}
