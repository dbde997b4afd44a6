// Command audit judges a run of the chaos harness: from its directory and its Kafka, or
// again from the facts that it kept the first time. It parses and prints; the rules are
// in package audit. Like that, it imports nothing of the pipeline.
package main
