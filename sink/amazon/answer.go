package amazon

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Response is what came back for a request, read whole. The body's memory is used
// again for another's: what is kept of it has to be copied.
type Response struct {
	Status      int
	ContentType string
	Body        []byte
}

// Kind is what an answer means for the request as a whole.
type Kind uint8

// The kinds. Only Itemised answers say anything about single events.
const (
	// Itemised: every item has an outcome.
	Itemised Kind = iota + 1
	// Failed: nothing was decided; the same request is worth another try.
	Failed
	// Unauthenticated: the access token was not taken (401).
	Unauthenticated
	// Forbidden: this profile may not be sent to (403).
	Forbidden
	// RefusedWhole: something in the request is bad, and nobody says what.
	RefusedWhole
	// Foreign: whoever answered is not the API we meant to ask: a wrong URL, a
	// proxy, a redirect. It says nothing about the events, so it must never
	// cost one.
	Foreign
)

// Outcome is what an answer says of one event. Where it says two things, the
// higher one counts: an event in both lists of an answer is treated as refused,
// because a dead letter too many can be looked at and sent again under the same
// id, and an event wrongly taken for delivered is gone.
type Outcome uint8

// The outcomes, in the order of precedence.
const (
	// Unsaid: the answer does not mention the event. It is sent again under the
	// same id; Amazon removes the duplicate if there is one.
	Unsaid Outcome = iota
	// Taken: Amazon has it.
	Taken
	// Later: refused for now; worth another try.
	Later
	// TooLarge: the request was too large; worth another try in a smaller one.
	TooLarge
	// Refused: refused for good.
	Refused
)

// Item is what an answer says of one event.
type Item struct {
	Outcome Outcome
	// Said is what Amazon says about it; nil for Unsaid and Taken.
	Said *Said
}

// Answer is a response that has been read.
type Answer struct {
	Kind   Kind
	Status int
	// Said is what was said about the request as a whole.
	Said Said
	// Contradictions counts items that were in both lists.
	Contradictions int
	// Unclear is not empty where the answer says neither that the events were taken
	// nor that they were not. They count as taken; it is what is to be shown of the
	// answer's keys.
	Unclear string
}

// Stranger says who answered instead of Amazon. The words are ours: a stranger's are
// not repeated.
func (a *Answer) Stranger() string { return a.Said.message }

// Said is what an answer gives as its reason. The words may quote an event, so
// they leave this type only through Reason, which masks.
type Said struct{ code, field, message string }

// Reason makes what was said fit to keep. The identifiers of the events that it
// may be about are masked, wherever they stand.
func (s Said) Reason(class verdict.Class, status int, identifiers []string) verdict.Reason {
	return verdict.Reason{
		Class:   class,
		Status:  status,
		Code:    redact.Line(redact.Message(s.code, identifiers...), redact.WordLimit),
		Field:   redact.Line(redact.Message(s.field, identifiers...), redact.WordLimit),
		Message: redact.Message(s.message, identifiers...),
	}
}

// answerRules is what differs between contracts in how answers are read.
type answerRules struct {
	success   []int // statuses that can mean delivery
	indexBase int   // the index of the first event
	// itemised: only the status of an event says that it was taken. Otherwise a
	// success without any means that all were.
	itemised bool
	// item classes the code of an item.
	item func(code string) Outcome
}

// read never fails: whatever comes is one of the kinds.
func (a answerRules) read(r Response, items []Item) Answer {
	ans := Answer{Status: r.Status}
	doc := parseDocument(r.Body)
	if slices.Contains(a.success, r.Status) {
		a.readSuccess(r, doc, items, &ans)
		return ans
	}
	if ans.Kind = kindOf(r.Status, doc, doc.html(r)); ans.Kind == Foreign {
		ans.Said = doc.foreign(r)
		return ans
	}
	ans.Said = doc.said(r)
	if ans.Kind != RefusedWhole || !doc.listed() {
		return ans
	}
	// A refusal that names its items need not be narrowed down; what it does not
	// name was in a request that failed, and is sent again. One that names only
	// what it took contradicts itself and proves nothing.
	if a.readItems(doc, items, &ans.Contradictions).refusals > 0 {
		ans.Kind = Itemised
	} else {
		clear(items)
	}
	return ans
}

// KindOf is what a status that is no success means of an answer without words.
func KindOf(status int) Kind { return kindOf(status, document{}, false) }

// kindOf is what a status that is no success means.
func kindOf(status int, doc document, html bool) Kind {
	switch {
	case status >= 500, status == 429, passing(status):
		return Failed
	case status < 400, betweenUs(status), html && status != 413:
		// A redirect is not followed. Error pages come from what stands in front of
		// an API. Only that a request is too large is something a proxy may say of
		// an event.
		return Foreign
	case status == 401:
		return Unauthenticated
	case status == 403:
		return Forbidden
	case (status == 404 || status == 405) && !doc.hasCode(status):
		// Any web server says this of a path it does not have. Taken for a
		// refusal, a typing error in the URL would dead-letter a whole topic.
		return Foreign
	}
	return RefusedWhole
}

// passing reports whether a status says that the connection, or who sat on it, was
// not up to this request this time: 408 and 425 by HTTP, 421 of a connection for
// another host, 444 and 499 of nginx, 449 of IIS, 460 of an AWS load balancer.
func passing(status int) bool {
	switch status {
	case 408, 421, 425, 444, 449, 460, 499:
		return true
	}
	return false
}

// betweenUs reports whether a status speaks of the way to Amazon: of a proxy's
// password (407), of the protocol (426), of headers, which are not the events'
// (431), or of what servers in between have statuses of their own for: sessions
// (440 of IIS, 498 of ArcGIS), addresses and protocols (463 and 464 of AWS load
// balancers), headers and certificates (494 to 497 of nginx).
func betweenUs(status int) bool {
	switch status {
	case 407, 426, 431, 440, 463, 464, 494, 495, 496, 497, 498:
		return true
	}
	return false
}

// readSuccess reads a 2xx, which is not yet delivery.
func (a answerRules) readSuccess(r Response, doc document, items []Item, ans *Answer) {
	switch {
	case doc.kind == noJSON || doc.kind == brokenJSON:
		// A captive portal says 200, too. What does not answer in JSON is not the
		// API, and has not taken any event.
		ans.Kind, ans.Said = Foreign, doc.foreign(r)
	case doc.kind == otherJSON:
		a.readFailure(r, doc, signsIn(doc.body, expectation{taken: len(items)}), ans)
	case doc.listed():
		a.readListed(r, doc, items, ans)
	default:
		a.readUnlisted(r, doc, items, ans)
	}
}

func (a answerRules) takeAll(items []Item, ans *Answer) {
	for i := range items {
		items[i].Outcome = Taken
	}
	ans.Kind = Itemised
}

// readUnlisted reads a 2xx without the status of any event.
func (a answerRules) readUnlisted(r Response, doc document, items []Item, ans *Answer) {
	s := &signs{}
	if doc.kind == object {
		s = signsIn(doc.body, expectation{taken: len(items)})
	}
	switch _, failed := s.failed(); {
	case failed:
		a.readFailure(r, doc, s, ans)
	case r.Status == 207 || a.itemised:
		ans.Kind, ans.Said = Failed, Said{message: "an answer without the status of any event"}
	default:
		a.takeAll(items, ans)
		if !s.success {
			ans.Unclear = keyNames(s.keys)
		}
	}
}

// readFailure classes a 2xx that says that it failed by the status that it names.
func (a answerRules) readFailure(r Response, doc document, s *signs, ans *Answer) {
	ans.Kind = Failed
	if _, failed := s.failed(); !failed {
		ans.Said = doc.said(r)
		return
	}
	ans.Said = s.said()
	if s.status != 0 {
		ans.Kind = kindOf(s.status, doc, false)
	}
	if ans.Kind == Foreign {
		ans.Said = Said{message: fmt.Sprintf("status %d whose body says %d: not an answer of Amazon's API", r.Status, s.status)}
	}
}

// readListed reads a 2xx with lists of items. They say what became of each event,
// unless the rest of the answer says that it failed, in a way that the refusals do
// not explain: then no event is known to have been taken.
func (a answerRules) readListed(r Response, doc document, items []Item, ans *Answer) {
	found := a.readItems(doc, items, &ans.Contradictions)
	ans.Kind = Itemised
	s := &signs{}
	if !doc.plain {
		s = signsIn(doc.body, expectation{taken: len(doc.Success), refused: len(doc.Error.items), lists: true})
		s.success = s.success || len(doc.Success) > 0 // which outweighs a mere message
	}
	unsaid := 0
	for i := range items {
		if items[i].Outcome == Unsaid {
			unsaid++
		}
	}
	if found.homeless > unsaid {
		// More refusals than events that could be meant: one of those that are
		// listed as taken is refused, and nobody can say which.
		s.failure = fmt.Sprintf("it refuses %s more than it leaves", count.Of(found.homeless-unsaid, "event"))
	}
	if unsaid == len(items) {
		ans.Said = found.why // of why all are to be sent again
	}
	if _, failed := s.failed(); !failed {
		return
	}
	for i := range items {
		if items[i].Outcome == Taken {
			items[i] = Item{}
		}
	}
	if found.refusals == 0 {
		a.readFailure(r, doc, s, ans)
	}
}

// found is what the lists of items have.
type found struct {
	refusals int  // that name an event of the request
	homeless int  // that name none
	why      Said // of the first of those
}

// readItems sets the items that the lists name.
func (a answerRules) readItems(doc document, items []Item, contradictions *int) (n found) {
	at := func(ix index) *Item {
		i := ix.n - a.indexBase
		if !ix.ok || i < 0 || i >= len(items) {
			return nil
		}
		return &items[i]
	}
	for _, s := range doc.Success {
		if it := at(s.Index); it != nil {
			it.Outcome = Taken
		}
	}
	for _, e := range doc.Error.items {
		it := at(e.Index)
		if it == nil {
			if n.homeless++; n.homeless == 1 {
				_, n.why = e.outcome(a.item)
			}
			continue
		}
		n.refusals++
		if it.Outcome == Taken {
			*contradictions++
		}
		if outcome, said := e.outcome(a.item); outcome > it.Outcome {
			it.Outcome, it.Said = outcome, &said
		}
	}
	return n
}

// classify returns what an item's code asks for, by both contracts. Amazon's words are classed as
// the statuses they are named after, and numbers like the statuses they are.
func classify(code string) Outcome {
	switch strings.ToUpper(code) {
	case "TOO_MANY_REQUESTS", "INTERNAL_ERROR", "CONFLICT",
		"429", "500", "502", "503", "504":
		return Later
	case "CONTENT_TOO_LARGE", "413":
		return TooLarge
	}
	return Refused
}

// foreign describes an answer that is not Amazon's. Its text is not repeated:
// it would be a web page.
func (d document) foreign(r Response) Said {
	what := "no JSON"
	switch {
	case d.html(r):
		what = "a web page"
	case d.kind == empty:
		what = "nothing"
	case d.kind == brokenJSON:
		what = "JSON that breaks off"
	case d.kind == object || d.kind == otherJSON:
		what = "JSON of another kind"
	}
	return Said{message: fmt.Sprintf("status %d with %s: not an answer of Amazon's API", r.Status, what)}
}

func (d document) html(r Response) bool {
	if d.kind == object || d.kind == otherJSON {
		return false
	}
	body := bytes.TrimLeft(bytes.TrimPrefix(r.Body, []byte("\ufeff")), " \t\r\n")
	return bytes.HasPrefix(body, []byte("<")) || strings.Contains(strings.ToLower(r.ContentType), "text/html")
}
