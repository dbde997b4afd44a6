// Package schemas holds the TrackLayer Event, its published Avro versions, and the
// decoder that turns a record's bytes into an Event, whichever schema wrote them.
// It reads what the record says and judges nothing: what an event must have is for
// package transform, and what becomes of a bad record for whoever asked. Nothing
// that comes after decoding may be imported here.
package schemas
