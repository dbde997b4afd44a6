package tally

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Counts are the verdicts of a number of events.
type Counts struct {
	// Consumed events were taken from Kafka and read so far that their profile is known.
	Consumed uint64
	// Settled counts final verdicts by class.
	Settled [verdict.Auth + 1]uint64
	// Retried events needed more than one request.
	Retried uint64
}

// DeadLettered is the sum over the classes that go to the dead-letter topic.
func (c *Counts) DeadLettered() (n uint64) {
	for _, class := range verdict.DeadLetterClasses() {
		n += c.Settled[class]
	}
	return n
}

func (c *Counts) add(o *Counts) {
	c.Consumed += o.Consumed
	c.Retried += o.Retried
	for i, n := range o.Settled {
		c.Settled[i] += n
	}
}

func (c *Counts) less(o *Counts) {
	c.Consumed -= o.Consumed
	c.Retried -= o.Retried
	for i, n := range o.Settled {
		c.Settled[i] -= n
	}
}

// NoProfile stands in tables and metrics for records whose profile is unknown, because
// they could not be decoded or name no valid one.
const NoProfile = "-"

// OtherProfiles takes the counts of profiles without a label of their own: those that no
// account names and that Amazon has never accepted an event of, whose ids may be
// anybody's, and those past the first thousand. A label per profile is worth its memory
// only while a person could look at it.
const OtherProfiles = "other"

// maxProfiles is how many profiles are counted separately, of the known ones and of the
// others each.
const maxProfiles = 1000

// Tally counts what was taken and its verdicts, by profile. It is the single source of
// the metrics, of the demo's table and of the summary at the end, so that they cannot
// disagree.
type Tally struct {
	// configured reports whether the accounts name a profile; nil means none.
	Configured func(profile string) bool

	mu       sync.Mutex
	profiles map[string]*profileTally
	known    int // of them
	others   *profileTally
	taken    uint64
	returned uint64
}

// profileTally is the counts of one profile. While it is unknown its counts are shown
// under OtherProfiles, and stay there: a counter must not fall.
type profileTally struct {
	Counts
	known bool
	shown Counts // under OtherProfiles
}

// New returns an empty tally.
func New() *Tally {
	return &Tally{profiles: make(map[string]*profileTally)}
}

// Summary is the tally at one moment.
type Summary struct {
	// Taken records came from Kafka; Returned ones went back without a verdict
	// when their partition moved to another member, which delivers them.
	Taken, Returned uint64
	Total           Counts
	Profiles        []ProfileCounts // by profile id
}

// ProfileCounts is the counts of one profile.
type ProfileCounts struct {
	Profile string
	Counts
}

// Settled returns how many records have their verdict.
func (s *Summary) Settled() (n uint64) {
	for _, settled := range s.Total.Settled {
		n += settled
	}
	return n
}

// InFlight returns the rest: taken, neither settled nor returned.
func (s *Summary) InFlight() uint64 {
	return s.Taken - s.Returned - s.Settled()
}

// Summary returns the counts so far.
func (t *Tally) Summary() Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Summary{Taken: t.taken, Returned: t.returned}
	for id, c := range t.profiles {
		s.Total.add(&c.Counts)
		s.Profiles = append(s.Profiles, ProfileCounts{id, c.Counts})
	}
	slices.SortFunc(s.Profiles, func(a, b ProfileCounts) int { return cmp.Compare(a.Profile, b.Profile) })
	return s
}

// Take counts records that were taken.
func (t *Tally) Take(n int) {
	t.mu.Lock()
	t.taken += uint64(n)
	t.mu.Unlock()
}

// GiveBack counts records that went back without a verdict.
func (t *Tally) GiveBack(n int) {
	t.mu.Lock()
	t.returned += uint64(n)
	t.mu.Unlock()
}

// consumed adds what one chunk of records held.
func (t *Tally) consumed(counts []*profileCount) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range counts {
		t.profile(c.profile).Consumed += c.n
	}
}

// Settled adds verdicts. A batch is of one profile, so the map is accessed once per batch
// and not once per event.
func (t *Tally) Settled(vs []verdict.Verdict) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var c *profileTally
	id := ""
	for i := range vs {
		v := &vs[i]
		if profile := labelOf(v); c == nil || profile != id {
			id, c = profile, t.profile(profile)
		}
		if v.Class == verdict.Accepted && (!c.known || c == t.others) {
			c = t.accept(id)
		}
		c.Settled[v.Class]++
		if v.Attempts > 1 {
			c.Retried++
		}
	}
}

func labelOf(v *verdict.Verdict) string {
	if v.ProfileID == "" {
		return NoProfile
	}
	return v.ProfileID
}

// profile returns the counts of a profile, or of the others. mu is held.
func (t *Tally) profile(id string) *profileTally {
	if c := t.profiles[id]; c != nil {
		return c
	}
	switch known := id == NoProfile || id == OtherProfiles || t.Configured != nil && t.Configured(id); {
	case known && (t.known < maxProfiles || id == NoProfile || id == OtherProfiles):
		return t.add(id, true)
	case !known && len(t.profiles)-t.known < maxProfiles:
		return t.add(id, false)
	}
	return t.profile(OtherProfiles)
}

// accept makes a profile known because Amazon has accepted an event of it, if a label is
// left. mu is held.
func (t *Tally) accept(id string) *profileTally {
	c := t.profiles[id]
	switch {
	case t.known >= maxProfiles || c != nil && c.known:
		return t.profile(id)
	case c == nil: // it was counted with the others so far
		return t.add(id, true)
	}
	c.known = true
	t.known++
	return c
}

func (t *Tally) add(id string, known bool) *profileTally {
	c := &profileTally{known: known}
	if known {
		t.known++
	}
	if id == OtherProfiles {
		t.others = c
	}
	t.profiles[strings.Clone(id)] = c // the id may be a part of a record, which it would keep
	return c
}

// labelled returns the counts by label: those of unknown profiles are combined.
func (t *Tally) labelled() (labels []ProfileCounts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var others Counts
	any := false
	for id, c := range t.profiles {
		own := c.Counts
		switch {
		case !c.known:
			c.shown = own
		case id == OtherProfiles:
			others.add(&own)
			any = true
			continue
		default:
			own.less(&c.shown)
			labels = append(labels, ProfileCounts{id, own})
		}
		others.add(&c.shown)
		any = any || c.shown != Counts{}
	}
	if any {
		labels = append(labels, ProfileCounts{OtherProfiles, others})
	}
	return labels
}

var (
	descTaken    = prometheus.NewDesc("amazon_capi_records_taken_total", "Records taken from Kafka, read or not.", nil, nil)
	descReturned = prometheus.NewDesc("amazon_capi_records_returned_total", "Records given back without a verdict because their partition went to another member.", nil, nil)
	descConsumed = prometheus.NewDesc("amazon_capi_events_consumed_total", "Events read, by profile.", []string{"profile"}, nil)
	descAccepted = prometheus.NewDesc("amazon_capi_events_accepted_total", "Events Amazon accepted, by profile.", []string{"profile"}, nil)
	descFiltered = prometheus.NewDesc("amazon_capi_events_filtered_total", "Events left out for consent or by a rule, by profile.", []string{"profile"}, nil)
	descDead     = prometheus.NewDesc("amazon_capi_events_dead_lettered_total", "Events written to the dead-letter topic, by class and profile.", []string{"class", "profile"}, nil)
	descRetried  = prometheus.NewDesc("amazon_capi_events_retried_total", "Events with a verdict that took more than one request, by profile.", []string{"profile"}, nil)
)

// Describe implements prometheus.Collector.
func (t *Tally) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descTaken, descReturned, descConsumed, descAccepted, descFiltered, descDead, descRetried} {
		ch <- d
	}
}

// Collect implements prometheus.Collector: the metrics are the tally read at scrape time,
// which costs the hot path nothing.
func (t *Tally) Collect(ch chan<- prometheus.Metric) {
	s := t.Summary()
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	counter(descTaken, s.Taken)
	counter(descReturned, s.Returned)
	for _, p := range t.labelled() {
		counter(descConsumed, p.Consumed, p.Profile)
		counter(descAccepted, p.Settled[verdict.Accepted], p.Profile)
		counter(descFiltered, p.Settled[verdict.Filtered], p.Profile)
		counter(descRetried, p.Retried, p.Profile)
		for _, class := range verdict.DeadLetterClasses() {
			counter(descDead, p.Settled[class], class.String(), p.Profile)
		}
	}
}
