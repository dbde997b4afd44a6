// Package testdata holds the sample events that the demo publishes, and what
// tests compare with or start.
package testdata

import "embed"

// Events are the sample events, as JSON lines that package internal/lab/sample
// reads.
//
//go:embed events/*.jsonl
var Events embed.FS
