package harness

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const partitions = 12

// topics are the names of what a run has in Kafka.
type topics struct{ source, letters, receipts, group string }

func topicsOf(run string) topics {
	return topics{source: run + ".events", letters: run + ".events.dlq", receipts: run + ".events.receipts", group: run}
}

func (w *world) createTopics(ctx context.Context) error {
	if err := w.createTopicsOf(ctx, w.topics); err != nil {
		return err
	}
	if w.servers.nodes > 1 {
		return w.keepOffsets(ctx)
	}
	// Whoever forbids one thing of a topic has to allow the others.
	allow := kadm.NewACLs().Topics(w.letters, w.receipts).ResourcePatternType(kadm.ACLPatternLiteral).
		Allow("User:*").AllowHosts("*").Operations(kmsg.ACLOperationAll)
	if err := created(w.admin.CreateACLs(ctx, allow)); err != nil {
		return fmt.Errorf("the broker has no authorizer, which forbidding to write needs: %w", err)
	}
	return w.keepOffsets(ctx)
}

func (w *world) createTopicsOf(ctx context.Context, t topics) error {
	text := kadm.StringPtr
	for name, configs := range map[string]map[string]*string{
		t.source: {"max.message.bytes": text("8388608")},
		// The auditor wants to know when a letter or a receipt was written, and
		// not when its producer says.
		t.letters:  {"max.message.bytes": text("9437184"), "message.timestamp.type": text("LogAppendTime")},
		t.receipts: {"message.timestamp.type": text("LogAppendTime")},
	} {
		if _, err := w.admin.CreateTopic(ctx, partitions, int16(w.servers.nodes), configs, name); err != nil {
			return fmt.Errorf("topic %s: %w", name, err)
		}
	}
	return nil
}

// keepOffsets keeps the brokers from compacting the group's history, which is
// what the auditor reads, by making it one segment however long the run is. The
// topic appears when the first group asks for its coordinator.
func (w *world) keepOffsets(ctx context.Context) error {
	for {
		_ = w.admin.FindGroupCoordinators(ctx, w.group)
		set := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "segment.bytes", Value: new("1073741824")}}
		answers, err := w.admin.AlterTopicConfigs(ctx, set, "__consumer_offsets")
		if err == nil && len(answers) == 1 {
			err = answers[0].Err
		}
		if err == nil || !errors.Is(err, kerr.UnknownTopicOrPartition) {
			return err
		}
		if !pause(ctx, 200*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}

// forbid forbids writing to a topic, or allows it again: by an ACL, or where
// brokers have no authorizer by asking for more replicas than there are.
func (w *world) forbid(ctx context.Context, topic string, forbidden bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if n := w.servers.nodes; n > 1 {
		needs := n - 1
		if forbidden {
			needs = n + 1
		}
		set := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "min.insync.replicas", Value: new(strconv.Itoa(needs))}}
		answers, err := w.admin.AlterTopicConfigs(ctx, set, topic)
		if err == nil && len(answers) == 1 {
			err = answers[0].Err
		}
		return err
	}
	deny := kadm.NewACLs().Topics(topic).ResourcePatternType(kadm.ACLPatternLiteral).
		Deny("User:*").DenyHosts("*").Operations(kmsg.ACLOperationWrite)
	if forbidden {
		return created(w.admin.CreateACLs(ctx, deny))
	}
	_, err := w.admin.DeleteACLs(ctx, deny)
	return err
}

func created(results kadm.CreateACLsResults, err error) error {
	for _, r := range results {
		if err == nil {
			err = r.Err
		}
	}
	return err
}
