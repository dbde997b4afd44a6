package dlq

import (
	"cmp"
	"slices"
	"time"
)

// Stats counts letters by reason. Its zero value is empty.
type Stats struct {
	groups  map[GroupKey]*Group
	Letters int
	Open    int
}

// GroupKey is what letters of one group have in common.
type GroupKey struct {
	Class   string `json:"class"`
	Status  int    `json:"status,omitempty"`
	Code    string `json:"code,omitempty"`
	Field   string `json:"field,omitempty"`
	Profile string `json:"profile,omitempty"`
	Day     string `json:"day,omitempty"` // of the last failure, in UTC
}

// Group is a number of letters.
type Group struct {
	GroupKey
	Letters  int       `json:"letters"`
	Open     int       `json:"open"` // not redriven
	Oldest   time.Time `json:"oldest,omitzero"`
	Newest   time.Time `json:"newest,omitzero"`
	Remedy   string    `json:"remedy,omitempty"`
	Profiles int       `json:"-"` // how many
}

// Add counts an entry.
func (s *Stats) Add(e *Entry) {
	if s.groups == nil {
		s.groups = make(map[GroupKey]*Group)
	}
	r, when := &e.Letter.Reason, e.When()
	key := GroupKey{e.Class(), r.Status, r.Code, r.Field, e.Profile(), when.Format(time.DateOnly)}
	one := Group{GroupKey: key, Letters: 1, Oldest: when, Newest: when, Remedy: e.Remedy()}
	if !e.Done && !e.Erased {
		one.Open = 1
	}
	s.Letters++
	s.Open += one.Open
	if g := s.groups[key]; g != nil {
		g.merge(&one)
	} else {
		s.groups[key] = &one
	}
}

func (g *Group) merge(o *Group) {
	g.Letters += o.Letters
	g.Open += o.Open
	g.Remedy = min(g.Remedy, o.Remedy) // of foreign ones there are two
	if o.Oldest.Before(g.Oldest) {
		g.Oldest = o.Oldest
	}
	if o.Newest.After(g.Newest) {
		g.Newest = o.Newest
	}
}

// Groups returns the groups of letters that agree in everything, the largest first.
func (s *Stats) Groups() []Group {
	return s.by(func(k GroupKey) GroupKey { return k }, byLetters)
}

// Reasons returns the letters by reason.
func (s *Stats) Reasons() []Group {
	return s.by(func(k GroupKey) GroupKey {
		return GroupKey{Class: k.Class, Status: k.Status, Code: k.Code, Field: k.Field}
	}, byLetters)
}

// Profiles returns the letters by profile.
func (s *Stats) Profiles() []Group {
	return s.by(func(k GroupKey) GroupKey { return GroupKey{Profile: k.Profile} }, byLetters)
}

// Days returns the letters by day of failure, the oldest first.
func (s *Stats) Days() []Group {
	return s.by(func(k GroupKey) GroupKey { return GroupKey{Day: k.Day} }, func(a, b Group) int { return cmp.Compare(a.Day, b.Day) })
}

func byLetters(a, b Group) int {
	return cmp.Or(cmp.Compare(b.Letters, a.Letters), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Status, b.Status),
		cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Day, b.Day))
}

func (s *Stats) by(part func(GroupKey) GroupKey, order func(a, b Group) int) []Group {
	merged := make(map[GroupKey]*Group)
	profiles := make(map[GroupKey]map[string]bool)
	for key, g := range s.groups {
		k := part(key)
		if m := merged[k]; m != nil {
			m.merge(g)
		} else {
			c := *g
			c.GroupKey = k
			if k.Class == "" {
				c.Remedy = "" // it goes with a reason
			}
			merged[k], profiles[k] = &c, make(map[string]bool)
		}
		profiles[k][key.Profile] = true
	}
	groups := make([]Group, 0, len(merged))
	for k, g := range merged {
		g.Profiles = len(profiles[k])
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, order)
	return groups
}
