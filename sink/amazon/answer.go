package amazon

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Response is an answer that has been read completely. Its body's memory is reused:
// copy what must outlive the call.
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
	// Failed: nothing was decided; send the same request again.
	Failed
	// Unauthenticated: Amazon refused the access token (401).
	Unauthenticated
	// Forbidden: the credentials may not send to this profile (403).
	Forbidden
	// RefusedWhole: something in the request is invalid; the answer does not say what.
	RefusedWhole
	// Foreign: the answer did not come from Amazon's API, but from a wrong URL, a
	// proxy or a redirect. It proves nothing about the events, so it must never
	// dead-letter one.
	Foreign
)

// Outcome is the result of one event. If an answer gives two, the higher value
// wins: an event listed as both taken and refused counts as refused, because a
// needless dead letter can be inspected and redriven under the same id, whereas
// an event wrongly counted as delivered is lost.
type Outcome uint8

// The outcomes, lowest precedence first.
const (
	// Unsaid: the answer does not mention the event. It is sent again under the
	// same id; Amazon removes the duplicate if there is one.
	Unsaid Outcome = iota
	// Taken: Amazon accepted it.
	Taken
	// Later: not accepted now; try again.
	Later
	// TooLarge: the request was too large; try again in a smaller one.
	TooLarge
	// Refused: refused permanently.
	Refused
)

// Item is the result of one event.
type Item struct {
	Outcome Outcome
	// Said is Amazon's reason; nil for Unsaid and Taken.
	Said *Said
}

// Answer is the interpretation of a response.
type Answer struct {
	Kind   Kind
	Status int
	// Said is the reason given for the request as a whole.
	Said Said
	// Contradictions counts the items that both lists name.
	Contradictions int
	// Unclear is set when the answer says neither that the events were taken nor
	// that they were not. They count as taken. Its value is the answer's key names,
	// as far as they may be shown.
	Unclear string
}

// Stranger describes who answered instead of Amazon. It never repeats text of the
// answer.
func (a *Answer) Stranger() string { return a.Said.message }

// Said is the reason that an answer gives. The text may quote an event, so it is
// only available through Reason, which masks it.
type Said struct{ code, field, message string }

// Reason returns the reason with the identifiers of the events that it may be about
// masked wherever they occur.
func (s Said) Reason(class verdict.Class, status int, identifiers []string) verdict.Reason {
	return verdict.Reason{
		Class:   class,
		Status:  status,
		Code:    redact.Line(redact.Message(s.code, identifiers...), redact.WordLimit),
		Field:   redact.Line(redact.Message(s.field, identifiers...), redact.WordLimit),
		Message: redact.Message(s.message, identifiers...),
	}
}

// answerRules are the differences between contracts in how answers are read.
type answerRules struct {
	success   []int // statuses that can mean delivery
	indexBase int   // the index of the first event
	// itemised: only a status per event proves that it was taken. Otherwise a success
	// without item statuses means that all were.
	itemised bool
	// item classifies the code of an item.
	item func(code string) Outcome
}

// read never fails: every response maps to one of the kinds.
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
	// A refusal that names its items need not be narrowed down. Events it does not
	// name were in a failed request and are sent again. A failure that lists only
	// successes contradicts itself and proves nothing.
	if a.readItems(doc, items, &ans.Contradictions).refusals > 0 {
		ans.Kind = Itemised
	} else {
		clear(items)
	}
	return ans
}

// KindOf returns the kind of an answer with a status other than 2xx and no readable body.
func KindOf(status int) Kind { return kindOf(status, document{}, false) }

// kindOf returns the kind that a status other than 2xx stands for.
func kindOf(status int, doc document, html bool) Kind {
	switch {
	case status >= 500, status == 429, passing(status):
		return Failed
	case status < 400, betweenUs(status), html && status != 413:
		// Redirects are not followed. Error pages come from something in front of the
		// API. The only verdict on an event that we accept from a proxy is that the
		// request was too large.
		return Foreign
	case status == 401:
		return Unauthenticated
	case status == 403:
		return Forbidden
	case (status == 404 || status == 405) && !doc.hasCode(status):
		// Any web server answers so for a path that it does not have. Counting it as a
		// refusal would dead-letter a whole topic for a typing error in the URL.
		return Foreign
	}
	return RefusedWhole
}

// passing reports whether a status is a temporary fault of the connection or of a
// server on it: 408 and 425 of HTTP, 421 for a connection to another host, 444 and
// 499 of nginx, 449 of IIS, 460 of an AWS load balancer.
func passing(status int) bool {
	switch status {
	case 408, 421, 425, 444, 449, 460, 499:
		return true
	}
	return false
}

// betweenUs reports whether a status is about the connection to Amazon: a proxy's
// password (407), the protocol (426), headers, which are not the events' (431), or
// the private statuses of intermediate servers: sessions (440 of IIS, 498 of
// ArcGIS), addresses and protocols (463 and 464 of AWS load balancers), headers
// and certificates (494 to 497 of nginx).
func betweenUs(status int) bool {
	switch status {
	case 407, 426, 431, 440, 463, 464, 494, 495, 496, 497, 498:
		return true
	}
	return false
}

// readSuccess reads a 2xx. The status alone does not prove delivery.
func (a answerRules) readSuccess(r Response, doc document, items []Item, ans *Answer) {
	switch {
	case doc.kind == noJSON || doc.kind == brokenJSON:
		// A captive portal answers 200, too. An answer that is not JSON is not the
		// API's, and has not accepted any event.
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

// readUnlisted reads a 2xx that has no item statuses.
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

// readFailure classifies a 2xx whose body reports a failure, by the status it names.
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

// readListed reads a 2xx with lists of items. The lists decide each event, unless
// the rest of the answer reports a failure that the refusals do not explain: then
// no event is known to have been accepted.
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
		// It has more refusals than events they could belong to, so one of the events
		// listed as taken was refused, and there is no way to tell which.
		s.failure = fmt.Sprintf("it refuses %s more than it leaves", count.Of(found.homeless-unsaid, "event"))
	}
	if unsaid == len(items) {
		ans.Said = found.why // why all must be sent again
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

// found counts the entries of the lists.
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
	var reasons map[*Item][]saying // an event may have several entries
	for _, e := range doc.Error.items {
		it := at(e.Index)
		if it == nil {
			if n.homeless++; n.homeless == 1 {
				_, n.why = outcomeOf(e.reasons, a.item)
			}
			continue
		}
		n.refusals++
		if reasons == nil {
			reasons = make(map[*Item][]saying)
		}
		if _, again := reasons[it]; !again && it.Outcome == Taken {
			*contradictions++
		}
		reasons[it] = append(reasons[it], e.reasons...)
	}
	for it, of := range reasons {
		outcome, said := outcomeOf(of, a.item)
		it.Outcome, it.Said = max(it.Outcome, outcome), &said
	}
	return n
}

// classify returns what to do for an item's code, the same in both contracts. Words are
// classified as the statuses they are named after, and numbers as statuses.
func classify(code string) Outcome {
	if strings.EqualFold(code, "CONFLICT") {
		return Later
	}
	switch status := named(code); {
	case status == http.StatusRequestEntityTooLarge:
		return TooLarge
	case status != 0 && KindOf(status) == Failed:
		return Later
	}
	return Refused
}

// foreign describes an answer that is not Amazon's. It does not quote the answer,
// which may be a web page.
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
