// Package transform turns a decoded TrackLayer event into the conversion that is sent to
// Amazon: a mapping names it, rules validate it, and its identifiers are normalised and
// hashed. The result depends only on the event, the options and the time that the caller
// passes, so that a replay makes the same conversion. Nothing here does I/O, reads a clock,
// logs, or knows how a contract encodes a conversion.
package transform
