// Package receipt holds the schema of delivery receipts, their encoding, and the
// reader that tools use, which also understands receipts of older and newer
// programs. Producing receipts to a topic is for package sink, and judging what
// they say for the tools.
package receipt
