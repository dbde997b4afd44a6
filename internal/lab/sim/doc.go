// Package sim runs worlds of this program in virtual time: members of one group
// with all their stages, three brokers, a registry and an Amazon, in one process
// and without a network, while a schedule breaks them. An hour takes seconds.
//
// A world has two phases. In the first anything may break; in the second all is
// well again, and everything has to be delivered within a bound. What happened is
// judged by the auditor of the chaos run, which shares no code with the program.
//
// A world has one to three source topics, one or two accounts, and members that speak
// the classic or the consumer group protocol. The registry, Login with Amazon and Amazon
// are slow, refuse, answer half or nonsense, or are gone for an hour; brokers delete
// records ahead of the group and topics under the program's hands, abort transactions,
// and have the group's offsets moved by hand.
//
// A seed decides what is published and the schedule. It does not decide in which
// order goroutines run, nor what the client and the brokers draw by lot, so that a
// seed that fails once need not fail again; a failing schedule is tried several
// times before a shorter one is taken for it.
//
// kfake keeps no replicas, so that nothing is ever truncated or unclean. It also says of
// the epochs before an election, as long as nothing is written in the new one, that they
// end where the log begins, which the client has to take for a loss of records; so a
// record is written to every partition as soon as it has a new leader.
package sim
