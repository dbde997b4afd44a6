// Package ledger knows what was taken of a partition, what of that has a verdict, and so
// how far the partition may be committed. It writes what is settled beyond that into a
// commit's metadata, reads it back, and decides which of it applies to the present log:
// nothing is believed about records other than those it was about.
//
// It is pure: it makes no requests, has no clock and takes no lock. Package consumer does that.
package ledger
