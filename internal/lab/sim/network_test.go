//go:build synctests

package sim

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestWritesDoNotWait: who writes goes on at once, and what is written arrives in order
// and when it is due. Found by a world of seeds 7551 to 7700 in which time stood still.
func TestWritesDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		ln, err := n.Listen("tcp", "localhost:1")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		accepted := make(chan net.Conn, 1)
		go func() {
			c, _ := ln.Accept()
			accepted <- c
		}()
		l := n.link()
		c, err := l.dial(context.Background(), "tcp", "localhost:1")
		if err != nil {
			t.Fatal(err)
		}
		there := <-accepted
		defer there.Close()
		l.set(mood{delay: time.Second})
		start := time.Now()
		for _, text := range []string{"one", "two"} {
			if _, err := c.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("writing took %s", d)
		}
		got := make([]byte, 6)
		if _, err := io.ReadFull(there, got); err != nil || string(got) != "onetwo" {
			t.Errorf("%q arrives, %v", got, err)
		}
		if d := time.Since(start); d != time.Second+latency {
			t.Errorf("it arrives after %s", d)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("three")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("writing to what is closed: %v", err)
		}
	})
}
