package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reply is an answer before it is sent. Status 0 is none: the connection is
// closed.
type reply struct {
	status      int
	contentType string
	retryAfter  string
	body        []byte
}

const page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Welcome</h1></body></html>\n"

// befall turns a judgement into an answer and lets the fault have its way with
// both.
func (a *Amazon) befall(c contract, o *outcome, f *Fault, b *Behaviour) reply {
	if f == nil {
		return o.reply(c, b)
	}
	if !f.takes() {
		for i := range o.items {
			o.items[i].Verdict, o.items[i].Code = Unjudged, ""
		}
	}
	switch f.Do {
	case Items:
		a.each(o, f.Share, func(it *item) {
			it.Verdict, it.Code = Later, f.Code
			it.found = []problem{{code: f.Code, message: "try again later"}}
		})
	case Omit:
		a.each(o, f.Share, func(it *item) {
			it.silent = true
			if !f.Taken {
				it.Verdict = Unjudged
			}
		})
	}
	if rep, ok := a.replyOf(f); ok {
		return rep
	}
	return o.reply(c, b)
}

// each calls change for a share of the events that were taken.
func (a *Amazon) each(o *outcome, share float64, change func(*item)) {
	var taken []*item
	for i := range o.items {
		if o.items[i].Verdict == Taken {
			taken = append(taken, &o.items[i])
		}
	}
	for i, hit := range a.faults.pick(len(taken), share) {
		if hit {
			change(taken[i])
		}
	}
}

// denials are bodies of gateways and frameworks that report a failure under a
// status of success.
var denials = []string{
	`{"success":false}`,
	`{"status":"error","message":"try again"}`,
	`{"Output":{"__type":"InternalFailure"},"Version":"1.0"}`,
	`{"message":"Internal server error"}`,
	`{"accepted":0,"rejected":1}`,
	`{"data":{"error":{"code":"INTERNAL_ERROR"}}}`,
}

// replyOf is the answer that the fault gives in place of the endpoint's own; ok
// is false if it leaves that one be.
func (a *Amazon) replyOf(f *Fault) (rep reply, ok bool) {
	switch f.Do {
	case Refuse:
		return reply{}, true
	case HTML:
		return reply{status: f.Status, contentType: "text/html; charset=utf-8", body: []byte(page)}, true
	case Garbage:
		return reply{status: http.StatusOK, contentType: "application/json", body: []byte(`{"success":[{"ind`)}, true
	case Deny:
		return reply{status: f.Status, contentType: "application/json", body: []byte(a.faults.denial())}, true
	case Status, Throttle:
		const message = "the sandbox was told to answer this"
		if f.At == AtToken {
			rep = tokenFailure(&tokenError{f.Status, cmp.Or(f.Code, "server_error"), message})
		} else {
			rep = failure(refuse(f.Status, cmp.Or(f.Code, codeOf(f.Status)), message), false)
		}
		if f.RetryAfter > 0 {
			rep.retryAfter = strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds())))
			if f.RetryDate {
				rep.retryAfter = a.opts.Now().Add(f.RetryAfter + time.Second - 1).UTC().Format(http.TimeFormat)
			}
		}
		return rep, true
	}
	return reply{}, false
}

// codeOf names a status as Amazon does: TOO_MANY_REQUESTS.
func codeOf(status int) string {
	return strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_"))
}

type itemError struct {
	Code          string `json:"code"`
	Message       string `json:"message"`
	FieldLocation string `json:"fieldLocation,omitempty"`
}

// reply is the answer of a healthy Amazon.
func (o *outcome) reply(c contract, b *Behaviour) reply {
	if o.failed != nil {
		return failure(o.failed, b.QuoteValues)
	}
	type refused struct {
		Index  int         `json:"index"`
		Errors []itemError `json:"errors"`
	}
	type echo struct {
		Index int             `json:"index"`
		Event json.RawMessage `json:"event"`
	}
	body := struct {
		Success []any     `json:"success"`
		Error   []refused `json:"error"`
	}{make([]any, 0, len(o.items)), []refused{}}
	status, echoes := c.answers(b)
	for i := range o.items {
		it := &o.items[i]
		switch {
		case it.silent:
			status = http.StatusMultiStatus
		case len(it.found) > 0:
			status = http.StatusMultiStatus
			r := refused{Index: i}
			for _, p := range it.found {
				r.Errors = append(r.Errors, itemError{p.code, p.text(b.QuoteValues), location(i, p.field)})
			}
			body.Error = append(body.Error, r)
		case echoes:
			body.Success = append(body.Success, echo{i, it.raw})
		default:
			body.Success = append(body.Success, c.taken(i, it.EventID))
		}
	}
	if status == http.StatusNoContent {
		return reply{status: status}
	}
	return jsonReply(status, body)
}

func location(index int, field string) string {
	s := fmt.Sprintf("events[%d]", index)
	if field != "" {
		s += "." + field
	}
	return s
}

// failure refuses a request as a whole, and says of its events nothing.
func failure(p *problem, quote bool) reply {
	return jsonReply(p.status, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{p.code, p.text(quote)})
}

func jsonReply(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		// What is marshalled here holds strings, numbers and JSON that was read
		// as such; there is nothing in it that could fail.
		panic(err)
	}
	return reply{status: status, contentType: "application/json", body: body}
}

// send sends the reply the way the fault has it.
func send(w http.ResponseWriter, r *http.Request, rep reply, f *Fault) {
	if f != nil && f.Do == Hang {
		if f.Latency == 0 {
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		sleep(r.Context(), f.Latency)
	}
	if rep.status == 0 {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	if rep.contentType != "" {
		h.Set("Content-Type", rep.contentType)
		h.Set("Content-Length", strconv.Itoa(len(rep.body)))
	}
	if rep.retryAfter != "" {
		h.Set("Retry-After", rep.retryAfter)
	}
	if f == nil || f.Do != Reset {
		w.WriteHeader(rep.status)
		_, _ = w.Write(rep.body) // a client that has gone misses its answer
		return
	}
	w.WriteHeader(rep.status)
	_, _ = w.Write(rep.body[:len(rep.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// sleep waits for d, or for the client to go away.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
