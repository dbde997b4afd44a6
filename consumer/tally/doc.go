// Package tally counts what was taken and its verdicts, by profile, and how long it took.
// It is the single source of the metrics, of the demo's table and of the summary at the
// end.
//
// It decides nothing, and no verdict waits for it.
package tally
