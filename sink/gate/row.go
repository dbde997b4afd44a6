package gate

import "time"

// Row is an unbroken row of refusals of a profile; any other outcome ends it. A fault of
// another kind in between must not use up the hold, because good events become dead
// letters at its end.
type Row struct {
	since, last time.Time     // of the first, adjusted for time that does not count, and of the latest; zero if there is none
	pause       time.Duration // the pause that was to follow the latest
	probes      int           // how many there were, excluding those after the hold
	sentenced   bool          // they outlasted the hold
}

// Empty reports whether nothing was refused.
func (r Row) Empty() bool { return r.since.IsZero() }

// Probes returns how many refusals counted, excluding those after the hold.
func (r Row) Probes() int { return r.probes }

// refused adds a refusal. Only time in which requests were made counts: a process that is
// stopped for an hour, or a lane that waits for its turn, learns nothing about the profile.
// Once sentenced, the next refusal must come within another hold, or the row has ended.
func (r *Row) refused(now time.Time, hold, timeout time.Duration) {
	most := r.pause + 2*timeout // a 401 is sent once more
	gap := now.Sub(r.last)
	switch {
	case r.since.IsZero(), r.sentenced && gap > max(hold, most):
		*r = Row{since: now}
	case !r.sentenced && gap > most:
		r.since = r.since.Add(gap - most)
	}
	r.last, r.pause = now, 0
}

// resumed returns the row as it continues now. Of the time since the latest refusal only
// the pause counts, in which no request was to be made.
func (r Row) resumed(now time.Time) Row {
	r.since = r.since.Add(max(now.Sub(r.last)-r.pause, 0))
	r.last, r.pause = now, 0
	return r
}
