// Package replay sends once more what a topic held before: it decides which records,
// forecasts their verdicts, and tracks the progress. Delivery is the pipeline's, the same
// as for run, so that the same bytes are sent. Reading topics is for package history,
// printing for report.
package replay
