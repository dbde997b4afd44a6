package exchange

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// DirectOptions are the settings of a Direct. Contract and ClientID or APIToken
// are required.
type DirectOptions struct {
	Contract amazon.Contract
	// BaseURL is the API's, without the contract's path; empty for Region's host.
	BaseURL string
	Region  amazon.Region // NorthAmerica
	amazon.Principal
	APIToken       bool // the tokens are API tokens
	DataSet        amazon.DataSet
	HTTPClient     *http.Client  // NewClient
	RequestTimeout time.Duration // 30s
	Now            func() time.Time
}

// Direct sends single requests as a lane would, but nothing is batched, retried, dead-lettered
// or counted. It is for an operator who wants to see one exchange with Amazon.
type Direct struct {
	sender *Sender
	route  *Route
}

// NewDirect returns a Direct. It does not connect.
func NewDirect(o DirectOptions) (*Direct, error) {
	o.Region = cmp.Or(o.Region, amazon.NorthAmerica)
	o.RequestTimeout = cmp.Or(o.RequestTimeout, 30*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Contract = amazon.WithDataSet(o.Contract, o.DataSet)
	ways := RouteOptions{Contract: o.Contract, BaseURL: o.BaseURL, Principal: o.Principal, APIToken: o.APIToken, DataSet: o.DataSet}
	route, err := ways.route(o.Region)
	if err != nil {
		return nil, err
	}
	return &Direct{NewSender(Options{Client: o.HTTPClient, Timeout: o.RequestTimeout, Now: o.Now}), route}, nil
}

// URL returns where requests go.
func (d *Direct) URL() string { return d.route.Endpoint }

// Contract returns the contract with the account's data set, for encoding events.
func (d *Direct) Contract() amazon.Contract { return d.route.Contract }

// Header returns the headers of a request for the profile, except those of the body, and
// including the token.
func (d *Direct) Header(profile string, token login.AccessToken) http.Header {
	h := make(http.Header)
	d.route.setHeaders(h, profile, token)
	return h
}

// Body returns the body of a request with these events.
func (d *Direct) Body(events ...[]byte) []byte {
	f := d.route.Contract.Frame()
	body := []byte(f.Open)
	for i, e := range events {
		if i > 0 {
			body = append(body, f.Between...)
		}
		body = append(body, e...)
	}
	return append(body, f.Close...)
}

// Reply is the outcome of a request with at most one event.
type Reply struct {
	Kind amazon.Kind
	// Status is Amazon's; 0 if there was no answer.
	Status int
	// Reason has the class that the pipeline would give the event, or none if the pipeline
	// would hold the event and try again. Its text is masked.
	Reason verdict.Reason
	// RequestID is Amazon's, or one of ours if Amazon gave none.
	RequestID      string
	Sent, Answered time.Time
}

// Send posts one event, or none to test whether the profile may send at all.
func (d *Direct) Send(ctx context.Context, profile string, token login.AccessToken, events ...[]byte) Reply {
	if len(events) > 1 {
		events = events[:1]
	}
	items := make([]amazon.Item, len(events))
	began := d.sender.now()
	res := d.sender.exchange(ctx, d.route, profile, token, Body{d.Body(events...)}, items)
	r := Reply{Kind: res.Kind, Status: res.Status, Sent: began, Answered: d.sender.now()}
	if res.Request != nil {
		r.RequestID = res.Request.ID
	}
	var identifiers []string
	for _, e := range events {
		identifiers = append(identifiers, d.route.Contract.Identifiers(e)...)
	}
	r.Reason = res.alone(items, identifiers)
	return r
}

// alone returns the verdict on the only event of a request.
func (r *Result) alone(items []amazon.Item, identifiers []string) verdict.Reason {
	switch r.Kind {
	case amazon.Itemised:
		if len(items) == 0 || items[0].Outcome == amazon.Taken {
			return verdict.Reason{Class: verdict.Accepted, Status: r.Status}
		}
		it := items[0]
		if it.Outcome == amazon.Unsaid {
			return verdict.Reason{Status: r.Status, Message: "the answer does not mention the event"}
		}
		class := verdict.Class(0)
		if slices.Contains([]amazon.Outcome{amazon.Refused, amazon.TooLarge}, it.Outcome) {
			class = verdict.Rejected
		}
		return it.Said.Reason(class, r.Status, identifiers)
	case amazon.Unauthenticated, amazon.Forbidden:
		return r.Said.Reason(verdict.Auth, r.Status, identifiers)
	case amazon.RefusedWhole:
		return r.Said.Reason(verdict.Rejected, r.Status, identifiers)
	}
	why := r.Said.Reason(0, r.Status, identifiers)
	if r.Fault.Text != "" {
		why.Message = r.Describe(identifiers)
	}
	return why
}

// Close closes idle connections.
func (d *Direct) Close() { d.sender.Close() }
