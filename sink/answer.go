package sink

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

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
}

// Said is what an answer gives as its reason. The words may quote an event, so
// they leave this type only through Reason, which masks.
type Said struct{ code, field, message string }

// Reason makes what was said fit to keep. The identifiers of the events that it
// may be about are masked, wherever they stand.
func (s Said) Reason(class verdict.Class, status int, identifiers []string) verdict.Reason {
	return verdict.Reason{
		Class:   class,
		Status:  status,
		Code:    redact.Line(redact.Message(s.code, identifiers...), wordLimit),
		Field:   redact.Line(redact.Message(s.field, identifiers...), wordLimit),
		Message: redact.Message(s.message, identifiers...),
	}
}

// wordLimit bounds what ought to be a word: a code, the path of a field.
const wordLimit = 128

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
	switch {
	case slices.Contains(a.success, r.Status):
		ans.Kind, ans.Said = a.readSuccess(r, doc, items, &ans.Contradictions)
	case r.Status == 429 || r.Status == 408 || r.Status == 425 || r.Status >= 500:
		ans.Kind, ans.Said = Failed, doc.said(r)
	case r.Status < 400 || r.Status == 407 || doc.html(r) && r.Status != 413:
		// A redirect is not followed, since that would carry the token to
		// wherever it points; 407 is a proxy's. Error pages come from what
		// stands in front of an API. Only that a request is too large is
		// something a proxy may say of an event.
		ans.Kind, ans.Said = Foreign, doc.foreign(r)
	case r.Status == 401:
		ans.Kind, ans.Said = Unauthenticated, doc.said(r)
	case r.Status == 403:
		ans.Kind, ans.Said = Forbidden, doc.said(r)
	case (r.Status == 404 || r.Status == 405) && doc.Code == "":
		// Any web server says this of a path it does not have. Taken for a
		// refusal, a typing error in the URL would dead-letter a whole topic.
		ans.Kind, ans.Said = Foreign, doc.foreign(r)
	default:
		ans.Kind, ans.Said = RefusedWhole, doc.said(r)
		// A refusal that names its items need not be narrowed down; what it
		// does not name was in a request that failed, and is sent again. One
		// that names only what it took contradicts itself and proves nothing.
		if doc.listed() && a.readItems(doc, items, &ans.Contradictions) {
			ans.Kind = Itemised
		} else {
			clear(items)
		}
	}
	return ans
}

// readSuccess reads a 2xx, which is not yet delivery.
func (a answerRules) readSuccess(r Response, doc document, items []Item, contradictions *int) (Kind, Said) {
	switch {
	case doc.listed():
		a.readItems(doc, items, contradictions)
		return Itemised, Said{}
	case doc.kind == noJSON || doc.kind == brokenJSON:
		// A captive portal says 200, too. What does not answer in JSON is not
		// the API, and has not taken any event.
		return Foreign, doc.foreign(r)
	case r.Status == 207 || a.itemised:
		return Failed, Said{message: "an answer without the status of any event"}
	case doc.kind == otherJSON || doc.reportsError():
		return Failed, doc.said(r)
	}
	for i := range items {
		items[i].Outcome = Taken
	}
	return Itemised, Said{}
}

// readItems sets the items that the lists name, and tells whether the error
// list named any.
func (a answerRules) readItems(doc document, items []Item, contradictions *int) (refusals bool) {
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
			continue
		}
		refusals = true
		if it.Outcome == Taken {
			*contradictions++
		}
		if outcome, said := e.outcome(a.item); outcome > it.Outcome {
			it.Outcome, it.Said = outcome, &said
		}
	}
	return refusals
}

// classify tells what an item's code asks for, by both contracts. Amazon's words are classed as
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
