// Package start decides where a group that starts at the latest offset begins in a topic
// in which it has no commit: at the ends of all partitions as they were at the first
// look, which it commits once. It joins no group and reads no records. What waits for the
// decision, and for how long, is for the consumer.
package start
