package registry

import (
	"cmp"
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
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/tracklayer/amazon-capi/internal/bearer"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/web"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// Options are where the schema registry is and how to use it.
type Options struct {
	// URL is one base URL or several separated by commas, which are tried in turn while
	// those before them are unavailable. A URL without a scheme is http. It may contain
	// user name and password. With Glue it may be empty, for no other registry.
	URL string
	// Username and Password are for basic authentication and override those in a
	// URL.
	Username, Password string
	// Bearer provides tokens, in place of basic authentication; nil for none.
	Bearer *bearer.Source
	// Cluster and IdentityPool are the ids that Confluent Cloud wants in addition to a token.
	Cluster, IdentityPool string
	// Context is the name of the registry's context that subjects and ids are of, such
	// as .team; empty for the default one.
	Context string
	// TLS is for https URLs; nil for the system's roots.
	TLS *tls.Config
	// Timeout bounds one request with the reading of its answer; 0 means 5 s.
	Timeout time.Duration
	// Framings is how records name their schemas; 0 for all ways. The Client only stores
	// it for decoders.
	Framings framing.Set
	// Glue is asked for the versions of AWS Glue; nil for no Glue.
	Glue Versions
	// Metrics takes the metrics; nil for none.
	Metrics prometheus.Registerer
	// Log takes what an operator should look into; the zero Logger drops it.
	Log zerolog.Logger
	// Dial opens the connections; nil for the operating system's.
	Dial web.Dial
}

const (
	defaultRegistryTimeout = 5 * time.Second
	// maxRegistryAnswer bounds an answer: a schema of the largest accepted size, with
	// room for JSON's escapes. Dozens can be in progress, and a URL that serves a file by
	// mistake must not fill the memory.
	maxRegistryAnswer = 4 << 20
)

// Client is a client of a Confluent-compatible schema registry. It is safe for concurrent
// use. It retries nothing: the caller knows whether to wait.
type Client struct {
	endpoints []*endpoint
	timeout   time.Duration
	transport *http.Transport
	requests  *prometheus.CounterVec
	glue      Versions
	framings  framing.Set
	bearer    *bearer.Source
	headers   http.Header // of each request
	context   string      // as in a subject, ":.team:"
	// current is the endpoint to ask first: the last that answered, so that one that
	// hangs costs its timeout once and not with every request.
	current atomic.Uint32
	doubts  doubts
}

type endpoint struct {
	url    string // without user name, password, query and fragment
	client *sr.Client
	away   atomic.Int64 // when it last gave no answer, Unix time; 0 if the last request got one
}

// New returns a client for a registry without connecting to it. An error says what is
// wrong with the options and repeats no user name or password.
func New(o Options) (*Client, error) {
	r := &Client{timeout: o.Timeout, glue: o.Glue, framings: cmp.Or(o.Framings, framing.All), transport: http.DefaultTransport.(*http.Transport).Clone()}
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
	r.doubts.log = o.Log
	var err error
	if r.context, err = ParseContext(o.Context); err != nil {
		return nil, fmt.Errorf("schema registry: %w", err)
	}
	r.bearer, r.headers = o.Bearer, cloudHeaders(&o)
	redact.Credentials(o.Username, o.Password)
	redact.URLCredentials(o.URL)
	client := web.NoRedirects(http.Client{Timeout: r.timeout, Transport: boundedTransport{r.transport}})
	urls := strings.Split(o.URL, ",")
	if strings.TrimSpace(o.URL) == "" && o.Glue != nil {
		urls = nil
	}
	for i, text := range urls {
		u, err := ParseURL(text)
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
		opts := []sr.ClientOpt{sr.URLs(u.String()), sr.HTTPClient(client), sr.UserAgent("amazon-capi"), sr.PreReq(r.prepare)}
		if r.bearer == nil && (user != "" || password != "") {
			opts = append(opts, sr.BasicAuth(user, password))
		}
		cl, err := sr.NewClient(opts...)
		if err != nil {
			return nil, fmt.Errorf("schema registry URL number %d: %w", i+1, err)
		}
		r.endpoints = append(r.endpoints, &endpoint{url: u.String(), client: cl})
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

// apicurio reports whether the registry is Apicurio's, whose own API is beside the
// Confluent-compatible one.
func (r *Client) apicurio() bool {
	return !r.GlueAlone() && strings.Contains(r.endpoints[0].url, "/apis/ccompat/v")
}

// ParseURL parses one of the URLs of Options as a Client does, with the user and password
// that may be in it.
func ParseURL(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errors.New("it is empty: want a URL such as http://localhost:8081")
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := web.ParseURL(text, web.URLUser|web.URLQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: want one such as http://localhost:8081", err)
	}
	return u, nil
}

// Glue returns the Glue registry used alongside this one, nil for none.
func (r *Client) Glue() Versions { return r.glue }

// Framings returns how records that name this registry's schemas do it.
func (r *Client) Framings() framing.Set { return r.framings }

// Close closes idle connections.
func (r *Client) Close() {
	r.transport.CloseIdleConnections()
	if g, ok := r.glue.(interface{ Close() }); ok {
		g.Close()
	}
}

// boundedTransport bounds the bodies of answers.
type boundedTransport struct{ base http.RoundTripper }

func (t boundedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err == nil {
		resp.Body = &boundedBody{http.MaxBytesReader(nil, resp.Body, maxRegistryAnswer), strings.Contains(resp.Header.Get("Content-Type"), "json")}
	}
	return resp, err
}

// boundedBody distinguishes a registry's answer that is too large from a file that a
// wrong URL serves.
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
