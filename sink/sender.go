package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// sender makes one HTTP exchange and says what came of it. It knows nothing of
// lanes, retries or verdicts.
type sender struct {
	client   *http.Client
	timeout  time.Duration
	now      func() time.Time
	metrics  *senderMetrics
	unclear  *unclear
	zipper   *zipper // nil sends bodies as they are
	answers  *answerMemory
	inflater web.Inflater
}

// senderOptions are the settings of a sender.
type senderOptions struct {
	Client  *http.Client  // NewClient; redirects are never followed
	Timeout time.Duration // of one request with its answer
	// Gzip compresses requests, until Amazon answers 415.
	Gzip       bool
	Log        zerolog.Logger
	Registerer prometheus.Registerer // nil means no metrics
	Now        func() time.Time
}

func newSender(o senderOptions) *sender {
	m := newSenderMetrics(o.Registerer)
	s := &sender{
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

// trim gives up memory that was not needed since the last time.
func (s *sender) trim() { s.answers.large.Trim() }

// close closes the connections that are kept open.
func (s *sender) close() { s.client.CloseIdleConnections() }

// result is what came of an exchange: an answer, or the fault that kept it away.
type result struct {
	amazon.Answer
	// fault is set when there was no answer, or not a whole one; the kind is
	// then Failed. Half an answer is none: what it did not get to say about an
	// event could be anything.
	fault web.Fault
	// RetryAfter is how long the server wants to be left alone; 0 means it did
	// not say.
	retryAfter time.Duration
	// request is what a receipt says of the exchange.
	request *verdict.Request
}

// label names the result in metrics: the status, or the kind of fault.
func (r *result) label() string {
	if r.fault.Label != "" {
		return r.fault.Label
	}
	return strconv.Itoa(r.Status)
}

// send posts a body of len(items) events and sets the items. Its bytes are not
// touched any more once it has returned.
func (s *sender) send(ctx context.Context, to *Route, profile string, token login.AccessToken, b body, items []amazon.Item) result {
	began := s.now()
	res := s.exchange(ctx, to, profile, token, b, items)
	if res.fault.Label == web.FaultCancelled {
		return res
	}
	ended := s.now()
	if res.request == nil {
		res.request = &verdict.Request{}
	}
	res.request.Sent, res.request.Answered = began, ended
	s.metrics.requests.WithLabelValues(res.label()).Inc()
	if res.Unclear != "" {
		s.unclear.note(res.Unclear, res.Status)
	}
	s.metrics.duration.Observe(ended.Sub(began).Seconds())
	s.metrics.batchEvents.Observe(float64(len(items)))
	s.metrics.batchBytes.Observe(float64(b.size()))
	return res
}

// exchange makes the request, and if Amazon does not take it compressed once more
// without.
func (s *sender) exchange(ctx context.Context, to *Route, profile string, token login.AccessToken, b body, items []amazon.Item) result {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if z := s.zipper.zip(b); z != nil {
		res := s.post(ctx, to, profile, token, body{z.buf.Bytes()}, "gzip", answerLimit(len(items), b.size()), items)
		s.zipper.pool.Put(z)
		if s.zipper.understood(res.Status) {
			return res
		}
		s.metrics.requests.WithLabelValues(res.label()).Inc()
		clear(items)
	}
	return s.post(ctx, to, profile, token, b, "", answerLimit(len(items), b.size()), items)
}

func (s *sender) post(ctx context.Context, to *Route, profile string, token login.AccessToken, b body, encoding string, most int, items []amazon.Item) result {
	p := &payload{body: b}
	defer p.release()

	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Endpoint, p.open())
	if err != nil {
		return s.failed(err)
	}
	req.ContentLength = int64(b.size())
	// net/http can then itself send again what a connection that was just
	// closed for being idle did not carry.
	req.GetBody = func() (io.ReadCloser, error) { return p.open(), nil }
	to.setHeaders(req.Header, profile, token)
	req.Header.Set("User-Agent", "amazon-capi")
	// Answers are small, and half a compressed one is one more way to fail.
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
	res.retryAfter = web.RetryAfter(resp.Header, s.now())
	res.request = &verdict.Request{ID: requestID(resp.Header, b)}
	return res
}

// answered reads an answer.
func (s *sender) answered(ctx context.Context, k amazon.Contract, resp *http.Response, most int, items []amazon.Item) (res result) {
	read := func(body []byte) {
		res.Answer = k.ReadAnswer(amazon.Response{Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Body: body}, items)
	}
	err := s.readBody(ctx, resp, most, read)
	var odd *web.Unreadable
	if errors.As(err, &odd) || errors.Is(err, web.ErrTooLarge) {
		// What some statuses mean needs no words. Others must not be believed without
		// them: the page of a proxy would be a verdict on events.
		if status := resp.StatusCode; status >= 300 && slices.Contains([]amazon.Kind{amazon.Failed, amazon.Foreign}, amazon.KindOf(status)) {
			read(nil)
			return res
		}
		return result{Answer: amazon.Answer{Kind: amazon.Failed}, fault: bodyFault(resp.StatusCode, err)}
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

func (s *sender) failed(err error) result {
	return result{Answer: amazon.Answer{Kind: amazon.Failed}, fault: web.FaultOf(err, s.timeout)}
}

// describe says in a few words what a failed request met, with the identifiers
// of its events masked.
func (r *result) describe(identifiers []string) string {
	if r.fault.Text != "" {
		return redact.Known(r.fault.Text, identifiers...)
	}
	why := r.Said.Reason(0, 0, identifiers)
	switch code := why.Code; {
	case r.Status < 400 && why.Message != "":
		return redact.Line(fmt.Sprintf("status %d: %s", r.Status, why.Message), 300)
	case r.Status < 400:
		return fmt.Sprintf("status %d with nothing settled", r.Status)
	case code != "":
		return fmt.Sprintf("status %d %s", r.Status, code)
	}
	return fmt.Sprintf("status %d", r.Status)
}
