// Package consumer takes records from a consumer group, hands them to a Handler, and is
// the only one who commits: a partition's offset passes a record only when that has a
// final verdict and so has every record before it. This room joins and leaves the group,
// keeps the table of assignments, polls, hears what the group says of a partition and
// has that compared with the log; the rooms below it, none of which knows it, are
// assignment, pump, parking, commits, ledger, proof, flow and tally. What a record holds
// and where it goes is none of its business, and nobody but an assignment's own methods
// takes its lock.
package consumer
