// Package ledger knows what was taken of a partition, what of that has a verdict, and
// so how far the partition may be committed. It writes what is settled beyond that
// into a commit's metadata, reads it back, and decides what of it holds in the log
// that there is now: nothing is believed of records other than those it was about.
//
// It is pure: it asks no broker, has no clock and takes no lock. Who asks is package
// consumer.
package ledger
