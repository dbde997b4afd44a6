package sink

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxAnswer bounds what is read of an answer. A request has a megabyte at most
// and the answer may echo it with its events spelt out more widely.
const maxAnswer = 8 << 20

// sender makes one HTTP exchange and says what came of it. It knows nothing of
// lanes, retries or verdicts.
type sender struct {
	client  *http.Client
	timeout time.Duration
	now     func() time.Time
	metrics *metrics
	unclear *unclear
	zipper  *zipper   // nil sends bodies as they are
	answers sync.Pool // *bytes.Buffer, empty
}

// maxSpareAnswer is the largest memory of an answer that is kept for the next: one
// that echoes a full request's events.
const maxSpareAnswer = 2 << 20

// lend returns a buffer for an answer whose length is given, or is not known and
// below zero. What is read of an answer is copied out of it.
func (s *sender) lend(length int64) *bytes.Buffer {
	b, _ := s.answers.Get().(*bytes.Buffer)
	if b == nil {
		b = new(bytes.Buffer)
	}
	if length > 0 {
		b.Grow(int(min(length, maxAnswer)) + bytes.MinRead) // which reading to the end asks for
	}
	return b
}

func (s *sender) takeBack(b *bytes.Buffer) {
	if b.Cap() <= maxSpareAnswer {
		b.Reset()
		s.answers.Put(b)
	}
}

// result is what came of an exchange: an answer, or the fault that kept it away.
type result struct {
	Answer
	// fault is set when there was no answer, or not a whole one; the kind is
	// then Failed. Half an answer is none: what it did not get to say about an
	// event could be anything.
	fault fault
	// retryAfter is how long the server wants to be left alone; 0 means it did
	// not say.
	retryAfter time.Duration
	// request is what a receipt says of the exchange.
	request *request
}

// label names the result in metrics: the status, or the kind of fault.
func (r *result) label() string {
	if r.fault.label != "" {
		return r.fault.label
	}
	return strconv.Itoa(r.Status)
}

// send posts a body of len(items) events and sets the items. Its bytes are not
// touched any more once it has returned.
func (s *sender) send(ctx context.Context, to *Route, profile string, token AccessToken, b body, items []Item) result {
	began := s.now()
	res := s.exchange(ctx, to, profile, token, b, items)
	if res.fault.label == faultCancelled {
		return res
	}
	ended := s.now()
	if res.request == nil {
		res.request = &request{}
	}
	res.request.sent, res.request.answered = began, ended
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
func (s *sender) exchange(ctx context.Context, to *Route, profile string, token AccessToken, b body, items []Item) result {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if z := s.zipper.zip(b); z != nil {
		res := s.post(ctx, to, profile, token, body{z.buf.Bytes()}, "gzip", items)
		s.zipper.pool.Put(z)
		if s.zipper.understood(res.Status) {
			return res
		}
		s.metrics.requests.WithLabelValues(res.label()).Inc()
		clear(items)
	}
	return s.post(ctx, to, profile, token, b, "", items)
}

func (s *sender) post(ctx context.Context, to *Route, profile string, token AccessToken, b body, encoding string, items []Item) result {
	p := &payload{body: b}
	defer p.release()

	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.endpoint, p.open())
	if err != nil {
		return s.failed(err)
	}
	req.ContentLength = int64(b.size())
	// net/http can then itself send again what a connection that was just
	// closed for being idle did not carry.
	req.GetBody = func() (io.ReadCloser, error) { return p.open(), nil }
	to.contract.SetHeaders(req.Header, Principal{ClientID: to.clientID, ProfileID: profile, AdvertiserID: to.advertiserID, Token: token})
	req.Header.Set("User-Agent", "amazon-capi")
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}

	resp, err := s.client.Do(req)
	if err != nil {
		return s.failed(err)
	}
	defer resp.Body.Close()
	answer := s.lend(resp.ContentLength)
	defer s.takeBack(answer)
	if _, err := answer.ReadFrom(io.LimitReader(resp.Body, maxAnswer+1)); err != nil {
		return s.failed(err)
	}
	if answer.Len() > maxAnswer {
		return result{Answer: Answer{Kind: Failed}, fault: fault{faultTruncated, "the answer is larger than 8 MB"}}
	}
	return result{
		Answer: to.contract.ReadAnswer(Response{
			Status:      resp.StatusCode,
			ContentType: resp.Header.Get("Content-Type"),
			Body:        answer.Bytes(),
		}, items),
		retryAfter: retryAfter(resp.Header, s.now()),
		request:    &request{id: requestID(resp.Header)},
	}
}

func (s *sender) failed(err error) result {
	return result{Answer: Answer{Kind: Failed}, fault: describeFault(err, s.timeout)}
}
