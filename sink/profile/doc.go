// Package profile keeps the set of known profiles: those that an account names or that
// Amazon has accepted an event of. Only those are shown and have time series of their own.
// The lane decides what to do for an unknown profile.
package profile
