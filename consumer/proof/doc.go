// Package proof compares what commits claim with the log that there is now, and so
// says what a group has settled of a topic. It asks the brokers for single records; what
// an answer means is decided by package ledger.
//
// It commits nothing and remembers nothing: who acts on a finding is package consumer.
package proof
