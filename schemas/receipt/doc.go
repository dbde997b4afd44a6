// Package receipt holds the schema of delivery receipts, their encoding, and the reader
// that tools use, which also understands receipts of older and newer programs. It judges
// nothing that they say: that is for the tools. Package sink/receipt produces receipts to a
// topic.
package receipt
