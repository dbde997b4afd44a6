package guard

import (
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// reason is what refusals have in common.
type reason struct {
	class  verdict.Class
	status int
	code   string
	field  string
}

// reasonOf returns an event's reason without the event's place in a request, which Amazon's
// fields begin with.
func reasonOf(r *verdict.Reason) reason {
	field := r.Field
	if strings.HasPrefix(field, "events[") {
		_, field, _ = strings.Cut(field, "].")
	}
	return reason{r.Class, r.Status, r.Code, field}
}

// cloned is the reason without the memory that its words are parts of.
func (r reason) cloned() reason {
	r.code, r.field = strings.Clone(r.code), strings.Clone(r.field)
	return r
}

// String returns the reason without anything that is one event's own.
func (r reason) String() string {
	s := verdict.Reason{Class: r.class, Status: r.status, Code: r.code, Field: r.field}.Error()
	return redact.Line(s, redact.WordLimit)
}

// label returns the reason as a label, of which there are few: Amazon's codes are not among
// them, only its statuses.
func (r reason) label() string {
	if ours[r.code] {
		return r.class.String() + " " + r.code
	}
	if r.status != 0 {
		return r.class.String() + " " + strconv.Itoa(r.status)
	}
	return r.class.String()
}

var ours = func() map[string]bool {
	names := make(map[string]bool)
	for _, e := range verdict.Codes() {
		names[e.Name] = true
	}
	return names
}()

// reasons finds the commonest of any number of reasons with room for four.
type reasons [4]struct {
	reason
	n int
}

// add counts a reason. One that has no room reduces the others, so that what is counted
// most in the end is what occurs most, if anything occurs in more than a fifth.
func (rs *reasons) add(r reason) {
	free := -1
	for i := range rs {
		switch {
		case rs[i].n == 0:
			free = i
		case rs[i].reason == r:
			rs[i].n++
			return
		}
	}
	if free >= 0 {
		rs[free].reason, rs[free].n = r.cloned(), 1
		return
	}
	none := true
	for i := range rs {
		rs[i].n--
		none = none && rs[i].n == 0
	}
	if none {
		rs[0].reason = r.cloned()
	}
}

// commonest returns the reason that was counted most, or the last if none stands out.
func (rs *reasons) commonest() (r reason) {
	r, most := rs[0].reason, 0
	for i := range rs {
		if rs[i].n > most {
			r, most = rs[i].reason, rs[i].n
		}
	}
	return r
}
