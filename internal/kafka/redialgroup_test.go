//go:build synctests

package kafka

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestNoStormOfSessions: a member of the consumer protocol whose broker goes away before it
// has read the offsets of its partitions begins sessions without a pause. Time stands still
// for that, so that a minute of it never ends unless something waits.
func TestNoStormOfSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := new(kfake.VirtualNetwork)
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.SeedTopics(1, "events"), kfake.ListenFn(network.Listen))
		if err != nil {
			t.Fatal(err)
		}
		defer cluster.Close()
		var away atomic.Bool
		var dials atomic.Int64
		s := Settings{Brokers: cluster.ListenAddrs(), Dial: func(ctx context.Context, proto, address string) (net.Conn, error) {
			if !away.Load() {
				return network.DialContext(ctx, proto, address)
			}
			if dials.Add(1) > 10_000 {
				panic("10,000 connections, and the minute is not over")
			}
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}}
		opts, err := s.Options(zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		cluster.ControlKey(int16(kmsg.OffsetFetch), func(kmsg.Request) (kmsg.Response, error, bool) {
			away.Store(true)
			return nil, errors.New("the connection is lost"), true
		})
		client, err := kgo.NewClient(append(opts, kgo.ConsumerGroup("g"), kgo.ServerSideBalancer(), kgo.ConsumeTopics("events"))...)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		time.Sleep(time.Minute)
		if !away.Load() {
			t.Fatal("the member has not asked for its offsets")
		}
		// Requests of several kinds, each at most once a second or a little more often.
		if n := dials.Load(); n < 10 || n > 600 {
			t.Errorf("%d connections were tried in a minute, want it to go on, with a few a second at most", n)
		}
	})
}
