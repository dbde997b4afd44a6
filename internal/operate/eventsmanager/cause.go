package eventsmanager

import (
	"fmt"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
)

// Late is how much later than its acceptance Events Manager may show an event.
const Late = 2 * time.Hour

// zone looks for a time zone in which all whole days match the prediction, if they do not in UTC.
func (c *comparison) zone() (hours int, moved map[key]int64) {
	differ := 0
	for _, r := range c.rows {
		if r.Difference() != 0 && len(r.Causes) == 0 {
			differ++
		}
	}
	// One row can match by accident.
	if differ < 2 {
		return 0, nil
	}
	most := 0
	for h := -12; h <= 14; h++ {
		if h == 0 {
			continue
		}
		// If several zones match the whole days, as for few events, the one that matches
		// most of the other days.
		zone := c.p.inZone(h)
		if n := c.fits(zone); n > most {
			hours, moved, most = h, zone, n
		}
	}
	return hours, moved
}

// fits returns how many rows match, if all do but those of the first and the last day, of
// which a part may not have been read. It is 0 if other rows differ.
func (c *comparison) fits(moved map[key]int64) (rows int) {
	inner := 0
	for k, r := range c.rows {
		edge := k.day.Equal(c.first) || k.day.AddDate(0, 0, 1).Equal(c.end)
		if !edge {
			inner++
		}
		switch {
		case moved[k] == r.Shown:
			rows++
		case !edge:
			return 0
		}
	}
	if inner == 0 && rows < len(c.rows) {
		return 0 // of two days at most, where one row can match by accident
	}
	return rows
}

func (r *Row) byZone(hours int, moved int64) {
	n := abs(moved - r.Predicted)
	text := fmt.Sprintf("the days of the file begin as in UTC%+d, and those of the prediction in UTC", hours)
	if moved == r.Shown {
		r.Causes = append(r.Causes, Cause{"day boundary", n, true, text})
		return
	}
	r.Causes = append(r.Causes, Cause{"day boundary", abs(r.Difference()), false, text + "; not all of the day before or after was read"})
}

// group is a number of events that may make up a difference.
type group struct {
	cause  string
	events int64
	text   string
}

// causes finds why a row differs. An exact match comes first: one group of events or
// several together. Otherwise it names the groups that may explain a part of the
// difference.
func (c *comparison) causes(r *Row) {
	more := abs(r.Difference())
	groups := c.groups(r)
	if exact := subset(groups, more); exact != nil {
		for _, g := range exact {
			r.Causes = append(r.Causes, Cause{g.cause, g.events, true, g.text})
		}
		return
	}
	left := more
	for _, g := range append(groups, c.open(r)...) {
		if left == 0 {
			break
		}
		n := min(left, g.events)
		r.Causes = append(r.Causes, Cause{g.cause, n, false, g.text})
		left -= n
	}
	r.Unexplained = left
}

// groups returns the events that are on one side only under some assumption.
func (c *comparison) groups(r *Row) (all []group) {
	note := func(cause string, events int64, text string) {
		if events > 0 {
			all = append(all, group{cause, events, text})
		}
	}
	if r.Difference() > 0 {
		note("not yet shown", r.Recent, "accepted within the last two hours, by which Events Manager may be late")
		note("duplicates", r.Repeats, "event ids that Amazon had accepted already; they are missing if the file counts after deduplication")
		note("consent", r.Denied, "consent denied; they are missing if the file counts after consent filtering")
		note("redrives", r.Redriven, "redriven from the dead-letter topic; they are missing if the file was saved before")
		return all
	}
	note("rejected", r.Rejected, "refused by Amazon; they are in the file if it counts what arrived")
	note("in flight", r.InFlight, "without a verdict yet; Amazon may have taken them")
	note("consent", r.Filtered, "filtered before they were sent; another sender may have sent them")
	return all
}

// open are causes of unknown size.
func (c *comparison) open(r *Row) (all []group) {
	whole := abs(r.Difference())
	p := c.p
	switch end := r.Day.AddDate(0, 0, 1); {
	case !p.From.IsZero() && p.From.After(r.Day), !p.To.IsZero() && p.To.Before(end):
		all = append(all, group{"range", whole, "the range of records begins or ends within the day: choose one that begins with it and ends after it"})
	}
	if r.Difference() < 0 && r.Retried > 0 {
		all = append(all, group{"retries", whole, count.Of(r.Retried, "event") + " took several requests, and Amazon may have counted each"})
	}
	if r.Difference() < 0 && r.Predicted == 0 && !c.accounts[r.Account] {
		all = append(all, group{"account", whole, "nothing of the range was sent for this account: its profiles may be of another group, topic or accounts file"})
	}
	return all
}

// subset returns groups that add up to a number, the fewest first; nil if none do.
func subset(groups []group, want int64) []group {
	var best []group
	for mask := 1; mask < 1<<len(groups); mask++ {
		var sum int64
		var chosen []group
		for i, g := range groups {
			if mask&(1<<i) != 0 {
				sum += g.events
				chosen = append(chosen, g)
			}
		}
		if sum == want && (best == nil || len(chosen) < len(best)) {
			best = chosen
		}
	}
	return best
}

func consentText(r *Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.4g %% are shown as excluded, and %.4g %% carry a denial of ours", 100*r.ShownExcluded, 100*r.Least)
	if r.Most > r.Least {
		fmt.Fprintf(&b, ", or up to %.4g %% with those whose consent string Amazon reads itself", 100*r.Most)
	}
	return b.String()
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
