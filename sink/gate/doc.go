// Package gate decides whether a lane may send, how many requests at once, and otherwise
// how long it waits. It tracks consecutive failures and refusals of requests and their
// consequences. It has no lock, clock or goroutine, and knows neither events nor lanes.
package gate
