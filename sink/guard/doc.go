// Package guard stops lanes whose events begin to become dead letters in numbers: a deploy or
// a source is broken then, and a topic full of letters helps nobody. It counts verdicts by
// profile and over the whole stream, decides when a profile is held and when it goes on, and
// keeps the letters that are not written meanwhile. It sends, reads and writes nothing itself.
package guard
