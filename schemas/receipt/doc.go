// Package receipt holds the schema of delivery receipts, their encoding, and the reader
// that tools use, which also understands receipts of older and newer programs. It judges
// nothing that they say: that is for the tools. Producing receipts to a topic is for
// package sink/receipt.
package receipt
