package gate

import "time"

// clock is the hold: until when nothing is sent, and why.
type clock struct {
	until time.Time
	why   string
}

// extend makes the hold last that long at least, and gives it the latest reason.
func (c *clock) extend(now time.Time, wait time.Duration, why string) {
	if until := now.Add(wait); until.After(c.until) {
		c.until = until
	}
	c.why = why
}
