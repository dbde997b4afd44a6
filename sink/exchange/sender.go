package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// Sender makes one HTTP exchange and interprets its outcome. It knows nothing of lanes,
// retries or verdicts.
type Sender struct {
	client   *http.Client
	timeout  time.Duration
	now      func() time.Time
	metrics  *metrics
	unclear  *unclear
	zipper   *zipper // nil sends bodies uncompressed
	answers  *answerMemory
	inflater web.Inflater
}

// Options are the settings of a sender.
type Options struct {
	Client  *http.Client  // NewClient; redirects are never followed
	Timeout time.Duration // of one request, including its answer
	// Gzip compresses requests, until Amazon answers 415.
	Gzip       bool
	Log        zerolog.Logger
	Registerer prometheus.Registerer // nil means no metrics
	Now        func() time.Time
}

// NewSender returns a sender. It does not connect.
func NewSender(o Options) *Sender {
	m := newMetrics(o.Registerer)
	s := &Sender{
		client:  web.NoRedirects(o.Client),
		timeout: o.Timeout,
		now:     o.Now,
		metrics: m,
		unclear: &unclear{log: o.Log, count: m.unclear},
		answers: newAnswerMemory(),
	}
	if o.Gzip {
		s.zipper = newZipper(o.Log)
	}
	return s
}

// Trim releases memory that was not needed since the last call.
func (s *Sender) Trim() { s.answers.large.Trim() }

// Close closes idle connections.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// Result is the outcome of an exchange: an answer, or the fault that prevented it.
type Result struct {
	amazon.Answer
	// Fault is set if there was no complete answer; the kind is then Failed. Half an
	// answer counts as none, because the missing part could say anything about an event.
	Fault web.Fault
	// RetryAfter is how long the server asked to be left alone; 0 if it did not.
	RetryAfter time.Duration
	// Request is the exchange as receipts describe it.
	Request *verdict.Request

	header http.Header // of the answer; nil without one
}

// Label names the result in metrics: the status, or the kind of fault.
func (r *Result) Label() string {
	if r.Fault.Label != "" {
		return r.Fault.Label
	}
	return strconv.Itoa(r.Status)
}

// Send posts a body of len(items) events and sets the items. Nothing reads the body once
// it has returned.
func (s *Sender) Send(ctx context.Context, to *Route, profile string, token login.AccessToken, b Body, items []amazon.Item) Result {
	began := s.now()
	res := s.exchange(ctx, to, profile, token, b, items)
	if res.Fault.Label == web.FaultCancelled {
		return res
	}
	ended := s.now()
	if res.Request == nil {
		res.Request = &verdict.Request{}
	}
	res.Request.Sent, res.Request.Answered = began, ended
	s.metrics.requests.WithLabelValues(res.Label()).Inc()
	if res.Unclear != "" {
		s.unclear.note(res.Unclear, res.Status, func(key string) bool {
			return strings.EqualFold(key, profile) || b.repeats(key)
		})
	}
	s.metrics.duration.Observe(ended.Sub(began).Seconds())
	s.metrics.batchEvents.Observe(float64(len(items)))
	s.metrics.batchBytes.Observe(float64(b.size()))
	return res
}

// exchange makes the request, and repeats it uncompressed if Amazon does not accept the
// compression.
func (s *Sender) exchange(ctx context.Context, to *Route, profile string, token login.AccessToken, b Body, items []amazon.Item) Result {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if z := s.zipper.zip(b); z != nil {
		res := s.post(ctx, to, profile, token, Body{z.buf.Bytes()}, "gzip", answerLimit(len(items), b.size()), items)
		res.identify(b)
		s.zipper.pool.Put(z)
		if s.zipper.understood(res.Status) {
			return res
		}
		s.metrics.requests.WithLabelValues(res.Label()).Inc()
		clear(items)
	}
	res := s.post(ctx, to, profile, token, b, "", answerLimit(len(items), b.size()), items)
	res.identify(b)
	return res
}

// identify sets the request's id from the answer, unless that repeats something that was
// sent.
func (r *Result) identify(sent Body) {
	if r.header != nil {
		r.Request = &verdict.Request{ID: requestID(r.header, sent)}
	}
}

func (s *Sender) post(ctx context.Context, to *Route, profile string, token login.AccessToken, b Body, encoding string, most int, items []amazon.Item) Result {
	p := &payload{body: b}
	defer p.release()

	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Endpoint, p.open())
	if err != nil {
		return s.failed(err)
	}
	req.ContentLength = int64(b.size())
	// net/http can then resend a request on its own if an idle connection was closed
	// before it carried it.
	req.GetBody = func() (io.ReadCloser, error) { return p.open(), nil }
	to.setHeaders(req.Header, profile, token)
	req.Header.Set("User-Agent", "amazon-capi")
	// Answers are small, and compressed ones would add a way to fail.
	req.Header.Set("Accept-Encoding", "identity")
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}

	resp, err := s.client.Do(req)
	if err != nil {
		return s.failed(err)
	}
	defer resp.Body.Close()
	res := s.answered(ctx, to.Contract, resp, most, items)
	res.RetryAfter = web.RetryAfter(resp.Header, s.now())
	res.header = resp.Header
	return res
}

// answered reads an answer.
func (s *Sender) answered(ctx context.Context, k amazon.Contract, resp *http.Response, most int, items []amazon.Item) (res Result) {
	read := func(body []byte) {
		res.Answer = k.ReadAnswer(amazon.Response{Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Body: body}, items)
	}
	err := s.readBody(ctx, resp, most, read)
	var odd *web.Unreadable
	if errors.As(err, &odd) || errors.Is(err, web.ErrTooLarge) {
		// Some statuses are unambiguous without a body. Others must not be believed without
		// one: a proxy's page would become a verdict on events.
		if status := resp.StatusCode; status >= 300 && slices.Contains([]amazon.Kind{amazon.Failed, amazon.Foreign}, amazon.KindOf(status)) {
			read(nil)
			return res
		}
		return Result{Answer: amazon.Answer{Kind: amazon.Failed}, Fault: bodyFault(resp.StatusCode, err)}
	}
	if err != nil {
		return s.failed(err)
	}
	return res
}

func bodyFault(status int, err error) web.Fault {
	label := web.FaultUnreadable
	if errors.Is(err, web.ErrTooLarge) {
		label = web.FaultTruncated
	}
	return web.Fault{Label: label, Text: fmt.Sprintf("status %d, but %s", status, err)}
}

func (s *Sender) failed(err error) Result {
	return Result{Answer: amazon.Answer{Kind: amazon.Failed}, Fault: web.FaultOf(err, s.timeout)}
}

// Describe summarises a failed request in a few words, with the identifiers of its events
// masked.
func (r *Result) Describe(identifiers []string) string {
	if r.Fault.Text != "" {
		return redact.Known(r.Fault.Text, identifiers...)
	}
	why := r.Said.Reason(0, 0, identifiers)
	switch code := why.Code; {
	case r.Status < 400 && why.Message != "":
		return redact.Line(fmt.Sprintf("status %d: %s", r.Status, why.Message), 300)
	case r.Status < 400:
		return fmt.Sprintf("status %d, and no event settled", r.Status)
	case code != "":
		return fmt.Sprintf("status %d %s", r.Status, code)
	}
	return fmt.Sprintf("status %d", r.Status)
}
