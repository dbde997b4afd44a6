// Package proof compares what commits claim with the present log, and so determines what
// a group has settled of a topic. It asks the brokers for single records; package ledger
// decides what an answer means.
//
// It commits nothing and remembers nothing: package consumer acts on a finding.
package proof
