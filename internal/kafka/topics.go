package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

const maxMessageBytes = "max.message.bytes"

// defaultMessageBytes is the brokers' default for max.message.bytes.
const defaultMessageBytes = 1_048_588

// headerRoom is the maximum that the headers of a dead letter add to its original.
const headerRoom = 64 << 10

// Missing returns the error of a topic that does not exist, with how to create it. key is
// the setting that names it.
func Missing(key setting.Key, topic string) string {
	return fmt.Sprintf("topic %q does not exist (%s): check its name, create it (kafka-topics.sh --create --topic %s --partitions 12), or add %s",
		topic, key, topic, setting.CreateTopics)
}

// Exists reports whether a topic exists.
func Exists(ctx context.Context, cl *kgo.Client, topic string) (bool, error) {
	topics, err := kadm.NewClient(cl).ListTopics(ctx, topic)
	if err != nil {
		return false, fmt.Errorf("topic %q cannot be looked up: %w", topic, redact.Wrap(err))
	}
	switch err := topics[topic].Err; {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("topic %q cannot be used: %w", topic, redact.Wrap(err))
	}
	return topics.Has(topic), nil
}

// EnsureTopics creates the missing ones of sources and copies. A copy gets as many
// partitions as the largest source, and takes any record of a source with headers added:
// a dead letter must never be too large to be kept. Receipts, which can be split, need no
// more. Existing topics stay unchanged, and empty names are ignored. It returns the names
// of those created.
func EnsureTopics(ctx context.Context, cl *kgo.Client, sources []string, partitions int32, copies ...string) (created []string, err error) {
	copies = slices.DeleteFunc(slices.Clone(copies), func(name string) bool { return name == "" })
	admin := kadm.NewClient(cl)
	topics, err := admin.ListTopics(ctx, slices.Concat(sources, copies)...)
	if err != nil {
		return nil, fmt.Errorf("topics cannot be listed: %w", redact.Wrap(err))
	}
	create := func(name string, partitions int32, configs map[string]*string) error {
		if topics.Has(name) && topics[name].Err == nil {
			return nil
		}
		_, err := admin.CreateTopic(ctx, partitions, -1, configs, name)
		switch {
		case errors.Is(err, kerr.TopicAlreadyExists): // created by another member just now
			return nil
		case err != nil:
			return fmt.Errorf("topic %q cannot be created: %w", name, redact.Wrap(err))
		}
		created = append(created, name)
		return nil
	}
	most, limit := int32(0), 0
	for _, source := range sources {
		if err := create(source, partitions, nil); err != nil {
			return created, err
		}
		has := partitions
		if t := topics[source]; t.Err == nil && len(t.Partitions) > 0 {
			has = int32(len(t.Partitions))
		}
		most, limit = max(most, has), max(limit, MessageLimit(ctx, cl, source)+headerRoom)
	}
	for _, name := range copies {
		configs := map[string]*string{
			maxMessageBytes: new(strconv.Itoa(limit)),
			// Whatever the brokers' default is: compaction would remove all but the last
			// record of each key.
			"cleanup.policy": new("delete"),
		}
		if err := create(name, most, configs); err != nil {
			return created, err
		}
	}
	return created, nil
}

// MessageLimit returns the largest batch a topic takes, in bytes; the brokers' default if
// unknown.
func MessageLimit(ctx context.Context, cl *kgo.Client, topic string) int {
	limit, err := messageLimit(ctx, cl, topic)
	if err != nil {
		return defaultMessageBytes
	}
	return limit
}
