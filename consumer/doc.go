// Package consumer takes records from a consumer group and is the only one who
// commits. It decodes and transforms what it takes, hands it to the sink, and
// moves a partition's offset past a record only when the record has a final
// verdict and so has every record before it.
//
// Its parts: the poll loop takes records while the window has room; an
// assignment per partition and ownership keeps a ledger of what it took and a
// goroutine that decodes and transforms it; verdicts come back through Settle;
// the committer writes down the contiguous prefix of each ledger.
package consumer
