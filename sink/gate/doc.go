// Package gate decides whether a lane may send, how many requests at once, and if not
// until when. It knows what requests met with: failures and refusals in a row, and what
// they lead to. It has no lock, clock or goroutine, and knows neither events nor lanes.
package gate
