// Package sink delivers conversions to Amazon: a lane per profile that batches,
// sends and retries; the tokens it sends with; a verdict per event; the
// dead-letter topic for events that will never be accepted; and receipts, which
// keep what became of each.
package sink
