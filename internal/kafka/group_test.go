package kafka

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// asked returns a client of a cluster of its own.
func asked(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, *kgo.Client) {
	t.Helper()
	cluster, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1), kfake.SeedTopics(2, "events"))...)
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cl.Close()
		cluster.Close()
	})
	return cluster, cl
}

// join has a member join a group.
func join(t *testing.T, cluster *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumerGroup("g"), kgo.ConsumeTopics("events"), kgo.DisableAutoCommit())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	for {
		g := cluster.GroupInfo("g")
		if g != nil && len(g.Members) == 1 && g.State == "Stable" {
			return cl
		}
		if t.Context().Err() != nil {
			t.Fatal("no member joined")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestDescribeGroup(t *testing.T) {
	balanced := kgo.Balancers(kgo.CooperativeStickyBalancer())
	for name, c := range map[string]struct {
		cluster []kfake.Opt
		member  []kgo.Opt // nil for no member
		want    Group
	}{
		"unknown":                 {nil, nil, Group{}},
		"unknown to old brokers":  {[]kfake.Opt{kfake.MaxVersions(kversion.V3_6_0())}, nil, Group{}},
		"classic":                 {nil, []kgo.Opt{balanced}, Group{State: "Stable", Members: 1}},
		"classic, of old brokers": {[]kfake.Opt{kfake.MaxVersions(kversion.V3_6_0())}, []kgo.Opt{balanced}, Group{State: "Stable", Members: 1}},
		"consumer":                {nil, []kgo.Opt{balanced, kgo.ServerSideBalancer()}, Group{State: "Stable", Members: 1, Consumer: true}},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, cl := asked(t, c.cluster...)
			if c.member != nil {
				defer join(t, cluster, c.member...).Close()
			}
			g, err := DescribeGroup(t.Context(), kadm.NewClient(cl), "g")
			if err != nil || g.State != c.want.State || g.Members != c.want.Members || g.Consumer != c.want.Consumer {
				t.Errorf("%+v, %v; want %+v", g, err, c.want)
			}
		})
	}
}

// TestDescribeGroupThatIsRefused: no answer in one protocol is no empty group.
func TestDescribeGroupThatIsRefused(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.DescribeGroups, kmsg.ConsumerGroupDescribe} {
		for _, code := range []*kerr.Error{kerr.GroupAuthorizationFailed, kerr.CoordinatorLoadInProgress, kerr.UnknownServerError} {
			cluster, cl := asked(t)
			cluster.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: code, Count: -1})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			g, err := DescribeGroup(ctx, kadm.NewClient(cl), "g")
			cancel()
			if err == nil {
				t.Errorf("%s in answer to key %d: %+v, want an error", code.Message, key, g)
			}
		}
	}
}

// TestDescribeGroupThatIsNotAnswered: a connection that breaks, or an answer that leaves
// the group out, is no sign that the group is one of the other protocol, where it would
// look empty.
func TestDescribeGroupThatIsNotAnswered(t *testing.T) {
	for name, answer := range map[string]func(kmsg.Request) (kmsg.Response, error){
		"cut off":  func(kmsg.Request) (kmsg.Response, error) { return nil, errors.New("cut off") },
		"left out": func(r kmsg.Request) (kmsg.Response, error) { return r.ResponseKind(), nil },
	} {
		for _, key := range []kmsg.Key{kmsg.ConsumerGroupDescribe, kmsg.DescribeGroups} {
			t.Run(name+"/"+key.Name(), func(t *testing.T) {
				cluster, cl := asked(t)
				member := []kgo.Opt{kgo.Balancers(kgo.CooperativeStickyBalancer())}
				if key == kmsg.ConsumerGroupDescribe {
					member = append(member, kgo.ServerSideBalancer())
				}
				defer join(t, cluster, member...).Close()
				cluster.ControlKey(int16(key), func(r kmsg.Request) (kmsg.Response, error, bool) {
					cluster.KeepControl()
					resp, err := answer(r)
					return resp, err, true
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if g, err := DescribeGroup(ctx, kadm.NewClient(cl), "g"); err == nil {
					t.Errorf("%+v, want an error: nobody said what the group is", g)
				}
			})
		}
	}
}

func TestOffers(t *testing.T) {
	for name, c := range map[string]struct {
		opts []kfake.Opt
		want bool
	}{
		"new": {nil, true},
		"3.7": {[]kfake.Opt{kfake.MaxVersions(kversion.V3_7_0())}, false}, // an early version of it
		"3.0": {[]kfake.Opt{kfake.MaxVersions(kversion.V3_0_0())}, false},
	} {
		_, cl := asked(t, c.opts...)
		got, err := Offers(t.Context(), kadm.NewClient(cl))
		if err != nil || got != c.want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
	for _, level := range []int16{-1, 0, 1} {
		v := &kmsg.ApiVersionsResponse{SupportedFeatures: []kmsg.ApiVersionsResponseSupportedFeature{{Name: "group.version", MaxVersion: 1}}}
		if level >= 0 {
			v.FinalizedFeatures = []kmsg.ApiVersionsResponseFinalizedFeature{{Name: "group.version", MaxVersionLevel: level}}
		}
		if got := turnedOff(v); got != (level < 1) {
			t.Errorf("group.version %d: turned off %v", level, got)
		}
	}
}

func TestConsumerSession(t *testing.T) {
	cluster, cl := asked(t, kfake.BrokerConfigs(map[string]string{"group.consumer.session.timeout.ms": "61000"}))
	if d, err := ConsumerSession(t.Context(), cl, "g"); err != nil || d != 61*time.Second {
		t.Errorf("%s, %v; want what is set for all", d, err)
	}
	cluster.ControlKey(int16(kmsg.DescribeConfigs), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		req := r.(*kmsg.DescribeConfigsRequest)
		resp := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
		a := kmsg.NewDescribeConfigsResponseResource()
		a.ResourceType, a.ResourceName = req.Resources[0].ResourceType, req.Resources[0].ResourceName
		if a.ResourceType == kmsg.ConfigResourceTypeGroupConfig && a.ResourceName == "g" {
			c := kmsg.NewDescribeConfigsResponseResourceConfig()
			c.Name, c.Value = "consumer.session.timeout.ms", new("50000")
			a.Configs = append(a.Configs, c)
		} else {
			a.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		}
		resp.Resources = append(resp.Resources, a)
		return resp, nil, true
	})
	if d, err := ConsumerSession(t.Context(), cl, "g"); err != nil || d != 50*time.Second {
		t.Errorf("%s, %v; want what is set for the group", d, err)
	}
	if d, err := ConsumerSession(t.Context(), cl, "h"); err == nil {
		t.Errorf("%s, %v; want that it was refused", d, err)
	}
}
