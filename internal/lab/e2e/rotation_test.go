//go:build !kafka

package e2e

import (
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/bearer"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/kafkatest"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// issuer is an OIDC token endpoint whose tokens hold for two seconds, and whose client
// has another secret after each.
type issuer struct {
	t          *testing.T
	secretFile string

	mu      sync.Mutex
	secrets int
	ends    map[string]time.Time
	used    map[string]bool
	late    int // uses of a token that had ended or was never given
}

func newIssuer(t *testing.T) (i *issuer, url string) {
	t.Helper()
	i = &issuer{t: t, secretFile: filepath.Join(t.TempDir(), "secret"), ends: map[string]time.Time{}, used: map[string]bool{}}
	i.rotate()
	srv := httptest.NewServer(i)
	t.Cleanup(srv.Close)
	return i, srv.URL
}

func (i *issuer) secret() string { return fmt.Sprintf("client-s3cret-%d", i.secrets) }

func (i *issuer) rotate() {
	i.secrets++
	if err := os.WriteFile(i.secretFile, []byte(i.secret()), 0o600); err != nil {
		i.t.Error(err)
	}
}

// read is the secret as its file has it.
func (i *issuer) read() (string, error) {
	b, err := os.ReadFile(i.secretFile)
	return string(b), err
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if id, secret, _ := req.BasicAuth(); id != "client" || secret != i.secret() {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	token := fmt.Sprintf("tok-%d", len(i.ends))
	i.ends[token] = time.Now().Add(2 * time.Second)
	_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":2}`, token)
	i.rotate()
}

// skew is how far clocks may differ, as whoever checks tokens allows for. It is also what
// a busy machine may take to bring one.
const skew = time.Second

// holds reports whether a token is good now.
func (i *issuer) holds(token string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.used[token] = true
	if time.Now().After(i.ends[token].Add(skew)) {
		i.late++
		return false
	}
	return true
}

func (i *issuer) counts() (used, late int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.used), i.late
}

// doors counts the connections that a listener has taken.
type doors struct {
	net.Listener
	mu     sync.Mutex
	opened int
}

func (d *doors) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err == nil {
		d.mu.Lock()
		d.opened++
		d.mu.Unlock()
	}
	return c, err
}

func (d *doors) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opened
}

// guardedRegistry is a registry that wants a token that holds, and a client certificate,
// whose names it notes.
func guardedRegistry(t *testing.T, fake *srfake.Registry, tokens *issuer) (url string, ca string, names func() int) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]bool{}
	inner := fake.Handler()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		seen[req.TLS.PeerCertificates[0].Subject.CommonName] = true
		mu.Unlock()
		if token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer "); !ok || !tokens.holds(token) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error_code":40101,"message":"no"}`)
			return
		}
		inner.ServeHTTP(w, req)
	}))
	srv.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Config.SetKeepAlivesEnabled(false) // so that each question shows a certificate
	srv.StartTLS()
	t.Cleanup(srv.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return srv.URL, ca, func() int { mu.Lock(); defer mu.Unlock(); return len(seen) }
}

// sessionLife is how long a connection to the brokers may go on without a new token.
const sessionLife = 2 * time.Second

// TestCredentialsRotateWhileEventsFlow: tokens of brokers and registry hold for two
// seconds, their client secrets change with each, and so do the client's certificate and
// the schemas, which have to be asked for. Every event is accepted once, no token is used
// after its end, nobody is refused, and no connection is opened anew.
func TestCredentialsRotateWhileEventsFlow(t *testing.T) {
	sideBySide(t)
	brokerTokens, brokerIssuer := newIssuer(t)
	registryTokens, registryIssuer := newIssuer(t)
	front := &kafkatest.SASL{Mechanism: "OAUTHBEARER", Check: func(sent []byte) (time.Duration, error) {
		_, token, _ := strings.Cut(string(sent), "Bearer ")
		token, _, _ = strings.Cut(token, "\x01")
		if !brokerTokens.holds(token) {
			return 0, errors.New("the token has ended")
		}
		return sessionLife, nil
	}}
	door := new(doors)
	names := []string{"e2e.rotation", "e2e.rotation.dlq", "e2e.rotation.receipts"}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, names...), kfake.ListenFn(func(network, address string) (l net.Listener, err error) {
		if l, err = front.Listen(network, address); err == nil {
			door.Listener, l = l, door
		}
		return l, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fake := srfake.NewRegistry()
	url, ca, certificates := guardedRegistry(t, fake, registryTokens)
	certFile, keyFile := filepath.Join(t.TempDir(), "cert"), filepath.Join(t.TempDir(), "key")
	testkit.WriteCertificate(t, certFile, keyFile, "client-0")

	amazon, err := sandbox.NewAmazon(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base, err := amazon.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(amazon.Close)
	settings := kafka.Settings{Brokers: cluster.ListenAddrs(), SASL: kafka.SASLSettings{
		Mechanism: "OAUTHBEARER", Username: "client", Password: "client-s3cret-1", OAuthTokenURL: brokerIssuer, Reread: brokerTokens.read,
	}}
	w := &world{t: t, brokers: settings.Brokers, amazon: amazon, base: base, topic: names[0], letters: names[1], receipts: names[2], group: "rotation"}
	w.client, w.admin = connected(t, settings)
	mutual := kafka.TLSSettings{CAFile: ca, CertFile: certFile, KeyFile: keyFile}
	config := w.config()
	config.Kafka, config.Registry = settings, registry.Options{URL: url, Bearer: bearer.ClientCredentials(bearer.Credentials{
		URL: registryIssuer, ClientID: "client", Secret: registryTokens.read, Named: bearer.Settings{URL: "registry-token-url"},
	})}
	if config.Registry.TLS, err = mutual.Config(); err != nil {
		t.Fatal(err)
	}
	p := w.start(config)

	events := generatedList(t, 20_000)
	encoder, err := sample.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	text, err := schemas.Latest.Schema()
	if err != nil {
		t.Fatal(err)
	}
	settled, n := 0, 0
	rotated := func() bool {
		b, _ := brokerTokens.counts()
		r, _ := registryTokens.counts()
		return b >= 3 && r >= 3 && certificates() >= 3
	}
	// The registry gives the receipts' schema the id after the last one.
	for id := 1000; !rotated(); id += 10 {
		if n+20 > len(events) {
			t.Fatal("the credentials are not renewed")
		}
		fake.SeedSchema("rotation-value", id, id, sr.Schema{Schema: withDoc(t, text, id)})
		for range 20 {
			s := events[n]
			s.Schema = schemas.Latest
			value, err := encoder.Value(sample.IDs{Versions: map[schemas.Version]uint32{schemas.Latest: uint32(id)}}, &s)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.client.ProduceSync(t.Context(), &kgo.Record{Topic: w.topic, Value: value}).FirstErr(); err != nil {
				t.Fatalf("event %d is not written: %v", n, err)
			}
			n++
		}
		w.eventually(p, "the events are accepted", func() bool {
			for settled < n {
				if e, ok := w.amazon.Event(events[settled].ProfileID(), events[settled].EventID()); !ok || e.Accepted == 0 {
					return false
				}
				settled++
			}
			return true
		})
		if id == 1000 {
			door.mu.Lock()
			door.opened = 0 // those of the start
			door.mu.Unlock()
		}
		testkit.WriteCertificate(t, certFile, keyFile, fmt.Sprintf("client-%d", id))
		if status, page := w.get(p, "/readyz"); status != http.StatusOK {
			t.Errorf("not ready after %d events:\n%s", n, page)
		}
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	used, late := brokerTokens.counts()
	usedThere, lateThere := registryTokens.counts()
	t.Logf("%d events, %d and %d tokens, %d certificates, authenticated %d times, %d connections opened meanwhile", n, used, usedThere, certificates(), front.Accepted.Load(), door.count())
	if late+lateThere > 0 || front.Refused.Load() > 0 {
		t.Errorf("used after their end: %d tokens for brokers and %d for the registry; refused %d times", late, lateThere, front.Refused.Load())
	}
	// A few are those of whoever asks for something now and then, such as the lag.
	if opened := door.count(); opened > 8 {
		t.Errorf("%d connections were opened while nothing was wrong", opened)
	}
	if stats := w.amazon.Stats(); stats.Accepted != int64(n) || stats.Changed != 0 || stats.Duplicates() != 0 {
		t.Errorf("accepted %d of %d events, %d more than once, %d with other bytes", stats.Accepted, n, stats.Duplicates(), stats.Changed)
	}
	ends, err := w.admin.ListEndOffsets(t.Context(), w.letters)
	if err != nil {
		t.Fatal(err)
	}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			t.Errorf("%d dead letters in partition %d", o.Offset, o.Partition)
		}
	})
	if strings.Contains(p.log(), "client-s3cret") || strings.Contains(p.log(), "tok-") {
		t.Error("the log shows a secret or a token")
	}
}

// connected returns clients of brokers behind settings.
func connected(t *testing.T, s kafka.Settings) (*kgo.Client, *kadm.Client) {
	t.Helper()
	opts, err := s.Options(zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client, kadm.NewClient(client)
}

// generatedList is n good events.
func generatedList(t *testing.T, n int) (list []sample.Sample) {
	t.Helper()
	for s, err := range generated(t, n, 11, sample.GeneratorOptions{Profiles: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

// withDoc is a schema that differs in what it says of itself, and so has an id of its
// own.
func withDoc(t *testing.T, text string, n int) string {
	t.Helper()
	var schema map[string]any
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatal(err)
	}
	schema["doc"] = fmt.Sprintf("number %d", n)
	b, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
