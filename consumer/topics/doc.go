// Package topics knows the topics that are read by name and by id. A topic that is deleted
// and made again has the same name and another id, and brokers that are behind still
// report earlier ones. What becomes of the old one's records is for the consumer.
package topics
