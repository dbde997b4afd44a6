package explain

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/transform"
)

// Options are what an event is judged by. All are required but Accounts, Erased, and View, whose
// zero value shows no part of an identifier.
type Options struct {
	Transformer *transform.Transformer
	Contract    amazon.Contract
	BaseURL     string        // empty for Region's host
	Region      amazon.Region // sink.NorthAmerica
	BatchEvents int
	BatchBytes  int
	Linger      time.Duration
	View        redact.View
	// Framings are how records may name their schema; all if it is 0.
	Framings framing.Set
	// Accounts says by which contract, in whose name and to which region a profile's
	// events go; nil if all go as the options above have it.
	Accounts *Accounts
	// Erased is the list of events that must not be sent again; nil if it is not asked.
	Erased *erasure.List
}

// Explainer explains events by one set of options.
type Explainer struct{ Options }

// clientID stands for the one that a request carries: it is not needed to explain
// an event.
const clientID = "[client id]"

// New returns an Explainer, or an error that names the setting at fault.
func New(o Options) (*Explainer, error) {
	if o.Framings == 0 {
		o.Framings = framing.All
	}
	x := &Explainer{o}
	direct, err := x.direct("")
	if err != nil {
		return nil, err
	}
	direct.Close()
	return x, nil
}

// Outcomes of an explanation.
const (
	OutcomeSend       = "send"
	OutcomeFiltered   = "filtered"
	OutcomeDeadLetter = "dead-letter"
)

// Report is the explanation of one event; its JSON is for programs. No identifier
// is in it but as the view shows it.
type Report struct {
	Record *Record         `json:"record,omitempty"`
	Event  json.RawMessage `json:"event"`
	// Aliases say which fields were read from where the mapping says that producers have
	// them, and by which lines.
	Aliases []string `json:"aliases,omitempty"`
	// Mapping says which lines of the mapping decide what the event is called.
	Mapping string `json:"mapping,omitempty"`
	Rules   []Rule `json:"rules"`
	// Withheld says what is left out for lack of consent.
	Withheld []string        `json:"withheld,omitempty"`
	Outcome  string          `json:"outcome"`
	Why      *Why            `json:"why,omitempty"`
	Payload  json.RawMessage `json:"payload,omitempty"`
	Batch    *Batch          `json:"batch,omitempty"`
}

// Record says where the event was read, if that is known.
type Record struct {
	Topic     string     `json:"topic,omitempty"`
	Partition *int32     `json:"partition,omitempty"`
	Offset    *int64     `json:"offset,omitempty"`
	Timestamp *time.Time `json:"timestamp,omitempty"`
	Key       string     `json:"key,omitempty"`
	Headers   []string   `json:"headers,omitempty"` // names
	Bytes     int        `json:"bytes"`
	// Framing is how the record names its schema, such as confluent-header, and
	// SchemaName what it calls it; SchemaID is the number in that, if it is one.
	Framing    string `json:"framing,omitempty"`
	SchemaName string `json:"schema_name,omitempty"`
	SchemaID   uint64 `json:"schema_id,omitempty"`
	// Schema says which schema it was read with.
	Schema string `json:"schema,omitempty"`
}

// Rule is what one rule says.
type Rule struct {
	Rule string `json:"rule"`
	// Class is what an event becomes that fails it; "field" where it costs only
	// that.
	Class   string `json:"class"`
	Field   string `json:"field,omitempty"`
	Result  string `json:"result"`
	Asks    string `json:"asks"`
	Message string `json:"message,omitempty"` // only of one that failed
}

// Why is the verdict on an event that is not sent.
type Why struct {
	Class   string `json:"class"`
	Code    string `json:"code"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

// Batch is the request that would carry the event.
type Batch struct {
	Profile string            `json:"profile"` // whose lane it is
	Account string            `json:"account,omitempty"`
	Paused  bool              `json:"paused,omitempty"` // the lane waits
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	// EventBytes is the event's share of the body.
	EventBytes int `json:"event_bytes"`
	MaxEvents  int `json:"max_events"`
	MaxBytes   int `json:"max_bytes"`
	// Alike is how many events of this size go into one request.
	Alike  int    `json:"alike"`
	Linger string `json:"linger"`
}

// Event explains an event that could be read.
func (x *Explainer) Event(ev *schemas.Event, now time.Time) *Report {
	r := &Report{Event: x.View.Event(schemas.EventJSON(ev))}
	e := x.Transformer.Explain(ev, now)
	r.Mapping = e.MappedBy
	for _, f := range e.Findings {
		r.Rules = append(r.Rules, ruleOf(&f))
	}
	if e.NoUserData {
		r.Withheld = append(r.Withheld, "identifiers and postal code, by consent.ad_user_data")
	}
	if e.NoStorage {
		r.Withheld = append(r.Withheld, "click id, by consent.ad_storage")
	}
	w, unknown := x.way(strings.TrimSpace(ev.ProfileID))
	switch {
	case !e.OK:
		r.contract(w.contract, e.Reason, false)
		r.refuse(e.Reason)
		return r
	case unknown != nil:
		entry := verdict.CodeProfileUnknown.Entry()
		r.Rules = append(r.Rules, Rule{entry.Name, entry.Class.String(), entry.Field, transform.Failed.String(), entry.Rule, unknown.Message})
		r.contract(w.contract, *unknown, false)
		r.refuse(*unknown)
		return r
	}
	body, why := amazon.Encode(w.contract, &e.Conversion, now)
	if why != nil {
		r.contract(w.contract, *why, true)
		r.refuse(*why)
		return r
	}
	r.contract(w.contract, verdict.Reason{}, true)
	r.Outcome = OutcomeSend
	r.Payload = x.View.Payload(body, w.contract.Identifiers(body))
	r.Batch = x.batch(&w, &e.Conversion, body)
	return r
}

func ruleOf(f *transform.Finding) Rule {
	r := Rule{f.Rule.Code, "field", f.Rule.Field, f.Result.String(), f.Rule.Help, f.Message}
	if f.Rule.Class != 0 {
		r.Class = f.Rule.Class.String()
	}
	if f.Rule.Class == verdict.Filtered && f.Result == transform.Failed {
		r.Result = r.Class // nothing went wrong
	}
	return r
}

// Reading explains a record's value that was read, or could not be.
func (x *Explainer) Reading(r *Reading, now time.Time) *Report {
	var report *Report
	switch {
	case x.Erased.Has(r.Event.EventID):
		report = x.erased(&r.Event)
	case r.Bad != nil:
		report = x.undecodable(r.Bad, &r.Event)
	default:
		report = x.Event(&r.Event, now)
	}
	for _, a := range r.Aliases {
		report.Aliases = append(report.Aliases, a.String())
	}
	return report
}

// undecodable explains a record that no event can be read from; ev has what was
// read before the fault.
func (x *Explainer) undecodable(bad *schemas.DecodeError, ev *schemas.Event) *Report {
	r := &Report{Event: x.View.Event(schemas.EventJSON(ev))}
	why := bad.Reason()
	r.Rules = append(r.Rules, Rule{why.Code, why.Class.String(), why.Field, transform.Failed.String(), bad.Code.Entry().Rule, why.Message})
	r.refuse(why)
	return r
}

// erased explains an event that somebody had erased: no rule is asked of it.
func (x *Explainer) erased(ev *schemas.Event) *Report {
	r := &Report{Event: x.View.Event(schemas.EventJSON(ev))}
	why := sink.Erased()
	r.Rules = append(r.Rules, Rule{why.Code, why.Class.String(), why.Field, why.Class.String(), verdict.CodeErased.Entry().Rule, why.Message})
	r.refuse(why)
	return r
}

func (r *Report) refuse(why verdict.Reason) {
	r.Outcome = OutcomeDeadLetter
	if why.Class == verdict.Filtered {
		r.Outcome = OutcomeFiltered
	}
	r.Why = &Why{why.Class.String(), why.Code, why.Field, why.Message, verdict.Mend(why)}
}

// contract adds what the contract asks after all of the transform's rules, if they
// let the event come so far, and why is its answer.
func (r *Report) contract(k amazon.Contract, why verdict.Reason, reached bool) {
	for _, code := range append(k.Asks(), verdict.CodeEventTooLarge) {
		e := code.Entry()
		rule := Rule{Rule: e.Name, Class: e.Class.String(), Field: e.Field, Result: transform.Passed.String(), Asks: e.Rule}
		switch {
		case !reached:
			rule.Result = transform.NotReached.String()
		case e.Name == why.Code && e.Class == why.Class:
			rule.Result, rule.Message, reached = transform.Failed.String(), why.Message, false
			if e.Class == verdict.Filtered {
				rule.Result = rule.Class
			}
		}
		r.Rules = append(r.Rules, rule)
	}
}

func (x *Explainer) batch(w *way, c *transform.Conversion, event []byte) *Batch {
	direct, err := w.to(c.CountryCode)
	if err != nil {
		return nil // of options that New has tried
	}
	defer direct.Close()
	frame := len(direct.Body())
	between := len(w.contract.Frame().Between)
	alike := 1 + (w.batchBytes-frame-len(event))/(len(event)+between)
	return &Batch{
		Profile: c.ProfileID, Account: w.account, Paused: w.paused, Method: http.MethodPost, URL: direct.URL(),
		Headers:    Headers(direct.Header(c.ProfileID, login.NewAccessToken("[token]", 0)), c.ProfileID),
		EventBytes: len(event), MaxEvents: w.batchEvents, MaxBytes: w.batchBytes,
		Alike: max(1, min(alike, w.batchEvents)), Linger: x.Linger.String(),
	}
}

// Headers shows a request's headers without its credentials. The profile is shown:
// it is whose events these are, and names no person.
func Headers(h http.Header, profile string) map[string]string {
	shown := make(map[string]string, len(h))
	for name, values := range h {
		switch v := values[0]; {
		case name == "Authorization":
			shown[name] = "Bearer [token]"
		case name == http.CanonicalHeaderKey(amazon.TokenHeader):
			shown[name] = "[token]"
		case v == profile, v == clientID:
			shown[name] = v
		default:
			shown[name] = redact.Text(v)
		}
	}
	return shown
}
