package testsend

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/transform"
)

// Sender makes single requests; *sink.Direct.
type Sender interface {
	URL() string
	Header(profile string, token login.AccessToken) http.Header
	Send(ctx context.Context, profile string, token login.AccessToken, events ...[]byte) exchange.Reply
}

// Trial is the sender and its options.
type Trial struct {
	Transformer *transform.Transformer
	Contract    amazon.Contract
	Sender      Sender
	// Token makes one exchange of the refresh token.
	Token func(context.Context) (login.Grant, error)
	View  redact.View
	// DryRun shows the request without sending it.
	DryRun bool
}

// Outcomes of a trial besides the classes of verdicts.
const (
	OutcomeDryRun    = "dry-run"
	OutcomeNoToken   = "no-token"
	OutcomeUndecided = "undecided"
)

// Report is the result of a trial; its JSON is for programs.
type Report struct {
	EventID string `json:"event_id"`
	Profile string `json:"profile"`
	// Request is nil if the event is refused before there is one.
	Request *Request `json:"request,omitempty"`
	// TokenExpiresIn is in seconds; 0 if no token was requested.
	TokenExpiresIn int `json:"token_expires_in,omitempty"`
	// Answers are Amazon's, in order; two if the first was a 401.
	Answers []Answer `json:"answers,omitempty"`
	// Outcome is the class of the verdict, or one of the outcomes above.
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message,omitempty"`
	Remedy  string `json:"remedy"`
}

// Request is what is sent, without credentials and identifiers.
type Request struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Event   json.RawMessage   `json:"event"`
	Bytes   int               `json:"bytes"` // of the event
}

// Answer is one of Amazon's.
type Answer struct {
	Status       int    `json:"status"` // 0 if there was none
	RequestID    string `json:"request_id,omitempty"`
	Milliseconds int64  `json:"ms"`
	Verdict      string `json:"verdict,omitempty"` // empty if it decides nothing
	Message      string `json:"message,omitempty"`
}

// Accepted reports whether Amazon accepted the event.
func (r *Report) Accepted() bool { return r.Outcome == verdict.Accepted.String() }

// Run sends the event and returns the result. The error is ctx's.
func (t *Trial) Run(ctx context.Context, ev *schemas.Event, now time.Time) (*Report, error) {
	r := &Report{EventID: redact.EventID(ev.EventID), Profile: redact.ProfileField(ev.ProfileID)}
	e := t.Transformer.Explain(ev, now)
	if !e.OK {
		r.decided(e.Reason)
		return r, nil
	}
	body, why := amazon.Encode(t.Contract, &e.Conversion, now)
	if why != nil {
		r.decided(*why)
		return r, nil
	}
	r.Request = &Request{
		Method: http.MethodPost, URL: t.Sender.URL(), Bytes: len(body),
		Headers: explain.Headers(t.Sender.Header(ev.ProfileID, login.AccessToken{}), ev.ProfileID),
		Event:   t.View.Payload(body, t.Contract.Identifiers(body)),
	}
	if t.DryRun {
		r.Outcome, r.Remedy = OutcomeDryRun, "Nothing: nothing was sent. Add --go to send it."
		return r, nil
	}
	return r, t.exchange(ctx, r, ev.ProfileID, body)
}

// exchange sends once, and once more with another token if Amazon refuses the first: what
// the guide requires after a 401, and what run does.
func (t *Trial) exchange(ctx context.Context, r *Report, profile string, body []byte) error {
	for {
		grant, err := t.Token(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			r.Outcome, r.Message, r.Remedy = OutcomeNoToken, err.Error(), noTokenRemedy
			return nil
		}
		r.TokenExpiresIn = int(grant.ExpiresIn.Seconds())
		reply := t.Sender.Send(ctx, profile, grant.Token, body)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.Answers = append(r.Answers, answerOf(&reply))
		if reply.Kind == amazon.Unauthenticated && len(r.Answers) == 1 {
			continue
		}
		if reply.Reason.Class == 0 {
			r.undecided(&reply)
		} else {
			r.decided(reply.Reason)
		}
		return nil
	}
}

func answerOf(reply *exchange.Reply) Answer {
	a := Answer{
		Status: reply.Status, RequestID: reply.RequestID, Milliseconds: reply.Answered.Sub(reply.Sent).Milliseconds(),
		Message: reply.Reason.Message,
	}
	if reply.Reason.Class != 0 {
		a.Verdict = reply.Reason.Class.String()
	}
	return a
}

func (r *Report) decided(why verdict.Reason) {
	r.Outcome, r.Code, r.Field, r.Message = why.Class.String(), why.Code, why.Field, why.Message
	r.Remedy = verdict.Mend(why)
}

func (r *Report) undecided(reply *exchange.Reply) {
	r.Outcome, r.Code, r.Field, r.Message = OutcomeUndecided, reply.Reason.Code, reply.Reason.Field, reply.Reason.Message
	r.Remedy = Undecided(reply)
}

const noTokenRemedy = "Nothing was sent. Check that --client-id, --client-secret and --refresh-token belong to one Login with Amazon client, and --token-url."

// Undecided says what to do about an answer that decides nothing.
func Undecided(reply *exchange.Reply) string {
	switch {
	case reply.Kind == amazon.Foreign:
		return "Whoever answered is not Amazon's API: check --amazon-url, --contract and proxies in between."
	case reply.Status == http.StatusTooManyRequests:
		return "Amazon throttles this profile. Try again later, with the same --event-id; run waits and tries again by itself."
	case reply.Status == 0:
		return "There was no whole answer: check --amazon-url, name resolution and firewalls. " +
			"Amazon may have taken the event all the same: repeat it with the same --event-id only."
	}
	return "Amazon has not decided. Try again later, with the same --event-id; run waits and tries again by itself."
}
