// Package schemas turns a record's bytes into an Event, whichever schema wrote them,
// and holds TrackLayer's own schemas and the event's form as JSON. It finds and keeps
// the schemas; package program reads records by them, and package event says what an
// event has. It does not judge them: package transform decides what an event must have, and
// the caller what happens to an invalid record. No later stage may be imported here.
package schemas
