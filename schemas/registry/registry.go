package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/web"
	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// Options say where the schema registry is and how to speak to it.
type Options struct {
	// URL is one base URL or several separated by commas, which are asked in turn
	// while those before them are away. A URL without a scheme is http. It may
	// contain user name and password.
	URL string
	// Username and Password are for basic authentication and override those in a
	// URL.
	Username, Password string
	// TLS is for https URLs; nil for the system's roots.
	TLS *tls.Config
	// Timeout bounds one request with the reading of its answer; 0 means 5 s.
	Timeout time.Duration
	// Metrics takes the metrics; nil for none.
	Metrics prometheus.Registerer
	// Dial opens the connections; nil for the operating system's.
	Dial web.Dial
}

const (
	defaultRegistryTimeout = 5 * time.Second
	// maxRegistryAnswer bounds an answer: a schema of the largest size that is read,
	// with room for JSON's escapes. Dozens can be under way, and a URL that serves a
	// file by mistake must not fill the memory.
	maxRegistryAnswer = 4 << 20
)

// Client asks a Confluent-compatible schema registry. It is safe for
// concurrent use. It retries nothing: the caller knows whether to wait.
type Client struct {
	endpoints []endpoint
	timeout   time.Duration
	transport *http.Transport
	requests  *prometheus.CounterVec
	// current is the endpoint to ask first: the last that answered, so that one
	// that hangs costs its timeout once and not with every question.
	current atomic.Uint32
}

type endpoint struct {
	url    string // without user name, password, query and fragment
	client *sr.Client
}

// New returns a client for a registry without connecting to it. An error says what
// is wrong with the options and repeats no user name or password.
func New(o Options) (*Client, error) {
	r := &Client{timeout: o.Timeout, transport: http.DefaultTransport.(*http.Transport).Clone()}
	if r.timeout <= 0 {
		r.timeout = defaultRegistryTimeout
	}
	// Ten times what a registry's headers need; net/http would take 10 MB.
	r.transport.MaxResponseHeaderBytes = 128 << 10
	if o.TLS != nil {
		r.transport.TLSClientConfig = o.TLS
	}
	if o.Dial != nil {
		r.transport.DialContext = o.Dial
	}
	redact.Credentials(o.Username, o.Password)
	redact.URLCredentials(o.URL)
	client := web.NoRedirects(http.Client{Timeout: r.timeout, Transport: boundedTransport{r.transport}})
	for i, text := range strings.Split(o.URL, ",") {
		u, err := parseRegistryURL(text)
		if err != nil {
			return nil, fmt.Errorf("schema registry URL number %d: %w", i+1, err)
		}
		user, password := o.Username, o.Password
		if user == "" && password == "" && u.User != nil {
			user = u.User.Username()
			password, _ = u.User.Password()
		}
		// Without them in the URL, no error text can contain the credentials.
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		opts := []sr.ClientOpt{sr.URLs(u.String()), sr.HTTPClient(client), sr.UserAgent("amazon-capi")}
		if user != "" || password != "" {
			opts = append(opts, sr.BasicAuth(user, password))
		}
		cl, err := sr.NewClient(opts...)
		if err != nil {
			return nil, fmt.Errorf("schema registry URL number %d: %w", i+1, err)
		}
		r.endpoints = append(r.endpoints, endpoint{url: u.String(), client: cl})
	}
	r.requests = promauto.With(o.Metrics).NewCounterVec(prometheus.CounterOpts{
		Name: "amazon_capi_registry_requests_total",
		Help: "Questions to the schema registry by result: ok, refused (it answered no), away (no answer that can be trusted).",
	}, []string{"result"})
	for _, result := range []string{"ok", "refused", "away"} {
		r.requests.WithLabelValues(result)
	}
	return r, nil
}

// parseRegistryURL returns errors that repeat nothing of the URL but its scheme: what
// cannot be parsed may be all password.
func parseRegistryURL(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errors.New("it is empty: want a URL such as http://localhost:8081")
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("it is no URL: want one such as http://localhost:8081")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("its scheme is %s: want http or https", redact.Quote(u.Scheme))
	}
	if u.Hostname() == "" {
		return nil, errors.New("it has no host: want a URL such as http://localhost:8081")
	}
	return u, nil
}

// Close closes the connections that are kept open.
func (r *Client) Close() { r.transport.CloseIdleConnections() }

// boundedTransport bounds the bodies of answers.
type boundedTransport struct{ base http.RoundTripper }

func (t boundedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err == nil {
		resp.Body = &boundedBody{http.MaxBytesReader(nil, resp.Body, maxRegistryAnswer), strings.Contains(resp.Header.Get("Content-Type"), "json")}
	}
	return resp, err
}

// boundedBody tells a registry's answer that is too large from a file that a wrong URL
// serves.
type boundedBody struct {
	io.ReadCloser
	json bool
}

var errLargeSchema = errors.New("the answer is a registry's, and too large")

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.json && errors.As(err, new(*http.MaxBytesError)) {
		err = fmt.Errorf("%w: %w", errLargeSchema, err)
	}
	return n, err
}

// question is what the registry is asked.
type question struct {
	op string // for errors
	// submits is true if the question contains a schema, which the registry may
	// refuse with 409 or 422. To other questions these are no answer.
	submits bool
}

// call asks the endpoints in turn until one gives an answer, yes or no.
func (r *Client) call(ctx context.Context, q question, ask func(*sr.Client) error) error {
	first := r.current.Load()
	var away *AwayError
	for i := range uint32(len(r.endpoints)) {
		n := (first + i) % uint32(len(r.endpoints))
		e := r.endpoints[n]
		err := r.classify(ctx, q, e.url, ask(e.client))
		if err == nil {
			r.requests.WithLabelValues("ok").Inc()
		} else if !errors.As(err, &away) {
			r.requests.WithLabelValues("refused").Inc()
		} else {
			r.requests.WithLabelValues("away").Inc()
			if ctx.Err() != nil {
				break
			}
			continue
		}
		r.current.Store(n)
		return err
	}
	return away
}

func opSchemaID(id uint32) string { return fmt.Sprintf("schema id %d", id) }

// schemaAnswer is a schema as the registry gives it. sr has a type for it too,
// which fails on schema types it does not know; those are an answer.
type schemaAnswer struct {
	Schema     string               `json:"schema"`
	SchemaType string               `json:"schemaType"`
	References []sr.SchemaReference `json:"references"`
}

// SchemaByID returns a schema with all that it refers to.
func (r *Client) SchemaByID(ctx context.Context, id uint32) (avro.Schema, error) {
	var a schemaAnswer
	op := opSchemaID(id)
	err := r.schema(ctx, op, fmt.Sprintf("/schemas/ids/%d", id), &a)
	if missing(err) {
		return avro.Schema{}, &avro.SchemaError{ID: id, Unknown: true, Message: "the schema registry has no schema of this id"}
	}
	if err != nil {
		return avro.Schema{}, ofID(err, id)
	}
	s := avro.Schema{Type: a.SchemaType, Text: a.Schema}
	refs := referenceWalk{registry: r, op: op, seen: make(map[string]bool), bytes: len(a.Schema)}
	if err := refs.add(ctx, a.References); err != nil {
		return avro.Schema{}, ofID(err, id)
	}
	s.References = refs.texts
	return s, nil
}

// ofID makes a *SchemaError name the schema that was asked for.
func ofID(err error, id uint32) error {
	if bad, ok := errors.AsType[*avro.SchemaError](err); ok {
		bad.ID = id
	}
	return err
}

// schema asks for a schema and accepts no answer without one: {} from a server that
// is no registry must not pass for a schema that cannot be read.
func (r *Client) schema(ctx context.Context, op, path string, a *schemaAnswer) error {
	err := r.call(ctx, question{op: op}, func(cl *sr.Client) error {
		*a = schemaAnswer{}
		if err := cl.Do(ctx, http.MethodGet, path, nil, a); err != nil {
			return err
		}
		if a.Schema == "" {
			return errNoSchema
		}
		return nil
	})
	if errors.Is(err, errLargeSchema) {
		// It would be as large next time: holding its records would block their
		// partition for ever.
		return &avro.SchemaError{Message: fmt.Sprintf("the schema registry's answer has more than %d MB", maxRegistryAnswer>>20)}
	}
	return err
}

// maxReferences bounds how many schemas one may refer to, over all levels.
const maxReferences = 100

// referenceWalk collects the texts of the schemas that one refers to, deepest
// first, each once.
type referenceWalk struct {
	registry *Client
	op       string
	seen     map[string]bool
	texts    []string
	bytes    int // of them, and of the schema itself
}

func (w *referenceWalk) add(ctx context.Context, refs []sr.SchemaReference) error {
	for _, ref := range refs {
		path := fmt.Sprintf("/subjects/%s/versions/%d", url.PathEscape(ref.Subject), ref.Version)
		if w.seen[path] {
			continue
		}
		w.seen[path] = true
		if len(w.seen) > maxReferences {
			return &avro.SchemaError{Message: fmt.Sprintf("the schema refers to more than %d others", maxReferences)}
		}
		var a schemaAnswer
		// Deleted versions too: new writers no longer use them, but older records
		// are still to be read.
		err := w.registry.schema(sr.WithParams(ctx, sr.ShowDeleted), w.op+" and what it refers to", path, &a)
		if missing(err) {
			return &avro.SchemaError{Message: "the schema refers to one that the schema registry does not have"}
		}
		if err != nil {
			return err
		}
		if w.bytes += len(a.Schema); w.bytes > avro.MaxBytes {
			return &avro.SchemaError{Message: fmt.Sprintf("the schema has more than %d bytes with those it refers to", avro.MaxBytes)}
		}
		if err := w.add(ctx, a.References); err != nil {
			return err
		}
		w.texts = append(w.texts, a.Schema)
	}
	return nil
}
