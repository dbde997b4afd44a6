// Package backoff computes the delays between retries, with jitter; package wait waits.
// The caller decides when and how often to try.
package backoff
