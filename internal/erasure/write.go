package erasure

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Add adds event ids to the list, whose topic is created if it is missing, and returns
// how many were new. It can be repeated after an interruption: the key is written and
// acknowledged before any entry, and existing entries stay unchanged.
func Add(ctx context.Context, s kafka.Settings, topic string, eventIDs []string, now time.Time) (added int, err error) {
	client, err := s.Connect(kgo.RequiredAcks(kgo.AllISRAcks()), kgo.DefaultProduceTopic(topic), kgo.RecordDeliveryTimeout(time.Minute))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	if err := kafka.Ask(ctx, func(ctx context.Context) error { return ensure(ctx, client, topic) }); err != nil {
		return 0, err
	}
	l, err := Read(ctx, s, topic)
	if err != nil {
		return 0, err
	}
	id, key := l.anyKey()
	if key == nil {
		var rec *kgo.Record
		id, key, rec = newKey()
		if err := client.ProduceSync(ctx, rec).FirstErr(); err != nil {
			return 0, cannotWrite(topic, err)
		}
	}
	value := fmt.Appendf(nil, `{"erased_at":%q}`, now.UTC().Format(time.RFC3339))
	records := make([]*kgo.Record, 0, len(eventIDs))
	for _, eventID := range eventIDs {
		if on, err := l.Erased(eventID); err != nil {
			return 0, err
		} else if on {
			continue
		}
		e := entryOf(id, key, eventID)
		records = append(records, &kgo.Record{Key: []byte(entryPrefix + hex.EncodeToString(e[:])), Value: value})
	}
	if n := l.Len() + len(records); n > MaxEntries {
		return 0, fmt.Errorf("the list would have %d event ids, and may have %d: nothing was written; remove entries whose events are not retained any more", n, MaxEntries)
	}
	for _, r := range client.ProduceSync(ctx, records...) {
		if r.Err == nil {
			added++
		} else if err == nil {
			err = cannotWrite(topic, r.Err)
		}
	}
	return added, err
}

func cannotWrite(topic string, err error) error {
	return fmt.Errorf("topic %s: %s (%w)", topic, kafka.Reason(err, topic, "the flags"), redact.Wrap(err))
}

const cleanupPolicy = "cleanup.policy"

// ensure creates the topic, or checks that the existing one keeps its records.
func ensure(ctx context.Context, client *kgo.Client, topic string) error {
	admin := kadm.NewClient(client)
	compact := "compact"
	_, err := admin.CreateTopic(ctx, 1, -1, map[string]*string{cleanupPolicy: &compact}, topic)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.TopicAlreadyExists):
	default:
		if there, known := kafka.Exists(ctx, client, topic); known != nil || !there {
			return fmt.Errorf("topic %q cannot be created: %w", topic, redact.Wrap(err))
		}
	}
	configs, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return fmt.Errorf("topic %q cannot be looked at: %w", topic, redact.Wrap(err))
	}
	for _, c := range configs {
		for _, x := range c.Configs {
			if x.Key == cleanupPolicy && x.MaybeValue() != compact {
				return setting.ErasureTopic.Mistakef("topic %q has %s=%s, by which the list would expire and its events be sent again: want %s=compact", topic, cleanupPolicy, x.MaybeValue(), cleanupPolicy)
			}
		}
	}
	return nil
}
