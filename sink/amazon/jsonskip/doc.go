// Package jsonskip passes over JSON without decoding it: over values of an answer that
// nobody reads, strictly for bytes that may be anything, and faster for those known to be
// valid. It is our own because encoding/json takes ten times as long to skip the events that
// an answer repeats. What the values mean is for package amazon.
package jsonskip
