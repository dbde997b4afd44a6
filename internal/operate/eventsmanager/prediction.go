package eventsmanager

import (
	"strings"
	"time"
)

// Sent is one record of the source, and what Amazon was told of it.
type Sent struct {
	// Account is whom Amazon is told that the event is for, and Profile what the
	// source calls it. They are the same where a profile is an account.
	Account, Profile string
	// Name is the event's name as it is sent, and Source as the source has it.
	Name, Source string
	Time         time.Time // of the user's action
	// Takes is how often Amazon accepted the event as this record, and Repeats how many
	// of these were of an event id that it had accepted already.
	Takes, Repeats int
	Recent         int  // of Takes, in the last two hours
	Retried        bool // it took several requests, of which Amazon may have taken more than one
	Copy           bool // it was redriven
	// Denied events carry a DENIED of ours. Those of Strings carry a consent string,
	// which Amazon reads itself.
	Denied, Strings bool
	// Of those that were never accepted:
	Rejected, Refused, Filtered, InFlight bool
}

// Counts is what the records of one account, name and day came to.
type Counts struct {
	// Predicted is what Events Manager shows of them, Denied included.
	Predicted int64 `json:"predicted"`
	Denied    int64 `json:"denied"`  // excluded for want of consent
	Strings   int64 `json:"strings"` // have a consent string, which may exclude them
	Repeats   int64 `json:"repeats"`
	Recent    int64 `json:"recent"`
	Redriven  int64 `json:"redriven"`
	Retried   int64 `json:"retried"`

	Rejected int64 `json:"rejected"` // by Amazon
	Refused  int64 `json:"refused"`  // by our rules, or for a fault of the account
	Filtered int64 `json:"filtered"`
	InFlight int64 `json:"in_flight"`
}

func (c *Counts) add(s *Sent) {
	n := int64(s.Takes)
	c.Predicted += n
	c.Repeats += int64(s.Repeats)
	c.Recent += int64(s.Recent)
	if s.Denied {
		c.Denied += n
	}
	if s.Strings {
		c.Strings += n
	}
	if s.Copy {
		c.Redriven += n
	}
	switch {
	case n > 0 && s.Retried:
		c.Retried++
	case n > 0:
	case s.Rejected:
		c.Rejected++
	case s.Refused:
		c.Refused++
	case s.Filtered:
		c.Filtered++
	case s.InFlight:
		c.InFlight++
	}
}

// key is what Events Manager counts by.
type key struct {
	account, name string
	day           time.Time
}

// cell is the counts of a key, and how many of the predicted fell into which hour, for
// files whose days are not those of UTC.
type cell struct {
	Counts
	hours [24]int32
}

// Prediction is what Events Manager should show. It keeps counts, not events.
type Prediction struct {
	// From and To are the times of the records that were read; zero for no bound.
	From, To time.Time

	cells    map[key]*cell
	profiles map[string]string // account by profile
	// sources are the names as sent, by those of the source that differ.
	sources map[string]string
	// Beyond counts records of names, accounts and days that there was no room for.
	Beyond int64
}

// Bounds of what strangers choose, since names and profiles come from records.
const (
	maxCells    = 100_000
	maxProfiles = 10_000
	maxSources  = 10_000
	maxName     = 512 // bytes
)

// NewPrediction returns an empty one.
func NewPrediction() *Prediction {
	return &Prediction{cells: make(map[key]*cell), profiles: make(map[string]string), sources: make(map[string]string)}
}

// Add counts a record.
func (p *Prediction) Add(s *Sent) {
	k := key{s.Account, s.Name, s.Time.UTC().Truncate(24 * time.Hour)}
	c := p.cells[k]
	if c == nil {
		if len(p.cells) >= maxCells || len(s.Name) > maxName || len(s.Account) > maxName {
			p.Beyond++
			return
		}
		c = new(cell)
		// Both may be parts of a record.
		p.cells[key{strings.Clone(k.account), strings.Clone(k.name), k.day}] = c
	}
	c.add(s)
	c.hours[s.Time.UTC().Hour()] += int32(s.Takes)
	if _, ok := p.profiles[s.Profile]; !ok && len(p.profiles) < maxProfiles && len(s.Profile) <= maxName {
		p.profiles[strings.Clone(s.Profile)] = strings.Clone(s.Account)
	}
	if s.Source != s.Name && s.Takes > 0 && len(p.sources) < maxSources && len(s.Source) <= maxName {
		if _, ok := p.sources[s.Source]; !ok {
			p.sources[strings.Clone(s.Source)] = strings.Clone(s.Name)
		}
	}
}

// index finds names and accounts, once all records are counted.
type index struct {
	accounts map[string]bool // true if anything was sent for it
	// alike are the names by what is left of them without case and punctuation.
	alike map[key][]string
}

func (p *Prediction) index() *index {
	x := &index{accounts: make(map[string]bool), alike: make(map[key][]string)}
	for k, c := range p.cells {
		x.accounts[k.account] = x.accounts[k.account] || c.Predicted > 0
		at := key{k.account, plain(k.name), k.day}
		x.alike[at] = append(x.alike[at], k.name)
	}
	return x
}

// inZone returns the predicted counts of all days, if days began as they do in a zone so
// many hours ahead of UTC.
func (p *Prediction) inZone(hours int) map[key]int64 {
	moved := make(map[key]int64, len(p.cells))
	for k, c := range p.cells {
		for h, n := range c.hours {
			if n == 0 {
				continue
			}
			at := k
			at.day = k.day.Add(time.Duration(h+hours) * time.Hour).Truncate(24 * time.Hour)
			moved[at] += int64(n)
		}
	}
	return moved
}
