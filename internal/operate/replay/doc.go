// Package replay sends what a topic held before once more: it decides which records,
// forecasts their verdicts, and tracks the progress. Reading topics is for package
// history, printing for report.
package replay
