// Package web makes the HTTP client that talks to Amazon and describes the faults that
// prevent an answer, without URLs and secrets. It knows nothing of events, tokens or
// contracts. Package internal/web has the rules for every HTTP client of the program.
package web
