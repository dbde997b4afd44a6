package amazon

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/sink/amazon/jsonskip"
)

// saying is a reason: a code, and a message or details.
type saying struct {
	code text
	// status is a status or a type such as 503. It counts where no reason has a code.
	status                  text
	message, details, field text
}

func (s saying) said() Said {
	m := string(cmp.Or(s.message, s.details))
	return Said{code: string(cmp.Or(s.code, s.status)), field: cmp.Or(withoutPlace(string(s.field)), fieldNamed(m)), message: m}
}

// reasonsIn returns the reasons in valid JSON, an outer one before those within it. Servers
// disagree about where a code goes: next to its message, in a list of errors, or in the
// details or the cause of a message that has none. So it is read at any depth.
func reasonsIn(body []byte, lists bool) []saying {
	r := reasonReader{lists: lists}
	r.value(body, 0)
	return r.reasons
}

// reasonReader collects reasons.
type reasonReader struct {
	lists   bool // the lists of items are at the top and are read elsewhere
	reasons []saying
	keys    int // read so far
}

func (r *reasonReader) value(b []byte, depth int) {
	s := signReader{b: b, i: jsonskip.Blanks(b, 0)}
	if s.i == len(b) || depth > signDepth {
		return
	}
	switch b[s.i] {
	case '[':
		for s.i++; s.more(']'); {
			from := s.i
			s.i = jsonskip.Valid(b, from)
			r.value(b[from:s.i], depth+1)
		}
	case '{':
		r.object(s, depth)
	}
}

// object reads an object whose brace s is at. Its own code decides, or those of its errors;
// codes elsewhere in it, such as of a cause or of a currency, count only where there are none.
func (r *reasonReader) object(s signReader, depth int) {
	at := len(r.reasons)
	r.reasons = append(r.reasons, saying{})
	var errors, others [][]byte
	for s.i++; s.more('}'); {
		name := strings.ToLower(s.string())
		from := jsonskip.Blanks(s.b, jsonskip.Blanks(s.b, s.i)+1) // after the colon
		s.i = jsonskip.Valid(s.b, from)
		value := s.b[from:s.i]
		switch nested := r.member(&r.reasons[at], name, value, depth); {
		case nested && name == "errors":
			errors = append(errors, value)
		case nested:
			others = append(others, value)
		}
	}
	hasCode := func(s saying) bool { return s.code != "" }
	for _, value := range errors {
		r.value(value, depth+1)
	}
	if !slices.ContainsFunc(r.reasons[at:], hasCode) {
		for _, value := range others {
			r.value(value, depth+1)
		}
	}
	if r.reasons[at] == (saying{}) {
		r.reasons = slices.Delete(r.reasons, at, at+1)
	}
}

// member reads a member of the object whose reason is own. It reports whether there may be
// reasons within the value.
func (r *reasonReader) member(own *saying, name string, value []byte, depth int) (nested bool) {
	if r.keys++; r.keys > signKeys || len(value) == 0 {
		return false
	}
	set := func(t *text) { _ = t.UnmarshalJSON(value) }
	switch name {
	case "event", "events": // repeats the request
		return false
	case "success", "error":
		if r.lists && depth == 0 && value[0] == '[' {
			return false
		}
	case "message":
		set(&own.message)
	case "details":
		set(&own.details)
	case "fieldlocation":
		set(&own.field)
	}
	if value[0] == '{' || value[0] == '[' {
		return true
	}
	switch meaningOf(name, nothing) {
	case ofCode, ofFailureCode:
		if own.code == "" {
			set(&own.code)
		}
	case ofStatus, ofStatusCode, ofType, ofFailure:
		var status text
		if set(&status); named(string(status)) != 0 && own.status == "" {
			own.status = status
		}
	}
	return false
}

// coded returns the reasons with a code; if there are none, those with a status; if there
// are none of these either, all. A message around a code is no reason of its own.
func coded(reasons []saying) []saying {
	for _, has := range []func(saying) bool{
		func(s saying) bool { return s.code != "" },
		func(s saying) bool { return s.status != "" },
	} {
		if slices.ContainsFunc(reasons, has) {
			return slices.DeleteFunc(slices.Clone(reasons), func(s saying) bool { return !has(s) })
		}
	}
	return reasons
}

// explain returns what a reason says. If it has no message, that of the reason around it
// is its message.
func explain(s saying, all []saying) Said {
	said := s.said()
	for _, other := range all {
		if said.message != "" {
			break
		}
		if other.code == "" {
			o := other.said()
			said.message, said.field = o.message, cmp.Or(said.field, o.field)
		}
	}
	return said
}

// outcomeOf returns what reasons mean for an event, and the deciding one: if one of them
// is permanent, trying again would not help.
func outcomeOf(reasons []saying, classify func(code string) Outcome) (outcome Outcome, said Said) {
	for _, s := range coded(reasons) {
		if o := classify(string(cmp.Or(s.code, s.status))); o > outcome {
			outcome, said = o, explain(s, reasons)
		}
	}
	if said == (Said{}) {
		outcome, said.message = max(outcome, classify("")), "refused without a reason"
	}
	return outcome, said
}
