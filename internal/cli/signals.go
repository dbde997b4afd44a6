package cli

import (
	"os"
	"os/signal"
)

// Signals returns a channel with the signals of a kind that are sent to the process, until
// stop is called. Those that come before the last was received count as one.
func Signals(kind os.Signal) (sent <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, kind)
	return c, func() { signal.Stop(c) }
}
