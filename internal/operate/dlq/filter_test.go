package dlq

import (
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

var failed = time.Date(2026, 4, 23, 10, 0, 0, 0, time.UTC)

func entry() *Entry {
	return &Entry{Partition: 3, Offset: 7, Letter: deadletter.Letter{
		EventID: "ord_1", ProfileID: "1", LastFailure: failed, Timestamp: failed.AddDate(-1, 0, 0),
		Reason: verdict.Reason{Class: verdict.Rejected, Status: 422, Code: "INVALID_USER_INFO", Field: "userInfo.hashedPhone"},
	}}
}

func TestFilter(t *testing.T) {
	masked := entry()
	masked.Letter.EventID = redact.EventID("jane-1@example.com")
	done := entry()
	done.Done = true
	foreign := &Entry{Letter: deadletter.Letter{Timestamp: failed}}
	for name, tc := range map[string]struct {
		e    *Entry
		f    Filter
		want bool
	}{
		"no filter":             {entry(), Filter{}, true},
		"all of it":             {entry(), Filter{Classes: []string{"rejected"}, Statuses: []int{400, 422}, Codes: []string{"INVALID_USER_INFO"}, Fields: []string{"userInfo.hashedPhone"}, Profiles: []string{"2", "1"}, EventIDs: []string{"ord_1"}, Partitions: []int32{3}, Since: failed, Until: failed.Add(time.Second), Open: true}, true},
		"other class":           {entry(), Filter{Classes: []string{"auth", "decode"}}, false},
		"other status":          {entry(), Filter{Statuses: []int{400}}, false},
		"other code":            {entry(), Filter{Codes: []string{"X"}}, false},
		"a field around it":     {entry(), Filter{Fields: []string{"userinfo"}}, true},
		"a field that begins":   {entry(), Filter{Fields: []string{"userInfo.hashed"}}, false},
		"a field within":        {entry(), Filter{Fields: []string{"userInfo.hashedPhone.x"}}, false},
		"other profile":         {entry(), Filter{Profiles: []string{"2"}}, false},
		"other event":           {entry(), Filter{EventIDs: []string{"ord_2"}}, false},
		"id that is masked":     {masked, Filter{EventIDs: []string{"jane-1@example.com"}}, true},
		"other partition":       {entry(), Filter{Partitions: []int32{0}}, false},
		"before":                {entry(), Filter{Since: failed.Add(1)}, false},
		"after":                 {entry(), Filter{Until: failed}, false},
		"done":                  {done, Filter{Open: true}, false},
		"done too":              {done, Filter{}, true},
		"of another tool":       {foreign, Filter{Classes: []string{Foreign}, Since: failed}, true},
		"not of another tool":   {entry(), Filter{Classes: []string{Foreign}}, false},
		"of another, by status": {foreign, Filter{Statuses: []int{422}}, false},
	} {
		if got := tc.f.Match(tc.e); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFilterCheck(t *testing.T) {
	for _, tc := range []struct {
		f    Filter
		want string
	}{
		{Filter{Classes: []string{"accepted"}}, "--class"},
		{Filter{Statuses: []int{0}}, "--status"},
		{Filter{Since: failed, Until: failed}, "--until"},
	} {
		if err := tc.f.Check(); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%+v: %v", tc.f, err)
		}
	}
	if err := (&Filter{Classes: Classes(), Statuses: []int{422}, Since: failed}).Check(); err != nil {
		t.Error(err)
	}
}

func TestStatsAddUp(t *testing.T) {
	var s Stats
	for i := range 30 {
		e := entry()
		e.Letter.LastFailure = failed.Add(time.Duration(i) * time.Hour)
		e.Letter.ProfileID = []string{"1", "2", ""}[i%3]
		e.Done = i%2 == 0
		if i%5 == 0 {
			e.Letter.Reason = verdict.Reason{Class: verdict.Decode, Code: "short"}
		}
		s.Add(e)
	}
	if s.Letters != 30 || s.Open != 15 {
		t.Errorf("%d letters, %d open", s.Letters, s.Open)
	}
	for name, groups := range map[string][]Group{"groups": s.Groups(), "reasons": s.Reasons(), "profiles": s.Profiles(), "days": s.Days()} {
		letters, open := 0, 0
		for _, g := range groups {
			letters, open = letters+g.Letters, open+g.Open
			if g.Newest.Before(g.Oldest) || (g.Class == "") != (g.Remedy == "") {
				t.Errorf("%s: %+v", name, g)
			}
		}
		if letters != 30 || open != 15 {
			t.Errorf("%s: %d letters, %d open", name, letters, open)
		}
	}
	if r := s.Reasons(); len(r) != 2 || r[0].Status != 422 || r[0].Letters != 24 || r[0].Profiles != 3 || !r[0].Oldest.Equal(failed.Add(time.Hour)) {
		t.Errorf("%+v", r)
	}
	if d := s.Days(); len(d) != 2 || d[0].Day != "2026-04-23" || d[0].Letters != 14 {
		t.Errorf("%+v", d)
	}
}
