// Package harness runs the program as processes and breaks what it stands on: its
// members, Kafka, the registry, Amazon. It writes down for the auditor what it did and
// what it published. It judges nothing itself: at the end it runs the auditor as a
// process.
package harness
