// Package consumer takes records from a consumer group, passes them to a Handler, and is
// the only one that commits: a partition's offset passes a record only when it and every
// record before it has a final verdict. This package joins and leaves the group, keeps
// the table of assignments, polls, hears what the group says about a partition and has
// that compared with the log; the packages below it, none of which knows it, are
// assignment, pump, parking, commits, start, topics, ends, ledger, proof, flow and tally.
// It does not know what a record contains or where it goes, and only an assignment's own
// methods take its lock.
package consumer
