// Package consumer takes records from a consumer group and is the only one who
// commits. It hands what it takes to a Handler, and moves a partition's offset past a
// record only when the record has a final verdict and so has every record before it.
// What a record holds, and where it goes, is none of its business.
//
// Its parts: the poll loop takes records while the window has room; an
// assignment per partition and ownership keeps a ledger of what it took, and a pump
// that hands it on; verdicts come back through Settle; the committer writes down the
// contiguous prefix of each ledger.
//
// Its rooms, none of which knows it: ledger (what was taken and settled, and what a
// commit says of it), proof (comparing that with the log), flow (how much is taken, and
// when) and tally (what became of it). An assignment is asked by its methods; nobody
// else takes its lock.
package consumer
