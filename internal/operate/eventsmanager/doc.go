// Package eventsmanager compares what was sent with the counts in Amazon's Events
// Manager: by account, event name and day, before deduplication and consent filtering,
// with the share that was excluded. Amazon lists no single events, so only counts can be
// compared. Package reconcile counts what was sent, event by event.
package eventsmanager
