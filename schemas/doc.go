// Package schemas holds the TrackLayer Event, its published Avro versions, and the
// decoder that turns a record's bytes into an Event, whichever schema wrote them. It
// reads what the record says without judging it: package transform decides what an event
// must have, and the caller what happens to an invalid record. Nothing that comes after
// decoding may be imported here.
package schemas
