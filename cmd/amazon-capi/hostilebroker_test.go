package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	brokerPassword = "br0ker-Passw0rd"
	toldHash       = "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"
)

// told is what a hostile broker says, and toldRemains what must not be left of it.
var (
	told = strings.Join([]string{
		"jane.doe@example.com", "jane.doe%40example.com", base64.StdEncoding.EncodeToString([]byte("jane.doe@example.com")), toldHash, "+1 (555) 123-4567",
		"555\u00a0123\u00a04567", "AEBE52E7-03EE-455A-B3C4-E57283966239", brokerPassword, base64.StdEncoding.EncodeToString([]byte("\x00capi\x00" + brokerPassword)), "\x1b[31mred\u202e",
	}, " and ")
	toldRemains = []string{"jane.doe", "amFuZS5kb2", "86e0b9e5", "123-4567", "4567", "AEBE52E7", brokerPassword, "\x1b", "\u202e", base64.StdEncoding.EncodeToString([]byte("\x00capi\x00" + brokerPassword))[8:20]}
)

// commandsThatAsk are those that talk to a broker.
var commandsThatAsk = [][]string{
	{"run", "--listen", ""}, {"check", "--live"}, {"check", "--live", "--json"}, {"dlq", "ls"}, {"dlq", "stats", "--json"}, {"dlq", "show", "0/0"}, {"dlq", "redrive"},
	{"replay", "--from", "-1h"}, {"reconcile", "--from", "-1h"}, {"audit", "--from", "-1h"}, {"explain", "--offset", "0/0"}, {"publish", "--events", "1"}, {"publish", "--events", "1", "--create-topics"},
}

// askAll runs every command against a broker, and looks at what it prints.
func askAll(t *testing.T, servers ...string) {
	t.Helper()
	for _, args := range commandsThatAsk {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			all := append(slices.Clip(args), servers...)
			if args[0] == "run" || args[0] == "check" {
				all = append(all, "--client-id", "amzn1.application-oa2-client.x", "--client-secret", "client-secret-xyz", "--refresh-token", "Atzr|IwEBIrefresh", "--token-url", "http://127.0.0.1:1/", "--amazon-url", "http://127.0.0.1:1")
			}
			if args[0] != "dlq" || args[1] == "show" {
				all = append(all, "--registry", "http://127.0.0.1:1")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			var out, errs bytes.Buffer
			code := run(ctx, cli.Process{Args: all, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs})
			shown := out.String() + errs.String()
			if code == exitUsage || shown == "" {
				t.Fatalf("exit code %d\n%s", code, shown)
			}
			for _, left := range toldRemains {
				if strings.Contains(strings.ToLower(shown), strings.ToLower(left)) {
					t.Errorf("%q is shown:\n%s", left, shown)
					return
				}
			}
		})
	}
}

// TestWhatBrokersSayIsNotShown: the broker refuses the password, and repeats it.
func TestWhatBrokersSayIsNotShown(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "admin", "admin-password"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		resp.ErrorCode, resp.ErrorMessage = 58, &told
		return resp, nil, true
	})
	askAll(t, "--brokers", c.ListenAddrs()[0], "--sasl-mechanism", "PLAIN", "--sasl-username", "capi", "--sasl-password", brokerPassword)
}

// TestNamesInCertificatesAreNotShown: whoever answers in a broker's place can have
// any name in a certificate, and verification quotes them.
func TestNamesInCertificatesAreNotShown(t *testing.T) {
	cert, ca := namedCertificate(t)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{cert}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	askAll(t, "--brokers", c.ListenAddrs()[0], "--tls", "--tls-ca", ca)
}

// namedCertificate returns a certificate for what was told, and its CA's file.
func namedCertificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "jane.doe@example.com", Organization: []string{told[:60]}}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{toldHash[:60] + ".example", "jane.doe.example", "AEBE52E7-03EE-455A-B3C4-E57283966239", brokerPassword}, EmailAddresses: []string{"jane.doe@example.com"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, ca
}
