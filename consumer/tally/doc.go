// Package tally counts what was taken and what became of it, by profile, and how long
// it took. It is the one source of the metrics, of the demo's table and of the summary
// at the end.
//
// It decides nothing, and no verdict waits for it.
package tally
