// Package near finds the name that a misspelt one was meant to be, for the errors about
// unknown settings. It has no list of names: callers give theirs. Flags' own suggestions
// are cobra's.
//
// The edit distance is our own: cobra's is not exported, and a dependency for fifteen
// lines that run once per mistake is not worth its upkeep.
package near
