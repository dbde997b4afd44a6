// Package lobby bounds how many requests there are at once for profiles that nobody
// knows: whoever has something to send waits in line, without a goroutine, until it is
// due and a seat is free. It knows who waits and when each is due; what is sent, and for
// whom, is none of its business.
package lobby
