package registry

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/web"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

var errNoSchema = errors.New("answer without a schema")

// ErrAway matches every *AwayError.
var ErrAway = errors.New("schema registry away")

// AwayError says that the registry gave no answer that can be trusted: it refused
// the connection, timed out, failed, rejected the credentials, or was not a registry
// at all. It says nothing about the record, which is held and tried again.
type AwayError struct {
	// Op is what was asked for, such as "schema id 12".
	Op string
	// Endpoint is the registry's URL without user name, password and query.
	Endpoint string
	// Status is the HTTP status, 0 when there was none.
	Status int
	// Detail says what went wrong, without secrets.
	Detail string

	cause error
}

func (e *AwayError) Error() string {
	s := "schema registry"
	if e.Endpoint != "" {
		s += " " + e.Endpoint
	}
	return s + ": " + e.Op + ": " + e.Detail
}

// Is makes errors.Is(err, ErrAway) true.
func (e *AwayError) Is(target error) bool { return target == ErrAway }

// Unwrap returns the cause, for checks of context errors; its text may contain what
// Error leaves out.
func (e *AwayError) Unwrap() error { return e.cause }

// Answered reports whether something answered, so that it may have a better answer to other
// questions.
func (e *AwayError) Answered() bool {
	if e.Status != 0 || errors.Is(e.cause, errNoSchema) || errors.Is(e.cause, errNotJSON) {
		return true
	}
	return errors.As(e.cause, new(*otherError)) || errors.As(e.cause, new(*json.SyntaxError)) || errors.As(e.cause, new(*json.UnmarshalTypeError))
}

// Away returns the error of a registry that gave no answer that can be trusted; detail
// has no secrets.
func Away(op, endpoint string, status int, detail string, cause error) *AwayError {
	return &AwayError{Op: op, Endpoint: endpoint, Status: status, Detail: detail, cause: cause}
}

// GaveUp returns the error of a caller that stopped waiting for a schema.
func GaveUp(ref framing.Ref, cause error) *AwayError {
	return &AwayError{Op: ref.String(), Detail: "gave up waiting", cause: cause}
}

// RefusedError says that the registry answered no: there is no such subject, version
// or schema, or it rejects the one it was given.
type RefusedError struct {
	// Op is what was asked for.
	Op string
	// Status is the HTTP status, Code the registry's own, such as 40403.
	Status, Code int
	// Message is the registry's own, on one line and bounded.
	Message string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("schema registry: %s: refused with %d (code %d): %s", e.Op, e.Status, e.Code, e.Message)
}

// missing reports whether the registry said that what was asked for does not exist.
func (e *RefusedError) missing() bool { return e.Status == http.StatusNotFound }

func missing(err error) bool {
	var no *RefusedError
	return errors.As(err, &no) && no.missing()
}

// classify makes an error of the client a *RefusedError or a *AwayError.
//
// Only an answer of the registry itself counts as no. A proxy, or a registry under
// another path, answers everything with a bare 404, and taking that for "no such id"
// would dead-letter a whole topic because of a wrong URL. So a 404 must come with the
// error code that the registry's API has for it.
func (r *Client) classify(ctx context.Context, q question, endpoint string, err error) error {
	if err == nil {
		return nil
	}
	away := &AwayError{Op: q.op, Endpoint: endpoint, cause: err}
	var answer *sr.ResponseError
	if !errors.As(err, &answer) {
		away.Detail = r.transportDetail(ctx, err)
		return away
	}
	said := oneLine(answer.Message)
	switch status := answer.StatusCode; {
	case status == http.StatusNotFound && (sr.IsNotFoundError(answer.ErrorCode) || q.apicurio && apicurioMissing(answer.Raw)),
		q.submits && (status == http.StatusConflict || status == http.StatusUnprocessableEntity) && answer.ErrorCode != 0:
		return &RefusedError{Op: q.op, Status: status, Code: answer.ErrorCode, Message: said}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		away.Detail = fmt.Sprintf("it answers %d: check the registry's %s, and what it may read", status, r.credentials())
	case web.IsRedirect(status):
		away.Detail = fmt.Sprintf("it answers with a redirect (%d), which is not followed: want the URL that it leads to", status)
	case status == http.StatusNotFound && q.guid:
		away.Detail = "it answers 404 without a registry's error code: it does not know GUIDs, which Confluent Platform does from 8 on, or the URL is wrong"
	case status == http.StatusNotFound:
		away.Detail = "it answers 404 without a registry's error code: check the URL"
	case answer.ErrorCode != 0:
		away.Detail = fmt.Sprintf("it answers %d: %s", status, said)
	default:
		away.Detail = fmt.Sprintf("it answers %d", status)
	}
	away.Status = answer.StatusCode
	return away
}

// credentials says what the registry knows its user by.
func (r *Client) credentials() string {
	if r.bearer == nil {
		return "user name and password"
	}
	if len(r.headers) == 0 {
		return "token (Confluent Cloud's also wants the registry's cluster, and the identity pool)"
	}
	return "token, cluster and identity pool"
}

// apicurioMissing reports whether an answer of Apicurio's says that there is no such
// id. A proxy's or another path's 404 does not name an exception.
func apicurioMissing(body []byte) bool {
	var said struct {
		Name string `json:"name"`
	}
	return json.Unmarshal(body, &said) == nil && strings.HasSuffix(said.Name, "NotFoundException")
}

// transportDetail says why there was no answer or none that could be parsed.
func (r *Client) transportDetail(ctx context.Context, err error) string {
	var (
		syntax   *json.SyntaxError
		wrong    *json.UnmarshalTypeError
		tooLarge *http.MaxBytesError
		netErr   net.Error
		urlErr   *url.Error
		token    *tokenError
		other    *otherError
	)
	switch {
	case ctx.Err() != nil:
		return "gave up asking"
	case errors.As(err, &token):
		return "there is no token to ask with: " + bounded(token.Error())
	case errors.As(err, &syntax), errors.As(err, &wrong), errors.Is(err, errNoSchema):
		return "its answer is not a registry's: check the URL"
	case errors.As(err, &other), errors.Is(err, errNotJSON):
		return err.Error() + ": check the registry, and what is in between"
	case errors.As(err, &tooLarge):
		return fmt.Sprintf("its answer has more than %d MB: check the URL", maxRegistryAnswer>>20)
	case errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Sprintf("no whole answer within %s", r.timeout)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "its answer was cut off"
	case errors.As(err, new(*tls.CertificateVerificationError)) && errors.As(err, &urlErr):
		return bounded(redact.Error(urlErr.Err)) + ": check which certificates are trusted for the registry, and the name in its URL"
	case errors.As(err, &urlErr):
		return bounded(redact.Error(urlErr.Err))
	}
	return bounded(redact.Error(err))
}

// oneLine makes a stranger's text fit to show: masked, and short enough for a log
// line.
func oneLine(s string) string { return bounded(redact.Message(s)) }

func bounded(s string) string {
	if len(s) > 300 {
		s = redact.Line(s, 300) + " …"
	}
	return s
}
