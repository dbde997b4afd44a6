// Package harness runs the program as processes and breaks what it stands on:
// its members, Kafka, the registry, Amazon. What it did, and what it published,
// it writes down for the auditor, which it runs at the end; it judges nothing
// itself.
package harness
