package assignment

import "fmt"

// TopicPartition names a partition.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// Of returns the name of a partition.
func Of(topic string, partition int32) TopicPartition { return TopicPartition{topic, partition} }

func (tp TopicPartition) String() string { return fmt.Sprintf("%s/%d", tp.Topic, tp.Partition) }

// Topic returns the topic that the partition is of.
func (a *Assignment) Topic() string { return a.topic }

// Partition returns the partition's number.
func (a *Assignment) Partition() int32 { return a.partition }

// TopicPartition returns the partition's name.
func (a *Assignment) TopicPartition() TopicPartition { return TopicPartition{a.topic, a.partition} }
