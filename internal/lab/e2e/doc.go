// Package e2e holds the tests of the whole path, from records in Kafka to what Amazon
// received. Every scenario runs against the embedded broker and registry; with the build
// tag kafka the same ones, and larger, run against real servers (KAFKA_BROKERS,
// SCHEMA_REGISTRY_URL) with the program as a process of its own. What a single stage can
// show belongs to its own tests, which take milliseconds.
package e2e
