package glue

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/web"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const (
	defaultTimeout = 5 * time.Second
	// maxAnswer bounds an answer: a definition of the largest accepted size, with room
	// for JSON's escapes.
	maxAnswer = 4 << 20
)

// Options are where Glue is and who asks it.
type Options struct {
	// Region is AWS's, such as eu-west-1.
	Region string
	// Endpoint replaces the region's own URL, as for a private one.
	Endpoint string
	// Registry is the name of the registry where schemas are registered; empty for the
	// account's default one. Versions are found in any.
	Registry string
	// Credentials returns what to sign with; it is called for each request.
	Credentials func(context.Context) (aws.Credentials, error)
	// Timeout bounds one question; 0 means 5 s.
	Timeout time.Duration
	// Dial opens the connections; nil for the operating system's.
	Dial web.Dial
}

// Client is safe for concurrent use, retries nothing and caches nothing.
type Client struct {
	o      Options
	url    string
	http   *http.Client
	signer *v4.Signer
}

var regionName = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)

// New returns a client without connecting.
func New(o Options) (*Client, error) {
	if !regionName.MatchString(o.Region) {
		return nil, fmt.Errorf("%s is not a region of AWS: want one such as eu-west-1", redact.Quote(o.Region))
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(o.Region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	u, err := web.ParseURL(cmp.Or(o.Endpoint, "https://glue."+o.Region+"."+domain), 0)
	if err == nil && strings.Trim(u.Path, "/") != "" {
		err = errors.New("it has a path")
	}
	if err != nil {
		return nil, fmt.Errorf("the endpoint is not a URL of Glue: %w; want one such as https://glue.eu-west-1.amazonaws.com", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if o.Dial != nil {
		transport.DialContext = o.Dial
	}
	timeout := cmp.Or(max(o.Timeout, 0), defaultTimeout)
	return &Client{
		o: o, url: u.Scheme + "://" + u.Host, signer: v4.NewSigner(),
		http: web.NoRedirects(http.Client{Timeout: timeout, Transport: transport}),
	}, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// call makes a request and decodes its answer into into.
func (c *Client) call(ctx context.Context, what, operation string, question, into any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	credentials, err := c.o.Credentials(ctx)
	if err != nil {
		return registry.Away(what, c.url, 0, "there are no AWS credentials to ask with: "+redact.Error(err), err)
	}
	redact.Secret(credentials.SecretAccessKey)
	redact.Secret(credentials.SessionToken)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSGlue."+operation)
	sum := sha256.Sum256(body)
	if err := c.signer.SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "glue", c.o.Region, time.Now()); err != nil {
		return registry.Away(what, c.url, 0, "the question cannot be signed: "+redact.Error(err), err)
	}
	req.Header.Set("User-Agent", "amazon-capi")
	resp, err := c.http.Do(req)
	if err != nil {
		return c.away(ctx, what, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return c.away(ctx, what, err)
	}
	if resp.StatusCode != http.StatusOK {
		return c.refused(what, operation, resp, answer)
	}
	if len(answer) > maxAnswer {
		return errLarge
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return registry.Away(what, c.url, resp.StatusCode, "its answer is not Glue's: check the endpoint", err)
	}
	return nil
}

var errLarge = errors.New("the answer is too large")

// away returns the error of a request without an answer.
func (c *Client) away(ctx context.Context, what string, err error) error {
	detail := redact.Error(err)
	var timeout interface{ Timeout() bool }
	switch {
	case ctx.Err() != nil:
		detail = "gave up asking"
	case errors.As(err, &timeout) && timeout.Timeout():
		detail = fmt.Sprintf("no whole answer within %s", c.http.Timeout)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		detail = "its answer was cut off"
	}
	return registry.Away(what, c.url, 0, redact.Line(detail, 300), err)
}

// fault is an answer other than 200.
type fault struct {
	Type    string `json:"__type"`
	Message string `json:"message"` // also Message: names match whatever their case
}

// refused makes an answer a *registry.RefusedError if it is about what was asked for, and
// otherwise an unavailable Glue: credentials, permissions, and rates change.
func (c *Client) refused(what, operation string, resp *http.Response, body []byte) error {
	var f fault
	_ = json.Unmarshal(body, &f) // a proxy's answer is not JSON, and has no type
	name := cmp.Or(f.Type, resp.Header.Get("X-Amzn-Errortype"))
	name, _, _ = strings.Cut(name[strings.LastIndexByte(name, '#')+1:], ":")
	status := resp.StatusCode
	if status == http.StatusBadRequest {
		switch name {
		case "EntityNotFoundException":
			return &registry.RefusedError{Op: what, Status: http.StatusNotFound, Message: "there is none"}
		case "AlreadyExistsException":
			return &registry.RefusedError{Op: what, Status: http.StatusConflict, Message: "it exists"}
		}
	}
	if web.IsRedirect(status) {
		return registry.Away(what, c.url, status, fmt.Sprintf("it answers with a redirect (%d), which is not followed: want the URL that it leads to", status), nil)
	}
	detail := fmt.Sprintf("it answers %d %s", status, redact.Line(redact.Text(name), 64))
	switch name {
	case "AccessDeniedException":
		detail += ": let this identity do glue:" + operation
	case "ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignatureException", "MissingAuthenticationTokenException":
		detail += ": check the AWS credentials, the region and this machine's clock"
	}
	return registry.Away(what, c.url, status, strings.TrimSpace(detail), nil)
}
