package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

func open(t *testing.T, o Options) *Client {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func fakeRegistry(t *testing.T, opts ...srfake.Option) *srfake.Registry {
	t.Helper()
	fake := srfake.New(opts...)
	t.Cleanup(fake.Close)
	return fake
}

// requests returns how many requests ended in a result.
func requests(t *testing.T, reg prometheus.Gatherer, result string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "amazon_capi_registry_requests_total" && m.GetLabel()[0].GetValue() == result {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no requests with result %s", result)
	return 0
}

// wantUnreadable wants an error that says that no record of the schema can be read,
// because the registry does not have it if unknown.
func wantUnreadable(t *testing.T, err error, unknown bool) {
	t.Helper()
	if bad, ok := errors.AsType[*avro.SchemaError](err); !ok || bad.Unknown != unknown || bad.ID == 0 {
		t.Fatalf("error %#v, want a SchemaError with the id and unknown %v", err, unknown)
	}
}

// served starts a server that answers everything alike.
func served(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestReferencesThatLeadNowhere(t *testing.T) {
	var gone atomic.Bool
	url := served(t, func(w http.ResponseWriter, req *http.Request) {
		switch {
		case strings.HasPrefix(req.URL.Path, "/schemas/ids/"):
			fmt.Fprint(w, `{"schema":"\"string\"","references":[{"name":"a","subject":"a","version":1}]}`)
		case req.URL.Query().Get("deleted") != "true":
			t.Error("deleted versions are not asked for")
		case gone.Load():
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error_code":40402,"message":"Version not found."}`)
		default:
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	reg := open(t, Options{URL: url})
	if _, err := reg.SchemaByID(context.Background(), 1); !errors.Is(err, ErrAway) {
		t.Errorf("while the reference cannot be asked for: %v", err)
	}
	gone.Store(true)
	_, err := reg.SchemaByID(context.Background(), 1)
	wantUnreadable(t, err, false)
}

func TestReferencesInCirclesAndByTheThousand(t *testing.T) {
	url := served(t, func(w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "/ids/1") {
			fmt.Fprint(w, `{"schema":"\"string\"","references":[{"name":"a","subject":"circle","version":1}]}`)
			return
		}
		var n int
		if _, err := fmt.Sscanf(req.URL.Path, "/subjects/s/versions/%d", &n); err == nil || strings.HasSuffix(req.URL.Path, "/ids/2") {
			fmt.Fprintf(w, `{"schema":"\"string\"","references":[{"name":"a","subject":"s","version":%d}]}`, n+1)
			return
		}
		fmt.Fprint(w, `{"schema":"\"int\"","references":[{"name":"a","subject":"circle","version":1}]}`)
	})
	reg := open(t, Options{URL: url})
	if s, err := reg.SchemaByID(context.Background(), 1); err != nil || len(s.References) != 1 {
		t.Errorf("a circle: %v, %v", s, err)
	}
	_, err := reg.SchemaByID(context.Background(), 2)
	wantUnreadable(t, err, false)
}

func TestRegistryFaultsAreAway(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	const html = `<!DOCTYPE html><html><body>Sign in to secret-portal</body></html>`
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		says    string
	}{
		"500":                    {answer(500, `{"error_code":50001,"message":"Error in the backend\n data store"}`), "500: Error in the backend data store"},
		"503 HTML":               {answer(503, html), "it answers 503"},
		"429":                    {answer(429, ``), "429"},
		"401":                    {answer(401, `{"error_code":401,"message":"Unauthorized"}`), "user name and password"},
		"403":                    {answer(403, html), "user name and password"},
		"400":                    {answer(400, `{"error_code":400,"message":"what"}`), "400: what"},
		"422":                    {answer(422, `{"error_code":42201,"message":"what"}`), "422: what"},
		"404 of a proxy":         {answer(404, html), "check the URL"},
		"404 of another path":    {answer(404, `{"error_code":404,"message":"HTTP 404 Not Found"}`), "check the URL"},
		"HTML":                   {answer(200, html), "not a registry's"},
		"JSON of another kind":   {answer(200, `[1,2]`), "not a registry's"},
		"JSON without a schema":  {answer(200, `{"status":"ok"}`), "not a registry's"},
		"half a JSON":            {answer(200, `{"schema":"{\"type\":`), "not a registry's"},
		"nothing":                {answer(200, ``), "not a registry's"},
		"too much":               {answer(200, `{"schema":"`+strings.Repeat("x", maxRegistryAnswer)+`"}`), "more than 4 MB"},
		"redirect":               {func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, "/again", http.StatusFound) }, "redirect (302), which is not followed"},
		"cut off in the body":    {cutOff(`{"schema":"abc`), "cut off"},
		"cut off before a byte":  {cutOff(""), "cut off"},
		"slower than the client": {func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }, "no whole answer within 200ms"},
	} {
		t.Run(name, func(t *testing.T) {
			metrics := prometheus.NewRegistry()
			o := Options{URL: served(t, c.handler), Metrics: metrics}
			if name == "slower than the client" {
				o.Timeout = 200 * time.Millisecond
			}
			reg := open(t, o)
			_, err := reg.SchemaByID(context.Background(), 12)
			var away *AwayError
			if !errors.As(err, &away) || !errors.Is(err, ErrAway) {
				t.Fatalf("error %v, want the registry away", err)
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "schema id 12") || strings.Contains(err.Error(), "secret-portal") || len(err.Error()) > 400 {
				t.Errorf("error %q, want it to say %q and what was asked for", err, c.says)
			}
			if n := requests(t, metrics, "away"); n != 1 {
				t.Errorf("%v questions counted as away, want 1", n)
			}
		})
	}
}

// cutOff promises more than it sends.
func cutOff(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if body != "" {
			fmt.Fprintf(buf, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n%s", body)
			buf.Flush()
		}
		conn.Close()
	}
}

func TestRefusedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	reg := open(t, Options{URL: "http://alice:s3cret@" + addr + "/base?token=t0ken"})
	_, err = reg.SchemaByID(context.Background(), 1)
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), addr) {
		t.Errorf("error %v, want the address and that the connection was refused", err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, secret := range []string{"alice", "s3cret", "t0ken"} {
			if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), secret) {
				t.Errorf("error %v has %s", e, secret)
			}
		}
	}
}

func TestUntrustedCertificate(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	_, err := open(t, Options{URL: srv.URL}).SchemaByID(context.Background(), 1)
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "unknown authority: check which certificates are trusted for the registry") {
		t.Errorf("error %v, want advice about the registry's certificate", err)
	}
}

func TestCallersEndIsAway(t *testing.T) {
	reg := open(t, Options{URL: served(t, func(http.ResponseWriter, *http.Request) {})})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := reg.SchemaByID(ctx, 1)
	if !errors.Is(err, ErrAway) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the registry away for the context's end", err)
	}
}

// TestNextEndpoint: the registries of a list stand in for each other whatever
// is wrong with one, and the one that answers is kept.
func TestNextEndpoint(t *testing.T) {
	fake := fakeRegistry(t)
	fake.SeedSchema("s", 1, 1, sr.Schema{Schema: `"string"`})
	var asked atomic.Int32
	broken := served(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	})
	reg := open(t, Options{URL: broken + " , " + fake.URL()})
	for range 3 {
		if _, err := reg.SchemaByID(context.Background(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the broken one was asked %d times, want once", n)
	}
	_, err := reg.SchemaByID(context.Background(), 2)
	wantUnreadable(t, err, true)
	fake.Close()
	if _, err := reg.SchemaByID(context.Background(), 1); !errors.Is(err, ErrAway) || asked.Load() != 2 {
		t.Errorf("with both away: %v after asking the first %d times, want it asked again", err, asked.Load())
	}
}

func TestBasicAuth(t *testing.T) {
	auth := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	fake := fakeRegistry(t, srfake.WithAuth(auth("alice", "p@ss")))
	fake.SeedSchema("s", 1, 1, sr.Schema{Schema: `"string"`})
	host := strings.TrimPrefix(fake.URL(), "http://")
	for name, c := range map[string]struct {
		o    Options
		away bool
	}{
		"options":         {Options{URL: fake.URL(), Username: "alice", Password: "p@ss"}, false},
		"URL":             {Options{URL: "http://alice:p%40ss@" + host}, false},
		"options win":     {Options{URL: "http://bob:x@" + host, Username: "alice", Password: "p@ss"}, false},
		"none":            {Options{URL: fake.URL()}, true},
		"wrong":           {Options{URL: host, Username: "alice", Password: "p4ss"}, true},
		"no scheme, good": {Options{URL: host, Username: "alice", Password: "p@ss"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, c.o).SchemaByID(context.Background(), 1)
			if c.away != errors.Is(err, ErrAway) || !c.away && err != nil {
				t.Errorf("error %v, want away %v", err, c.away)
			}
			if err != nil && strings.Contains(err.Error(), "p4ss") {
				t.Errorf("error %v has the password", err)
			}
		})
	}
}

// A password is for the registry that is named, on its port and with its TLS.
func TestARedirectTakesThePasswordNowhere(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		followed := false
		elsewhere := served(t, func(http.ResponseWriter, *http.Request) { followed = true })
		url := served(t, func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Location", elsewhere+req.URL.Path)
			w.WriteHeader(status)
		})
		reg := open(t, Options{URL: url, Username: "alice", Password: "p4ss"})
		_, got := reg.SchemaByID(context.Background(), 1)
		_, registered := reg.Register(context.Background(), testSubject, testVersions)
		for _, err := range []error{got, registered} {
			if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), fmt.Sprintf("redirect (%d)", status)) {
				t.Errorf("%d: error %v, want the registry away and why", status, err)
			}
		}
		if followed {
			t.Errorf("%d was followed", status)
		}
	}
}

func TestTLS(t *testing.T) {
	fake := srfake.NewRegistry()
	fake.SeedSchema("s", 1, 1, sr.Schema{Schema: `"string"`})
	srv := httptest.NewUnstartedServer(fake.Handler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	if _, err := open(t, Options{URL: srv.URL, TLS: &tls.Config{RootCAs: roots}}).SchemaByID(context.Background(), 1); err != nil {
		t.Error(err)
	}
	_, err := open(t, Options{URL: srv.URL, TLS: &tls.Config{RootCAs: x509.NewCertPool()}}).SchemaByID(context.Background(), 1)
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error %v, want the certificate refused", err)
	}
	_, err = open(t, Options{URL: strings.Replace(srv.URL, "https", "http", 1)}).SchemaByID(context.Background(), 1)
	if !errors.Is(err, ErrAway) {
		t.Errorf("http to https: %v", err)
	}
}

func TestRegistryURLsThatAreNone(t *testing.T) {
	for _, url := range []string{
		"", "http://good:8081,", "ftp://alice:s3cret@host", "http://", "http://alice:s3cret@", "http://alice:s3cret@host:port",
		"http://alice:s3%cret@host", "postgres://alice:s3cret@host/db", "http://[::1:s3cret",
	} {
		_, err := New(Options{URL: url})
		if err == nil {
			t.Errorf("%s is taken", url)
			continue
		}
		if !strings.Contains(err.Error(), "want") || strings.Contains(err.Error(), "cret") || strings.Contains(err.Error(), "alice") {
			t.Errorf("%s: error %q, want one that says what would be right and no secret", url, err)
		}
	}
}

// TestLargeReferencesEnd: a registry that gives a megabyte for each reference is not
// asked for all of them.
func TestLargeReferencesEnd(t *testing.T) {
	var asked atomic.Int32
	url := served(t, func(w http.ResponseWriter, _ *http.Request) {
		n := asked.Add(1)
		fmt.Fprintf(w, `{"schema":"\"string\"%s","references":[{"name":"a","subject":"s","version":%d}]}`, strings.Repeat(" ", 400_000), n)
	})
	_, err := open(t, Options{URL: url}).SchemaByID(t.Context(), 1)
	wantUnreadable(t, err, false)
	if n := asked.Load(); n > 4 {
		t.Errorf("it was asked %d times", n)
	}
}
