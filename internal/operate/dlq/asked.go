package dlq

import (
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// asked notes which of a filter's values letters have. The letters count whatever the filter's
// other fields say: what was misspelt is the value that no letter has.
type asked struct {
	history.Asked
	masks map[string]string // of profiles that were asked for: letters of unknown ones have those
}

func newAsked(f *Filter) *asked {
	a := &asked{masks: make(map[string]string)}
	statuses := make([]string, len(f.Statuses))
	for i, s := range f.Statuses {
		statuses[i] = strconv.Itoa(s)
	}
	for _, p := range f.Profiles {
		a.masks[redact.Profile(p, false)] = p
	}
	a.For("class", f.Classes, nil)
	a.For("status", statuses, nil)
	a.For("code", f.Codes, nil)
	a.For("field", f.Fields, strings.ToLower)
	a.For(setting.Profile, f.Profiles, nil)
	a.For("event-id", f.EventIDs, redact.EventID)
	return a
}

func (a *asked) note(e *Entry) {
	r := &e.Letter.Reason
	if a.Wants("class") {
		a.Saw("class", e.Class(), e.Class())
	}
	if a.Wants("status") && r.Status != 0 {
		a.Saw("status", strconv.Itoa(r.Status), strconv.Itoa(r.Status))
	}
	if a.Wants("code") {
		a.Saw("code", r.Code, redact.Own(r.Code))
	}
	if a.Wants("field") {
		// A field is asked for by its own name, or by that of one that it is within.
		for field := r.Field; field != ""; field = field[:max(strings.LastIndexAny(field, ".["), 0)] {
			a.Saw("field", field, redact.Own(field))
		}
	}
	if a.Wants(setting.Profile) {
		if p, masked := a.masks[e.Letter.ProfileID]; masked {
			a.Saw(setting.Profile, p, p)
		}
		a.Saw(setting.Profile, e.Letter.ProfileID, e.Profile())
	}
	if a.Wants("event-id") {
		a.Saw("event-id", e.Letter.EventID, e.EventID())
	}
}
