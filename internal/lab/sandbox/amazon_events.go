package sandbox

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/count"
)

// magicID finds the status that an event id asks to be refused with. They are
// those that concern one event: 401 and 403 are about the profile, 429 and 5xx
// pass.
var magicID = regexp.MustCompile(`sandbox-(400|404|409|413|422)`)

var magicCodes = map[string]string{
	"400": "BAD_REQUEST", "404": "NOT_FOUND", "409": "ALREADY_SETTLED", "413": "CONTENT_TOO_LARGE", "422": "INVALID_EVENT",
}

// outcome is what becomes of a request and its events.
type outcome struct {
	// failed is why the request as a whole is refused; nil if it is not.
	failed *problem
	items  []item
}

type item struct {
	Item
	raw   json.RawMessage
	found []problem
	// silent leaves it out of the answer.
	silent bool
}

// serveEvents is the events endpoint: faults first, then the judgement, the
// record, and the answer last.
func (a *Amazon) serveEvents(c contract, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		send(w, r, failure(refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "events are sent by POST"), false), nil)
		return
	}
	b := a.behaviour.Load()
	if b.Gzip && r.Header.Get("Content-Encoding") == "gzip" {
		inflate(r)
	}
	body, err := a.readBody(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off: it sent no request
	}
	profile := tenantOf(c, r.Header)
	wait, fault := a.faults.strike(AtEvents, profile)
	// A sender that gives up meanwhile has still sent its events: Amazon would
	// not notice either.
	sleep(r.Context(), wait)

	if fault != nil && fault.Do == Expire {
		a.tokens.withdraw(bearer(r.Header))
	}
	o := a.judge(c, r, body, b.Refusal)
	rep := a.befall(c, o, fault, b)

	entry := Request{Time: a.opts.Now(), Contract: c.name(), Status: rep.status, Bytes: len(body), Items: make([]Item, len(o.items))}
	if isWord(profile) {
		entry.Profile = profile
	}
	if fault != nil {
		entry.Fault = fault.Name
	}
	for i := range o.items {
		entry.Items[i] = o.items[i].Item
	}
	if err := a.record.add(&entry); err != nil {
		send(w, r, failure(refuse(http.StatusInternalServerError, "INTERNAL_ERROR", "the sandbox cannot write its record: %v", err), false), nil)
		return
	}
	a.shown.take(entry.Profile, o.items)
	send(w, r, rep, fault)
}

// readBody reads what may be read of a body; one byte over the limit is enough
// to refuse it. The rest is drained up to a bound, because a client that is
// still writing sees a closed connection instead of the 413.
func (a *Amazon) readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(a.opts.MaxBody)+1))
	if err == nil && len(body) > a.opts.MaxBody {
		_, err = io.CopyN(io.Discard, r.Body, 64<<20)
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	return body, err
}

// inflate has a compressed body read as what it is. One that is not a gzip stays as
// it is, and is not JSON.
func inflate(r *http.Request) {
	head := bufio.NewReader(r.Body)
	if magic, err := head.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		if z, err := gzip.NewReader(head); err == nil {
			r.Body = io.NopCloser(z)
			r.Header.Del("Content-Encoding")
			return
		}
	}
	r.Body = io.NopCloser(head)
}

// judge decides as a healthy Amazon would.
func (a *Amazon) judge(c contract, r *http.Request, body []byte, refusal Refusal) *outcome {
	o := &outcome{}
	// The events are read whatever the headers say: the record wants to know
	// which ones a refused request held.
	unreadable := a.readItems(c, body, o)
	account, bad := a.maySend(c, r)
	if o.failed = bad; bad != nil {
		return o
	}
	for i := range o.items {
		if c.name() == (eventsV1{}).name() {
			o.items[i].found = append(o.items[i].found, checkDataSet(o.items[i].raw, account)...)
		}
	}
	if len(body) > a.opts.MaxBody || len(o.items) > a.opts.MaxEvents {
		o.failed = refuse(http.StatusRequestEntityTooLarge, "CONTENT_TOO_LARGE", "a request may have %s and %s", count.Of(a.opts.MaxEvents, "event"), count.Of(a.opts.MaxBody, "byte"))
		return o
	}
	if o.failed = unreadable; o.failed != nil {
		return o
	}
	for i := range o.items {
		it := &o.items[i]
		switch {
		case len(it.found) > 0:
			it.Verdict, it.Code = Refused, it.found[0].code
			if refusal == RefuseBatch && o.failed == nil && c.whole(&it.found[0]) {
				o.failed = &it.found[0]
			}
		default:
			it.Verdict = Taken
		}
	}
	if o.failed != nil {
		for i := range o.items {
			if o.items[i].Verdict == Taken {
				o.items[i].Verdict = Unjudged
			}
		}
	}
	return o
}

// maySend checks all that the headers say, and returns who sends.
func (a *Amazon) maySend(c contract, r *http.Request) (*Account, *problem) {
	if bad := checkForm(c, r); bad != nil {
		return nil, bad
	}
	tenant, client := c.headers()
	isV1 := c.name() == (eventsV1{}).name()
	account := a.tokens.account(bearer(r.Header))
	if isV1 && r.Header.Get(tokenHeader) != "" {
		var bad *problem
		if account, bad = a.byAPIToken(r.Header); bad != nil {
			return nil, bad
		}
	} else if account == nil {
		return nil, refuse(http.StatusUnauthorized, "UNAUTHORIZED", "the access token is missing, not known or expired")
	} else if r.Header.Get(client) == "" {
		return nil, refuse(http.StatusBadRequest, "BAD_REQUEST", "header %s is required", client)
	} else if r.Header.Get(client) != account.ClientID {
		return nil, refuse(http.StatusForbidden, "FORBIDDEN", "header %s is not the client that the access token was given to", client)
	}
	profile := tenantOf(c, r.Header)
	if isV1 {
		if bad := checkTenant(r.Header); bad != nil {
			return nil, bad
		}
	} else if !c.account(profile) {
		return nil, refuse(http.StatusBadRequest, "BAD_REQUEST", "header %s must be the id of an account", tenant)
	}
	if !account.mayBeFor(profile) {
		return nil, refuse(http.StatusForbidden, "FORBIDDEN", "this account may not send for the profile in %s", tenant)
	}
	return account, nil
}

// checkForm checks the headers that say what the body is, and that none is there twice.
func checkForm(c contract, r *http.Request) *problem {
	ct, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || ct != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return refuse(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "the content type must be application/json")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return refuse(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "the body must not be encoded")
	}
	tenant, client := c.headers()
	for _, h := range []string{"Authorization", tenant, client, managerHeader, tokenHeader} {
		if len(r.Header.Values(h)) > 1 {
			return refuse(http.StatusBadRequest, "BAD_REQUEST", "header %s is given more than once", h)
		}
	}
	return nil
}

// isWord reports whether a profile id could be one: printable ASCII, no spaces,
// not long. What else a header holds is not worth a place in the record.
func isWord(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// readItems finds the events of a body and what is wrong with each.
func (a *Amazon) readItems(c contract, body []byte, o *outcome) *problem {
	if len(body) > a.opts.MaxBody {
		return nil
	}
	if err := document(body); err != nil {
		return refuse(http.StatusBadRequest, "BAD_REQUEST", "%v", err)
	}
	var bad *problem
	found := false
	isObject := eachMember(body, func(name string, value []byte, again bool) {
		list, isList := elements(value)
		switch {
		case name != "events" || again:
			bad = refuse(http.StatusBadRequest, "BAD_REQUEST", "the body must have the one field events")
		case !isList || len(list) == 0:
			bad = refuse(http.StatusBadRequest, "BAD_REQUEST", "events must be a list of at least one event")
		}
		found = found || name == "events"
		if bad == nil {
			o.items = a.checkAll(c, list)
		}
	})
	if bad == nil && (!isObject || !found) {
		bad = refuse(http.StatusBadRequest, "BAD_REQUEST", "the body must be an object with the field events")
	}
	return bad
}

// refusedType finds an event's type among those that are refused.
func refusedType(raw json.RawMessage, refused []string) []problem {
	var ev struct {
		EventType        string `json:"eventType"`
		EventDescription struct {
			ConversionType string `json:"conversionType"`
		} `json:"eventDescription"`
	}
	if json.Unmarshal(raw, &ev) != nil {
		return nil // what it is has been found already
	}
	for _, f := range []struct{ field, is string }{{"eventType", ev.EventType}, {"eventDescription.conversionType", ev.EventDescription.ConversionType}} {
		if f.is != "" && slices.Contains(refused, f.is) {
			return []problem{{status: http.StatusUnprocessableEntity, code: codeField, message: f.field + " is not a type that the advertiser has", field: f.field}}
		}
	}
	return nil
}

func (a *Amazon) checkAll(c contract, list []json.RawMessage) []item {
	now := a.opts.Now()
	items := make([]item, len(list))
	seen := make(map[string]bool, len(list))
	refused := a.behaviour.Load().RefuseTypes
	for i, raw := range list {
		id, found := c.check(raw, now)
		if len(refused) > 0 {
			found = append(found, refusedType(raw, refused)...)
		}
		if id != "" && seen[id] && c.unique() {
			found = append(found, *refuse(http.StatusUnprocessableEntity, "DUPLICATE_EVENT_ID", "eventId is in this request already"))
		}
		seen[id] = true
		if m := magicID.FindStringSubmatch(id); m != nil {
			status, _ := strconv.Atoi(m[1]) // the pattern has digits only
			found = append(found, *refuse(status, magicCodes[m[1]], "the event id asks to be refused"))
		}
		items[i] = item{Item: Item{EventID: id, Digest: sha256.Sum256(raw), Verdict: Unjudged}, raw: raw, found: found}
	}
	return items
}
