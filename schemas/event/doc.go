// Package event says what a TrackLayer event has: its fields, their places in the
// schema, and the aliases by which a producer may call them. Whoever reads or writes
// events does so by its table of fields, so that none can know a field that another
// does not. How records are read is for package program, and no rule of what an event
// must have belongs here.
package event
