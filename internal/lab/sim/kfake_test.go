//go:build synctests

package sim

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// peer speaks the group's protocol by hand.
type peer struct {
	t      *testing.T
	link   *link
	client *kgo.Client
	id     string
	gen    int32
}

// inGroup runs a test with a cluster of one broker, and with what ends things for it.
func inGroup(t *testing.T, f func(t *testing.T, cluster *kfake.Cluster, join func() *peer)) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(firstPort), kfake.ListenFn(n.Listen), kfake.SeedTopics(1, source))
		if err != nil {
			t.Fatal(err)
		}
		defer cluster.Close()
		client := func(l *link) *kgo.Client {
			c, err := kgo.NewClient(kgo.SeedBrokers("localhost:9092"), kgo.Dialer(l.dial))
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		watcher := client(n.link())
		defer watcher.Close()
		defer watchGroup(cluster, watcher, io.Discard).close()
		var peers []*peer
		defer func() {
			for _, p := range peers {
				p.client.Close()
			}
		}()
		f(t, cluster, func() *peer {
			p := &peer{t: t, link: n.link()}
			p.client = client(p.link)
			peers = append(peers, p)
			return p
		})
	})
}

// join joins the group and reports whether it was answered in time.
func (p *peer) join() error {
	ctx, cancel := context.WithTimeout(context.Background(), joinTimeout)
	defer cancel()
	for {
		req := kmsg.NewPtrJoinGroupRequest()
		req.Group, req.MemberID, req.ProtocolType = group, p.id, "consumer"
		req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = int32(sessionTimeout.Milliseconds()), int32(rebalanceTimeout.Milliseconds())
		req.Protocols = append(req.Protocols, kmsg.JoinGroupRequestProtocol{Name: "sticky", Metadata: []byte(p.id)})
		resp, err := req.RequestWith(ctx, p.client)
		if err != nil {
			return err
		}
		p.id, p.gen = resp.MemberID, resp.Generation
		switch err := kerr.ErrorForCode(resp.ErrorCode); err {
		case kerr.MemberIDRequired, kerr.UnknownMemberID:
		default:
			return err
		}
	}
}

func (p *peer) sync() error {
	ctx, cancel := context.WithTimeout(context.Background(), joinTimeout)
	defer cancel()
	req := kmsg.NewPtrSyncGroupRequest()
	req.Group, req.MemberID, req.Generation = group, p.id, p.gen
	resp, err := req.RequestWith(ctx, p.client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}

func (p *peer) heartbeat() error {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group, req.MemberID, req.Generation = group, p.id, p.gen
	resp, err := req.RequestWith(context.Background(), p.client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}

func (p *peer) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestDiedWhileJoining: whoever died before its join was answered is put out.
func TestDiedWhileJoining(t *testing.T) {
	inGroup(t, func(t *testing.T, cluster *kfake.Cluster, newPeer func() *peer) {
		a, b := newPeer(), newPeer()
		a.must(a.join())
		a.must(a.sync())
		go func() { _ = b.join() }()
		time.Sleep(time.Second) // it waits for a
		b.link.kill()
		a.must(a.join())
		a.must(a.sync())
		if n := len(cluster.GroupInfo(group).Members); n != 2 {
			t.Fatalf("%d members, want both before anything ends", n)
		}
		for end := time.Now().Add(unheardFor + 2*time.Second); time.Now().Before(end); time.Sleep(time.Second) {
			if a.heartbeat() != nil { // kfake did it itself, as it sometimes does
				a.must(a.join())
				a.must(a.sync())
			}
		}
		if members := cluster.GroupInfo(group).Members; len(members) != 1 || members[0].MemberID != a.id {
			t.Errorf("%v are members, want only %s", members, a.id)
		}
	})
}

// TestLeftWhileSyncing: a rebalance ends after a member has left that waited for its
// assignment.
func TestLeftWhileSyncing(t *testing.T) {
	inGroup(t, func(t *testing.T, cluster *kfake.Cluster, newPeer func() *peer) {
		a, b, c := newPeer(), newPeer(), newPeer()
		a.must(a.join())
		a.must(a.sync())
		joined := make(chan error, 1)
		go func() { joined <- b.join() }()
		time.Sleep(time.Second)
		a.must(a.join())
		b.must(<-joined)
		go func() { _ = b.sync() }()
		time.Sleep(time.Second) // it waits for the leader, a
		leave := kmsg.NewPtrLeaveGroupRequest()
		leave.Group = group
		m := kmsg.NewLeaveGroupRequestMember()
		m.MemberID = b.id
		leave.Members = append(leave.Members, m)
		_, err := leave.RequestWith(t.Context(), a.client)
		a.must(err)

		// Two that ask again before the other's wait is over.
		answered, over := make(chan struct{}, 2), make(chan struct{})
		defer close(over)
		for i, p := range []*peer{a, c} {
			go func() {
				time.Sleep(time.Duration(i) * 20 * time.Second)
				for p.join() != nil || p.sync() != nil {
					select {
					case <-over:
						return
					case <-time.After(time.Second):
					}
				}
				answered <- struct{}{}
			}()
		}
		select {
		case <-answered:
		case <-time.After(10 * time.Minute):
			t.Errorf("no join was answered: the group is %+v", cluster.GroupInfo(group))
		}
	})
}
