package config

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

func resolve(t *testing.T, args ...string) (registry.Options, error) {
	t.Helper()
	var f Registry
	flags := pflag.NewFlagSet("registry", pflag.ContinueOnError)
	f.RegisterReading(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f.Resolve(kafka.Settings{}, io.Discard)
}

func TestRegistrysTokens(t *testing.T) {
	o, err := resolve(t, "--registry-username", "me", "--registry-password", "s3cret")
	if err != nil || o.Bearer != nil || o.Username != "me" {
		t.Errorf("basic auth: %+v, %v", o, err)
	}
	path := filepath.Join(t.TempDir(), "token")
	for _, token := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if o.Bearer == nil {
			if o, err = resolve(t, "--registry-token-file", path, "--registry-cluster", "lsrc-1", "--registry-identity-pool", "pool-2", "--registry-context", "team"); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := o.Bearer.Token(t.Context()); err != nil || got != token {
			t.Errorf("token %q, %v, want %q", got, err, token)
		}
	}
	if o.Cluster != "lsrc-1" || o.IdentityPool != "pool-2" || o.Context != "team" {
		t.Errorf("%+v", o)
	}
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if id, secret, _ := req.BasicAuth(); id != "me" || secret != "s3cret" || req.FormValue("scope") != "a b" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"tok","token_type":"Bearer","expires_in":60}`)
	}))
	defer endpoint.Close()
	o, err = resolve(t, "--registry-token-url", endpoint.URL, "--registry-token-scopes", "a,b", "--registry-username", "me", "--registry-password", "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := o.Bearer.Token(t.Context()); err != nil || got != "tok" {
		t.Errorf("token %q, %v", got, err)
	}
}

func TestRegistrysMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"--registry-token x --registry-username me":                                                  "--registry-token: the registry takes one of",
		"--registry-token x --registry-token-url https://a":                                          "--registry-token: the registry takes one of",
		"--registry-token a,b":                                                                       "--registry-token: it is not a bearer token",
		"--registry-token-file /nowhere":                                                             "--registry-token-file",
		"--registry-token-url https://a":                                                             "needs --registry-username and --registry-password",
		"--registry-token-url https://a --registry-username me":                                      "needs --registry-username and --registry-password",
		"--registry-token-url ftp://a --registry-username me --registry-password s3cret":             "not a URL of a token endpoint",
		"--registry-token-url https://me:s3cret@a --registry-username me --registry-password s3cret": "not a URL of a token endpoint",
		"--registry-token-url a.example/token --registry-username me --registry-password s3cret":     "not a URL of a token endpoint",
		"--registry-token-scopes a":                                                                  "--registry-token-scopes",
		"--registry-cluster a:b":                                                                     "--registry-cluster",
		"--registry-identity-pool é":                                                                 "--registry-identity-pool",
		"--registry-context a/b":                                                                     "--registry-context",
		"--registry-tls-ca /nowhere":                                                                 "--registry-tls-ca",
		"--registry-tls-cert /nowhere":                                                               "--registry-tls-cert: open /nowhere",
		"--registry-tls-ca registry.go":                                                              "--registry-tls-ca: registry.go: it holds no certificate",
		"--registry-tls-key registry.go":                                                             "--registry-tls-cert and --registry-tls-key go together",
		"--schema-id glu":                                                                            "--schema-id",
	} {
		_, err := resolve(t, strings.Fields(args)...)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

// TestRegistrysOwnCertificates: mutual TLS with certificates of its own, which are read
// again; without any, the brokers' serve.
func TestRegistrysOwnCertificates(t *testing.T) {
	var shown atomic.Value
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		shown.Store(req.TLS.PeerCertificates[0].Subject.CommonName)
		io.WriteString(w, `{"schema":"\"string\""}`)
	}))
	srv.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Config.SetKeepAlivesEnabled(false)
	srv.StartTLS()
	defer srv.Close()
	dir := t.TempDir()
	ca, cert, key := filepath.Join(dir, "ca"), filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.WriteCertificate(t, cert, key, "first")
	o, err := resolve(t, "--registry", srv.URL, "--registry-tls-ca", ca, "--registry-tls-cert", cert, "--registry-tls-key", key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, name := range []string{"first", "second"} {
		testkit.WriteCertificate(t, cert, key, name)
		if _, err := r.SchemaByID(t.Context(), 1); err != nil || shown.Load() != name {
			t.Errorf("shown %v, %v, want %s", shown.Load(), err, name)
		}
	}
	for args, fails := range map[string]bool{
		"--registry-tls-ca " + ca:                                                                 true, // and no certificate of the client
		"--registry-tls-cert " + cert + " --registry-tls-key " + key:                              true, // and no authority
		"--registry-tls-ca " + ca + " --registry-tls-cert " + cert + " --registry-tls-key " + key: false,
	} {
		o, err := resolve(t, strings.Fields("--registry "+srv.URL+" "+args)...)
		if err != nil {
			t.Fatal(err)
		}
		r, err := registry.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.SchemaByID(t.Context(), 1); (err != nil) != fails || fails && !errors.Is(err, registry.ErrAway) {
			t.Errorf("%s: %v", args, err)
		}
		r.Close()
	}
	var f Registry
	f.Register(pflag.NewFlagSet("registry", pflag.ContinueOnError))
	if o, err := f.Resolve(kafka.Settings{}, io.Discard); err != nil || o.TLS != nil {
		t.Errorf("none: %v, %v", o.TLS, err)
	}
	if o, err := f.Resolve(kafka.Settings{TLS: kafka.TLSSettings{CAFile: ca}}, io.Discard); err != nil || o.TLS == nil || o.TLS.RootCAs == nil {
		t.Errorf("the brokers': %v, %v", o.TLS, err)
	}
}

func TestGluesSettings(t *testing.T) {
	for _, name := range []string{"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
	if o, err := resolve(t); err != nil || o.Glue != nil {
		t.Errorf("none: %v, %v", o.Glue, err)
	}
	if o, err := resolve(t); err != nil || o.URL != defaultRegistry {
		t.Errorf("no registry is named: %q, %v", o.URL, err)
	}
	for args, want := range map[string]string{
		"--glue-registry events":    "--glue-region: it is missing",
		"--glue-endpoint https://a": "--glue-region: it is missing",
	} {
		if _, err := resolve(t, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
	for args, want := range map[string]string{
		"--glue-region Europe": "not a region of AWS",
		"--glue-region eu-west-1 --glue-endpoint ftp://me:pw3@a": "--glue-endpoint",
	} {
		if _, err := resolve(t, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pw3") {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	asked := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked <- req.Header.Get("Authorization")
		io.WriteString(w, `{"SchemaDefinition":"\"string\"","DataFormat":"AVRO"}`)
	}))
	defer srv.Close()
	if o, err := resolve(t, "--glue-region", "eu-west-1", "--registry", "http://a"); err != nil || o.URL != "http://a" || o.Glue == nil {
		t.Errorf("both: %q, %v", o.URL, err)
	}
	o, err := resolve(t, "--glue-region", "eu-west-1", "--glue-endpoint", srv.URL)
	if err != nil || o.URL != "" {
		t.Fatal(o.URL, err)
	}
	r, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := r.SchemaOf(t.Context(), framing.RefUUID(framing.GlueVersion, [16]byte{1}))
	if err != nil || s.Text != `"string"` || !strings.Contains(<-asked, "Credential=AKID/") {
		t.Errorf("%+v, %v", s, err)
	}
}
