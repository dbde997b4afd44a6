// Package instant parses points in time: the notations of ISO 8601 and RFC 3339, with the
// annotations of RFC 9557. Events, files and flags all use it, so that a text means the
// same everywhere. It reads no clock, and whether a time is too early or too late is for
// its callers.
package instant
