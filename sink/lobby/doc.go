// Package lobby bounds the number of concurrent requests for unknown profiles: their
// lanes wait in line, without goroutines, until they are due and a seat is free. It knows
// who waits and when each is due, but not what is sent. Whether a profile is known is for
// package profile.
package lobby
