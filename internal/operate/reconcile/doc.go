// Package reconcile compares the source with the fates of its events, one by one: the
// receipts, the dead letters, the group's progress, and optionally Amazon's own list of
// events. It changes nothing. Reading topics is for package history, printing for report.
package reconcile
