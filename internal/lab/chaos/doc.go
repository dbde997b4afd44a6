// Package chaos holds the proof that nothing is lost: a harness that runs the
// built program as processes against a real Kafka, a real registry and a
// hostile sandbox Amazon, and breaks all of them while events are published;
// and an auditor that looks at the result.
//
// The two are programs of their own (cmd/chaos and cmd/audit), and share no
// more than the words of package journal. The auditor trusts nobody's counters:
// it reads the topic that was published to, the record that the sandbox wrote
// of every request before it answered, the dead letters, the receipts, and the
// history of commits and assignments that the brokers keep for themselves. It imports
// nothing of the pipeline, not even its decoder, so that a mistake there shows
// instead of being agreed with; a test holds it to that.
//
// What the auditor checks is in package audit, and a test there shows for every
// rule an input that breaks it. That the whole can fail is shown by mutants of
// the program, which package mutants makes: the test of this package (build tag
// chaos) runs the harness against each.
package chaos
