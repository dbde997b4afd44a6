package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Group is what the brokers say about a consumer group, whichever protocol its members use.
type Group struct {
	// State is such as Stable or Empty; empty for a group that does not exist.
	State string
	// Consumer is set for a group of the consumer protocol (KIP-848). It may also have
	// classic members during a migration.
	Consumer bool
	Members  int
	// Operations are what the caller may do to the group.
	Operations []kadm.ACLOperation
}

// DescribeGroup describes a group. It asks in both protocols: brokers call a group dead,
// or without members, when they are asked in the other one.
func DescribeGroup(ctx context.Context, admin *kadm.Client, name string) (g Group, err error) {
	modern, err := admin.DescribeConsumerGroups(ctx, name)
	c, ok := modern[name]
	switch err = firstOf(err, c.Err); {
	case err == nil && !ok:
		return g, errNotDescribed
	case err == nil:
		return Group{State: c.State, Consumer: true, Members: len(c.Members), Operations: c.AuthorizedOperations}, nil
	case !elsewhere(ctx, admin, err):
		return g, err
	}
	classic, err := admin.DescribeGroups(ctx, name)
	d, ok := classic[name]
	if err = firstOf(err, d.Err); err == nil && !ok {
		return g, errNotDescribed
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return Group{Operations: d.AuthorizedOperations}, nil // newer brokers; older ones call it dead
	}
	if err != nil {
		return g, err
	}
	g = Group{State: d.State, Members: len(d.Members), Operations: d.AuthorizedOperations}
	if g.State == "Dead" {
		g.State = ""
	}
	return g, nil
}

var errNotDescribed = errors.New("the brokers' answer leaves the group out")

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// elsewhere reports whether the group may be one of the classic protocol, after an answer
// in the other one: such a group is not found, and old brokers do not know the request.
// The client does not send it to them and has no code for that, so they are asked what
// they know: a connection that breaks is no answer, and the group of one that did not
// answer would look empty in the other protocol.
func elsewhere(ctx context.Context, admin *kadm.Client, err error) bool {
	if errors.Is(err, kerr.GroupIDNotFound) || errors.Is(err, kerr.UnsupportedVersion) {
		return true
	}
	if errors.As(err, new(*kerr.Error)) {
		return false
	}
	brokers, e := admin.ApiVersions(ctx)
	if e != nil {
		return false
	}
	for _, b := range brokers {
		if _, knows := b.KeyMaxVersion(int16(kmsg.ConsumerGroupDescribe)); b.Err == nil && !knows {
			return true // no cluster has such groups before all its brokers know them
		}
	}
	return false
}

// Offers reports whether brokers let groups use the consumer protocol. It checks the
// version of the request that a member joins with, which is 1 since Kafka 4.0.
func Offers(ctx context.Context, admin *kadm.Client) (bool, error) {
	brokers, err := admin.ApiVersions(ctx)
	if err != nil {
		return false, fmt.Errorf("the brokers' versions cannot be asked: %w", redact.Wrap(err))
	}
	for _, b := range brokers {
		if b.Err != nil {
			return false, fmt.Errorf("the versions of broker %d cannot be asked: %w", b.NodeID, redact.Wrap(b.Err))
		}
		if most, ok := b.KeyMaxVersion(int16(kmsg.ConsumerGroupHeartbeat)); !ok || most < 1 || turnedOff(b.Raw()) {
			return false, nil
		}
	}
	return len(brokers) > 0, nil
}

// turnedOff reports whether a broker could offer the protocol but the cluster's
// group.version does not allow it: after an upgrade that was not finished.
func turnedOff(v *kmsg.ApiVersionsResponse) bool {
	const feature = "group.version"
	named := slices.ContainsFunc(v.SupportedFeatures, func(f kmsg.ApiVersionsResponseSupportedFeature) bool { return f.Name == feature })
	return named && !slices.ContainsFunc(v.FinalizedFeatures, func(f kmsg.ApiVersionsResponseFinalizedFeature) bool {
		return f.Name == feature && f.MaxVersionLevel >= 1
	})
}

// ConsumerSession returns how long the brokers wait for a silent member of a group in the
// consumer protocol: the group's setting, or the general one.
func ConsumerSession(ctx context.Context, client *kgo.Client, group string) (time.Duration, error) {
	d, err := sessionConfig(ctx, client, kmsg.ConfigResourceTypeGroupConfig, group, "consumer.session.timeout.ms")
	if d > 0 || err != nil && !errors.As(err, new(*kerr.Error)) {
		return d, err
	}
	// From one broker: in an answer about all, they leave out what is in their files.
	meta, err := kadm.NewClient(client).BrokerMetadata(ctx)
	if err != nil || len(meta.Brokers) == 0 {
		return 0, err
	}
	return sessionConfig(ctx, client, kmsg.ConfigResourceTypeBroker, strconv.Itoa(int(meta.Brokers[0].NodeID)), "group.consumer.session.timeout.ms")
}

// sessionConfig reads one setting; 0 if there is no such.
func sessionConfig(ctx context.Context, client *kgo.Client, kind kmsg.ConfigResourceType, name, key string) (time.Duration, error) {
	req := kmsg.NewPtrDescribeConfigsRequest()
	r := kmsg.NewDescribeConfigsRequestResource()
	r.ResourceType, r.ResourceName, r.ConfigNames = kind, name, []string{key}
	req.Resources = append(req.Resources, r)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return 0, err
	}
	for _, r := range resp.Resources {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			return 0, err
		}
		for _, c := range r.Configs {
			if c.Name != key || c.Value == nil {
				continue
			}
			if ms, err := strconv.ParseInt(*c.Value, 10, 32); err == nil && ms > 0 {
				return time.Duration(ms) * time.Millisecond, nil
			}
		}
	}
	return 0, nil
}
