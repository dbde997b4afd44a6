// Package handler makes the consumer's Handler out of a decoder, a transformer and the
// sink: what comes as a record of Kafka leaves it as a conversion for a lane, or with a
// reason why it cannot be one.
//
// It commits nothing, waits for nothing and keeps no record after a Flush; who gets
// how many records, and when, is the consumer's business.
package handler
