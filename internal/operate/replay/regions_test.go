package replay

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/publish"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// hosts are the regions' own hosts, all of which lead to one sandbox.
type hosts struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	mu       sync.Mutex
	requests map[string]int // by host
}

// serveHosts has the regions' hosts served. The process believes their certificate
// from here on, so that no test before it may have looked at the system's.
func serveHosts(t *testing.T, to string) *hosts {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("SSL_CERT_FILE is believed on Linux only")
	}
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	h := &hosts{requests: make(map[string]int)}
	proxy := httputil.NewSingleHostReverseProxy(target)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.requests[r.Host]++
		h.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{trusted(t)}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	h.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "advertising-api") {
			addr = srv.Listener.Addr().String()
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	return h
}

// trusted returns a certificate for the regions' hosts that this process believes.
var trusted = func() func(t *testing.T) tls.Certificate {
	var once sync.Once
	var cert tls.Certificate
	return func(t *testing.T) tls.Certificate {
		t.Helper()
		once.Do(func() {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{
				SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
				DNSNames: []string{"advertising-api.amazon.com", "advertising-api-eu.amazon.com", "advertising-api-fe.amazon.com"},
			}
			der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
			file := filepath.Join(t.TempDir(), "roots.pem")
			if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("SSL_CERT_FILE", file)
			if _, err := x509.SystemCertPool(); err != nil { // read once in a process
				t.Fatal(err)
			}
		})
		return cert
	}
}()

// TestRequestsByRegion: events of one profile that go to several regions share no
// request, and the forecast counts as many as are sent: by each contract, to the
// regions' hosts, to a chosen one and to a URL, and with an accounts file that pins
// some profiles.
func TestRequestsByRegion(t *testing.T) {
	countries := []string{"US", "DE", "JP", "US", "GB", "AU", "", "CH"}
	write := func(name, text string) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	d := sandbox.DefaultAccount()
	file := write("accounts.yaml", fmt.Sprintf("accounts:\n"+
		"  - name: a\n    client_id: %s\n    client_secret_file: %s\n    refresh_token_file: %s\n    contract: events-v1\n    profiles:\n"+
		"      - {id: \"111\", advertiser_id: \"5\"}\n"+
		"      - {id: \"222\", advertiser_id: \"6\", region: FE, limits: {batch_events: 2}}\n"+
		"      - {id: \"333\", contract: off-amazon-2023-11-13, region: EU}\n",
		d.ClientID, write("secret", d.ClientSecret), write("token", d.RefreshToken)))
	const na, eu, fe = "advertising-api.amazon.com", "advertising-api-eu.amazon.com", "advertising-api-fe.amazon.com"
	// Of each profile 6 events are of NA's countries, 6 of EU's, 6 of FE's, 3 of one that
	// has no region, and 3 of none, which only the guide's contract takes; 8 go in a
	// request, of profile 222 2.
	for name, tc := range map[string]struct {
		contract, accounts, url string
		region                  amazon.Region
		want                    map[string]int
	}{
		"guide":              {contract: "off-amazon-2023-11-13", want: map[string]int{na: 9}},
		"guide, in EU":       {contract: "off-amazon-2023-11-13", region: amazon.Europe, want: map[string]int{eu: 9}},
		"events-v1":          {contract: "events-v1", want: map[string]int{na: 6, eu: 3, fe: 3}},
		"events-v1, in EU":   {contract: "events-v1", region: amazon.Europe, want: map[string]int{na: 3, eu: 6, fe: 3}},
		"events-v1, one URL": {contract: "events-v1", url: "sandbox", want: map[string]int{}},
		"accounts":           {contract: "events-v1", accounts: file, want: map[string]int{na: 2, eu: 1 + 3, fe: 1 + 11}},
		"accounts, in FE":    {contract: "events-v1", accounts: file, region: amazon.FarEast, want: map[string]int{na: 1, eu: 1 + 3, fe: 2 + 11}},
	} {
		t.Run(name, func(t *testing.T) {
			c, o := served(t, 0)
			h := serveHosts(t, c.AmazonURL())
			config := &o.Config
			config.Contract, config.AccountsFile, config.Region, config.Dial = tc.contract, tc.accounts, tc.region, h.dial
			config.BatchEvents, config.Linger = 8, 2*time.Second
			if config.AmazonURL = ""; tc.url != "" {
				config.AmazonURL = c.AmazonURL()
			}
			at := time.Now().Add(-time.Hour).UnixMilli()
			var samples []sample.Sample
			for i := range 24 {
				for _, profile := range []string{"111", "222", "333"} {
					samples = append(samples, sample.Sample{Event: &schemas.Event{
						EventID: fmt.Sprintf("r_%s_%d", profile, i), ProfileID: profile, EventName: "Lead", ActionSource: "WEBSITE", OccurredAt: at,
						User:    schemas.UserData{Email: "jane@example.com", CountryCode: countries[i%len(countries)]},
						Consent: schemas.Consent{AdUserData: "GRANTED", AdStorage: "GRANTED"},
					}})
				}
			}
			each := func(yield func(sample.Sample, error) bool) {
				for _, s := range samples {
					if !yield(s, nil) {
						return
					}
				}
			}
			if _, err := publish.Run(t.Context(), publish.Options{Kafka: config.Kafka, Registry: config.Registry, Topic: events, Patience: 30 * time.Second}, each); err != nil {
				t.Fatal(err)
			}
			o.Go = true
			j, err := NewJob(o)
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			r, err := j.Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := j.Send(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			forecast := 9 // one URL is one region
			if tc.url == "" {
				forecast = 0
				for _, n := range tc.want {
					forecast += n
				}
			}
			if r.Sum.Requests != forecast || r.Accepted != r.Sum.Send || r.Accepted == 0 {
				t.Errorf("the forecast says %d requests with %d events, want %d; %d of %d were accepted", r.Sum.Requests, r.Sum.Send, forecast, r.Accepted, r.Sent)
			}
			// What comes from the brokers in several answers may go in more.
			if sent := int(c.Amazon().Stats().Requests); sent < forecast || sent > 3*forecast {
				t.Errorf("%d requests were sent, want about %d", sent, forecast)
			}
			for host, n := range tc.want {
				if h.requests[host] < n {
					t.Errorf("%v were sent, want at least %v", h.requests, tc.want)
				}
			}
			if len(h.requests) != len(tc.want) {
				t.Errorf("%v were sent, want to the hosts of %v only", h.requests, tc.want)
			}
		})
	}
}
