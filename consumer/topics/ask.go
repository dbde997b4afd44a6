package topics

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// Describe describes topics as they are now, all at once. Each of them is in the
// answer, with an error of its own.
func Describe(ctx context.Context, client *kgo.Client, names ...string) (map[string]kmsg.MetadataResponseTopic, error) {
	req := kmsg.NewPtrMetadataRequest()
	for _, topic := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &topic
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return nil, err
	}
	described := make(map[string]kmsg.MetadataResponseTopic, len(names))
	for _, t := range resp.Topics {
		if t.Topic != nil && slices.Contains(names, *t.Topic) {
			described[*t.Topic] = t
		}
	}
	for _, topic := range names {
		if _, ok := described[topic]; !ok {
			return nil, fmt.Errorf("the brokers' answer leaves topic %q out", topic)
		}
	}
	return described, nil
}

// GroupOffsets fetches what a group holds of these partitions, or of all if of is nil.
func GroupOffsets(ctx context.Context, client *kgo.Client, t *Table, group string, of map[string][]int32) (map[assignment.TopicPartition]kmsg.OffsetFetchResponseGroupTopicPartition, error) {
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = group
	for topic, partitions := range of {
		of := kmsg.NewOffsetFetchRequestGroupTopic()
		of.Topic, of.TopicID, of.Partitions = topic, t.IDOf(topic), partitions
		g.Topics = append(g.Topics, of)
	}
	req := kmsg.NewPtrOffsetFetchRequest()
	req.RequireStable, req.Groups = true, append(req.Groups, g)
	resp, err := req.RequestWith(ctx, client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err == nil && len(resp.Groups) == 1 {
		err = kerr.ErrorForCode(resp.Groups[0].ErrorCode)
	}
	if err != nil {
		return nil, err
	}
	told := make(map[assignment.TopicPartition]kmsg.OffsetFetchResponseGroupTopicPartition)
	for _, g := range resp.Groups {
		for _, of := range g.Topics {
			for _, p := range of.Partitions {
				told[t.PartitionOf(of.Topic, of.TopicID, p.Partition)] = p
			}
		}
	}
	return told, nil
}
