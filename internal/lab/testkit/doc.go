// Package testkit is what tests of several packages share. Nothing but tests imports it.
// Only tests and the lab import it.
package testkit
