package gate

import "time"

// clock is the hold: nothing is sent before this time, and why.
type clock struct {
	until time.Time
	why   string
}

// extend makes the hold last at least that long and sets its reason.
func (c *clock) extend(now time.Time, wait time.Duration, why string) {
	if until := now.Add(wait); until.After(c.until) {
		c.until = until
	}
	c.why = why
}
