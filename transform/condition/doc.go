// Package condition compiles the conditions of mapping rules: short expressions about an
// event, such as
//
//	event_type == "PURCHASE" and value >= 500 and country in ["US", "CA"]
//
// The language is a subset of expr's, whose parser is used: comparisons, in, contains,
// startsWith, endsWith, matches, and, or, not. It has no arithmetic, functions or loops, so
// a condition cannot fail on an event, and its time is bounded by its own length times that
// of the texts it examines.
//
// A condition becomes a tree of functions rather than a program for expr's machine: it is
// evaluated for every event, allocates nothing, and takes a few nanoseconds a comparison.
package condition
