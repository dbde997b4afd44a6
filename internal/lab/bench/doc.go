// Package bench measures the whole program as it ships: run as a process of its own,
// between real brokers and an Amazon in a third process that does no more than it must,
// so that what is measured is this program and not its test bed. The command bench runs
// it. Benchmarks of single stages are in their packages, and it judges no result.
package bench
