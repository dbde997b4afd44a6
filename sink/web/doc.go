// Package web makes the HTTP client that talks to Amazon and names the faults that
// keep an answer away, in words without URLs and secrets. It knows nothing of events,
// tokens or contracts; package internal/web has what every client of the program is
// held to.
package web
