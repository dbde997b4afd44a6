// Package handler builds the consumer's Handler from a decoder, a transformer and the
// sink: a Kafka record becomes a conversion for a lane, or gets a reason why it cannot be
// one. It is the only place where those three meet.
//
// It commits nothing, waits for nothing and keeps no record after a Flush; the consumer
// decides who gets how many records, and when.
package handler
