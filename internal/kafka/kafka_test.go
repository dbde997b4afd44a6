package kafka

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

func client(t *testing.T, s Settings) *kgo.Client {
	t.Helper()
	opts, err := s.Options(zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(append(opts, kgo.RetryTimeout(2*time.Second), kgo.RequestRetries(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func ping(t *testing.T, cl *kgo.Client) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return cl.Ping(ctx)
}

func broker(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestSASL(t *testing.T) {
	c := broker(t, kfake.EnableSASL(),
		kfake.User("PLAIN", "ann", "pw-plain"),
		kfake.User("SCRAM-SHA-256", "ben", "pw-256"),
		kfake.User("SCRAM-SHA-512", "cleo", "pw-512"))
	for _, tc := range []struct {
		sasl SASLSettings
		ok   bool
	}{
		{SASLSettings{Mechanism: "plain", Username: "ann", Password: "pw-plain"}, true},
		{SASLSettings{Mechanism: "SCRAM-SHA-256", Username: "ben", Password: "pw-256"}, true},
		{SASLSettings{Mechanism: "scram-sha-512", Username: "cleo", Password: "pw-512"}, true},
		{SASLSettings{Mechanism: "PLAIN", Username: "ann", Password: "wrong"}, false},
		{SASLSettings{}, false},
	} {
		err := ping(t, client(t, Settings{Brokers: c.ListenAddrs(), SASL: tc.sasl}))
		if (err == nil) != tc.ok {
			t.Errorf("%s as %s: %v, want success %v", tc.sasl.Mechanism, tc.sasl.Username, err, tc.ok)
		}
		if err != nil && tc.sasl.Password != "" && strings.Contains(err.Error(), tc.sasl.Password) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

// certificate makes a self-signed one for 127.0.0.1, as files.
func certificate(t *testing.T) (certFile, keyFile string, cert tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der},
		keyFile:  {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err = tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile, cert
}

// TestAPasswordThatWasRenewed: what is written with the old one is held and not
// lost, and goes on with the new one without a restart.
func TestAPasswordThatWasRenewed(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			c := broker(t, kfake.EnableSASL(), kfake.User(mechanism, "ann", "new"), kfake.User("PLAIN", "root", "root"), kfake.SeedTopics(1, written))
			var now atomic.Pointer[string]
			old := "old"
			now.Store(&old)
			s := Settings{Brokers: c.ListenAddrs(), SASL: SASLSettings{
				Mechanism: mechanism, Username: "ann", Password: "old",
				Reread: func() (string, error) { return *now.Load(), nil },
			}}
			opts, err := s.Options(zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			w, err := NewWriter(t.Context(), written, 1<<30, append(opts, kgo.MetadataMinAge(20*time.Millisecond))...)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			said := make(chan error, 1)
			w.TryProduce(t.Context(), small(1)(), func(_ *kgo.Record, err error) { said <- err })
			if why := w.Why(t.Context()); why == "" || strings.Contains(why, "old") {
				t.Errorf("it says %q", why)
			}
			renewed := "new"
			now.Store(&renewed)
			select {
			case err := <-said:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(30 * time.Second):
				t.Error("not written with the new password")
			}
		})
	}
	if why := Reason(fmt.Errorf("told: %w", kerr.SaslAuthenticationFailed), written, "--flag"); !strings.Contains(why, "--sasl-password") {
		t.Errorf("it says %q", why)
	}
}

// TestACertificateThatWasRenewed: each connection has the pair that is there.
func TestACertificateThatWasRenewed(t *testing.T) {
	certFile, keyFile, first := certificate(t)
	config, err := (&TLSSettings{CertFile: certFile, KeyFile: keyFile}).Config()
	if err != nil {
		t.Fatal(err)
	}
	shown := func() []byte {
		cert, err := config.GetClientCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return cert.Certificate[0]
	}
	newCert, newKey, second := certificate(t)
	if !bytes.Equal(shown(), first.Certificate[0]) {
		t.Error("not the certificate that was given")
	}
	if err := os.Rename(newCert, certFile); err != nil { // and not its key yet
		t.Fatal(err)
	}
	if !bytes.Equal(shown(), first.Certificate[0]) {
		t.Error("half of a new pair is no reason to give up the old one")
	}
	if err := os.Rename(newKey, keyFile); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(shown(), second.Certificate[0]) {
		t.Error("the renewed certificate is not used")
	}
}

func serverTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}

func TestTLS(t *testing.T) {
	certFile, keyFile, cert := certificate(t)
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(certFile)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	c := broker(t, kfake.TLS(&tls.Config{
		Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}))
	marked := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(marked, append([]byte("\ufeff"), pem...), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		tls TLSSettings
		ok  bool
	}{
		"with its CA and our certificate":  {TLSSettings{CAFile: certFile, CertFile: certFile, KeyFile: keyFile}, true},
		"without our certificate":          {TLSSettings{CAFile: certFile}, false},
		"with the system's roots":          {TLSSettings{Enabled: true, CertFile: certFile, KeyFile: keyFile}, false},
		"with a byte order mark before it": {TLSSettings{CAFile: marked, CertFile: certFile, KeyFile: keyFile}, true},
		"with one before the certificate":  {TLSSettings{CAFile: certFile, CertFile: marked, KeyFile: keyFile}, true},
	} {
		if err := ping(t, client(t, Settings{Brokers: c.ListenAddrs(), TLS: tc.tls})); (err == nil) != tc.ok {
			t.Errorf("%s: %v, want success %v", name, err, tc.ok)
		}
	}
}

func TestMistakesNameTheirFlag(t *testing.T) {
	certFile, keyFile, _ := certificate(t)
	ok := []string{"localhost:9092"}
	for name, tc := range map[string]struct {
		s    Settings
		want string
	}{
		"no broker":        {Settings{}, "--brokers"},
		"a URL":            {Settings{Brokers: []string{"http://kafka:9092"}}, "host:port"},
		"no host":          {Settings{Brokers: []string{":9092"}}, "--brokers"},
		"bad port":         {Settings{Brokers: []string{"kafka:99999"}}, "--brokers"},
		"unknown SASL":     {Settings{Brokers: ok, SASL: SASLSettings{Mechanism: "GSSAPI"}}, Mechanisms},
		"no password":      {Settings{Brokers: ok, SASL: SASLSettings{Mechanism: "PLAIN", Username: "x"}}, "--sasl-password"},
		"no mechanism":     {Settings{Brokers: ok, SASL: SASLSettings{Username: "x"}}, "--sasl-mechanism"},
		"no such CA":       {Settings{Brokers: ok, TLS: TLSSettings{CAFile: "/nonexistent"}}, "--tls-ca"},
		"CA is not PEM":    {Settings{Brokers: ok, TLS: TLSSettings{CAFile: "kafka_test.go"}}, "--tls-ca"},
		"cert without key": {Settings{Brokers: ok, TLS: TLSSettings{CertFile: certFile}}, "--tls-key"},
		"key as cert":      {Settings{Brokers: ok, TLS: TLSSettings{CertFile: keyFile, KeyFile: certFile}}, "--tls-cert"},
	} {
		if _, err := tc.s.Options(zerolog.Nop()); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc.want)
		}
	}
	seeds, err := (&Settings{Brokers: []string{"kafka", " b:1 ", "", "[::1]:9093", "[::1]"}}).seeds()
	if want := []string{"kafka:9092", "b:1", "[::1]:9093", "[::1]:9092"}; err != nil || !slices.Equal(seeds, want) {
		t.Errorf("seeds %q, %v; want %q", seeds, err, want)
	}
}

// TestEnsureTopics: a dead-letter topic made for a source must take any of the
// source's records, and running it again changes nothing.
func TestEnsureTopics(t *testing.T) {
	c := broker(t, kfake.BrokerConfigs(map[string]string{"log.cleanup.policy": "compact"}))
	cl := client(t, Settings{Brokers: c.ListenAddrs()})
	admin := kadm.NewClient(cl)
	if _, err := admin.CreateTopic(t.Context(), 7, 1, map[string]*string{maxMessageBytes: new("5000000")}, "source"); err != nil {
		t.Fatal(err)
	}
	created, err := EnsureTopics(t.Context(), cl, []string{"source"}, 3, "source.dlq", "")
	if err != nil || !slices.Equal(created, []string{"source.dlq"}) {
		t.Fatalf("created %q, %v", created, err)
	}
	// A client of its own: the first one's metadata is from before.
	topics, err := kadm.NewClient(client(t, Settings{Brokers: c.ListenAddrs()})).ListTopics(t.Context(), "source.dlq")
	if err != nil || len(topics["source.dlq"].Partitions) != 7 {
		t.Errorf("the copy has %d partitions, %v; want the source's 7", len(topics["source.dlq"].Partitions), err)
	}
	if got := MessageLimit(t.Context(), cl, "source.dlq"); got != 5_000_000+headerRoom {
		t.Errorf("the copy takes %d bytes, want the source's and room for headers: %d", got, 5_000_000+headerRoom)
	}
	configs, err := kadm.NewClient(cl).DescribeTopicConfigs(t.Context(), "source.dlq")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(configs[0].Configs, func(c kadm.Config) bool {
		return c.Key == "cleanup.policy" && c.MaybeValue() == "delete"
	}) {
		t.Error("the copy has no cleanup.policy=delete")
	}
	if created, err := EnsureTopics(t.Context(), cl, []string{"source"}, 3, "source.dlq"); err != nil || len(created) != 0 {
		t.Errorf("a second run created %q, %v", created, err)
	}
	if created, err := EnsureTopics(t.Context(), cl, []string{"new"}, 3, "new.dlq"); err != nil || !slices.Equal(created, []string{"new", "new.dlq"}) {
		t.Errorf("created %q, %v", created, err)
	}
	if got := MessageLimit(t.Context(), cl, "no-such-topic"); got != defaultMessageBytes {
		t.Errorf("limit of a topic that does not exist: %d", got)
	}
}

// TestStores: what Java has of certificates is taken as it is, and a password that is
// missing or wrong is asked for by its name.
func TestStores(t *testing.T) {
	at := func(name string) string { return filepath.Join("stores", "testdata", name) }
	pem, err := os.ReadFile(at("both.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		tls  TLSSettings
		want string // in the error; empty for none
	}{
		"JKS":                      {TLSSettings{CAFile: at("trust.jks"), CertFile: at("key.jks"), CertPassword: "store-pass", KeyPassword: "key-pass"}, ""},
		"PKCS12":                   {TLSSettings{CAFile: at("trust.p12"), CAPassword: "store-pass", CertFile: at("key.p12"), CertPassword: "store-pass"}, ""},
		"PEM itself":               {TLSSettings{CAFile: string(pem), CertFile: string(pem), KeyPassword: "key-pass"}, ""},
		"one file for both":        {TLSSettings{CertFile: at("both.pem"), KeyPassword: "key-pass"}, ""},
		"CA's password missing":    {TLSSettings{CAFile: at("trust.p12")}, "--tls-ca-password"},
		"CA's password wrong":      {TLSSettings{CAFile: at("trust.jks"), CAPassword: "wr0ng-one"}, "--tls-ca-password"},
		"store's password missing": {TLSSettings{CertFile: at("key.jks")}, "--tls-cert-password"},
		"key's password wrong":     {TLSSettings{CertFile: at("cert.pem"), KeyFile: at("pbes2.pem"), KeyPassword: "wr0ng-one"}, "--tls-key-password"},
		"key's password missing":   {TLSSettings{CertFile: string(pem)}, "--tls-key-password"},
		"a key beside a store":     {TLSSettings{CertFile: at("key.jks"), KeyFile: at("plain.pem")}, "--tls-key: want none"},
		"a key alone":              {TLSSettings{KeyFile: at("plain.pem")}, "--tls-cert is missing"},
		"another's key":            {TLSSettings{CertFile: at("cert.pem"), KeyFile: "kafka_test.go"}, "--tls-key"},
	} {
		_, err := tc.tls.Config()
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
		if err != nil && (strings.Contains(err.Error(), "wr0ng-one") || strings.Contains(err.Error(), "MII")) {
			t.Errorf("%s: the error shows a secret", name)
		}
	}
}

// TestAnAuthorityThatWasRenewed: new connections trust what is trusted then. One that
// takes any host still looks at who signed.
func TestAnAuthorityThatWasRenewed(t *testing.T) {
	firstFile, _, first := certificate(t)
	secondFile, _, second := certificate(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	put := func(from string) {
		b, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(ca, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(firstFile)
	s := TLSSettings{CAFile: ca}
	dial, err := s.dialer()
	if err != nil {
		t.Fatal(err)
	}
	tries := func(dial func(context.Context, string, string) (net.Conn, error), cert tls.Certificate, host string) error {
		l, err := tls.Listen("tcp", "127.0.0.1:0", serverTLS(cert))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			if c, err := l.Accept(); err == nil {
				_ = c.(*tls.Conn).Handshake()
				_ = c.Close()
			}
		}()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		c, err := dial(t.Context(), "tcp", net.JoinHostPort(host, port))
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	if err := tries(dial, first, "127.0.0.1"); err != nil {
		t.Error(err)
	}
	if err := tries(dial, second, "127.0.0.1"); err == nil || !strings.Contains(Explained(err).Error(), "--tls-ca") {
		t.Errorf("one that nobody trusts: %v", err)
	}
	put(secondFile)
	if err := tries(dial, second, "127.0.0.1"); err != nil {
		t.Errorf("renewed: %v", err)
	}
	if err := os.WriteFile(ca, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := tries(dial, second, "127.0.0.1"); err != nil {
		t.Errorf("while it is being replaced: %v", err)
	}
	if err := tries(dial, second, "localhost"); err == nil {
		t.Error("a certificate for another host was taken")
	}
	put(firstFile)
	s.AnyHost = true
	if dial, err = s.dialer(); err != nil {
		t.Fatal(err)
	}
	if err := tries(dial, first, "localhost"); err != nil {
		t.Errorf("any host: %v", err)
	}
	if err := tries(dial, second, "localhost"); err == nil {
		t.Error("any host is not any signer")
	}
}
