package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// contract is one version of Amazon's events endpoint: where it is, how a
// request says who sends it, and what an event must be.
type contract interface {
	// name is what the command line and the record call it.
	name() string
	path() string
	// headers returns the names of the headers for the tenant (the profile)
	// and for the client id.
	headers() (tenant, client string)
	// check reads one event, which is valid JSON, and returns its id, "" if it
	// has none that can be read, and all that is wrong with it.
	check(event []byte, now time.Time) (id string, found []problem)
	// taken writes the item of an answer for an event that was taken.
	taken(index int, id string) any
	// account reports whether a tenant header could be an account's.
	account(id string) bool
	// whole reports whether a request may be refused as a whole for one event with
	// this wrong with it.
	whole(p *problem) bool
	// unique reports whether an event id may be in a request once only.
	unique() bool
	// answers says how a request is answered whose events were all taken.
	answers(b *Behaviour) (status int, echo bool)
}

// contracts returns those the sandbox speaks.
func contracts() []contract { return []contract{offAmazon{}, eventsV1{}} }

// problem is one thing wrong with a request or an event.
type problem struct {
	// status is what the whole request gets when this is the reason.
	status  int
	code    string
	message string
	// field is its path inside the event; empty when the whole is at fault.
	field string
	// value is what was found there, for Behaviour.QuoteValues only.
	value []byte
}

// text is the message, with the value at fault where Amazon is to be careless.
func (p problem) text(quote bool) string {
	if quote && len(p.value) > 0 {
		return fmt.Sprintf("%s, got %s", p.message, p.value)
	}
	return p.message
}

func refuse(status int, code, format string, args ...any) *problem {
	return &problem{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// findings collects what is wrong with one event.
type findings struct{ list []problem }

// malformed is for what is not an event of this contract at all.
func (f *findings) malformed(field string, value []byte, message string) {
	f.list = append(f.list, problem{http.StatusBadRequest, "BAD_REQUEST", message, field, value})
}

// invalid is for an event whose contents break a rule.
func (f *findings) invalid(code, field string, value []byte, message string) {
	f.list = append(f.list, problem{http.StatusUnprocessableEntity, code, message, field, value})
}

// text reads a string that is there to say something: null, another type and
// blanks are findings.
func (f *findings) text(code, field string, raw []byte) string {
	s, ok := unquote(raw)
	if !ok {
		f.malformed(field, raw, field+" must be a string")
		return ""
	}
	if strings.TrimSpace(s) == "" {
		f.invalid(code, field, raw, field+" must not be blank")
		return ""
	}
	if strings.TrimSpace(s) != s {
		f.invalid(code, field, raw, field+" must not begin or end with a space")
	}
	return s
}

// object walks a nested object; member returns false for a name it does not
// know.
func (f *findings) object(field string, raw []byte, member func(name, path string, value []byte) bool) {
	empty := true
	ok := eachMember(raw, func(name string, value []byte, again bool) {
		empty = false
		path := name
		if field != "" {
			path = field + "." + name
		}
		switch {
		case again:
			f.malformed(path, value, path+" is given twice")
		case !member(name, path, value):
			f.malformed(path, value, "a field is not known: "+knownPath(field))
		}
	})
	if !ok {
		f.malformed(field, raw, knownPath(field)+" must be an object")
	} else if empty {
		f.invalid("MISSING_FIELD", field, nil, knownPath(field)+" must not be empty")
	}
}

// knownPath names the object at fault; an unknown field's own name is not
// repeated in messages, because it is whatever the sender put there.
func knownPath(field string) string {
	if field == "" {
		return "the event"
	}
	return field
}

func (f *findings) isSet(field string, there bool) {
	if !there {
		f.invalid("MISSING_FIELD", field, nil, field+" is required")
	}
}

func isHash(s string) bool {
	if len(s) != 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
