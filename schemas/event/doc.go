// Package event says what a TrackLayer event has: its fields, their places in the
// schema, and the aliases by which a producer may call them. All code that reads or writes
// events uses its table of fields, so that none can know a field that another does not.
// Package program reads records; rules about what an event must have belong to package
// transform.
package event
