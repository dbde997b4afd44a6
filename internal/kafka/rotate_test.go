package kafka

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka/auth"
	"github.com/tracklayer/amazon-capi/internal/lab/kafkatest"
)

// guarded is a broker behind an authenticating listener.
func guarded(t *testing.T, s *kafkatest.SASL) *kfake.Cluster {
	t.Helper()
	return broker(t, kfake.ListenFn(s.Listen), kfake.SeedTopics(1, "events"))
}

// sessionLife is short: a client authenticates again about once a second, on the
// connections that it has.
const sessionLife = 1200 * time.Millisecond

// carries has a client write and read records, one by one, until enough has
// happened. An error of any of them is a gap.
func carries(t *testing.T, s Settings, enough func() bool) {
	t.Helper()
	opts, err := s.Options(zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(append(opts, kgo.DefaultProduceTopic("events"), kgo.ConsumeTopics("events"), kgo.FetchMaxWait(50*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for n := 0; !enough(); n++ {
		want := fmt.Sprint(n)
		if err := cl.ProduceSync(ctx, kgo.StringRecord(want)).FirstErr(); err != nil {
			t.Fatalf("record %d is not written: %v", n, err)
		}
		for got := ""; got == ""; {
			fetches := cl.PollRecords(ctx, 1)
			if err := fetches.Err0(); err != nil {
				t.Fatalf("record %d cannot be read: %v", n, err)
			}
			fetches.EachError(func(_ string, _ int32, err error) { t.Errorf("record %d: %v", n, err) })
			for _, r := range fetches.Records() {
				got = string(r.Value)
			}
			if got != "" && got != want {
				t.Fatalf("read %s, want %s", got, want)
			}
		}
	}
}

// TestOIDCRotates: an issuer whose tokens last for seconds, and that has another
// client secret now and then, leaves no gap.
func TestOIDCRotates(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	secret, secrets, issued := "secret-0", 0, map[string]time.Time{}
	secretFile := filepath.Join(t.TempDir(), "secret")
	rotate := func() { // mu is held
		secrets++
		secret = fmt.Sprintf("secret-%d", secrets)
		if err := os.WriteFile(secretFile, []byte(secret), 0o600); err != nil {
			t.Error(err)
		}
	}
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if id, given, _ := r.BasicAuth(); id != "client" || given != secret {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
			return
		}
		token := fmt.Sprintf("token-%d", len(issued))
		issued[token] = time.Now().Add(2 * time.Second)
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":2}`, token)
		rotate()
	}))
	defer idp.Close()
	mu.Lock()
	rotate()
	mu.Unlock()
	used := map[string]bool{}
	front := &kafkatest.SASL{Mechanism: "OAUTHBEARER", Check: func(sent []byte) (time.Duration, error) {
		_, token, _ := strings.Cut(string(sent), "Bearer ")
		token, rest, _ := strings.Cut(token, "\x01")
		mu.Lock()
		defer mu.Unlock()
		used[token] = true
		switch ends, ok := issued[token]; {
		case !ok || time.Now().After(ends):
			return 0, fmt.Errorf("token expired")
		case !strings.Contains(rest, "logicalCluster=lkc-1\x01"):
			return 0, fmt.Errorf("no extension")
		}
		return sessionLife, nil
	}}
	c := guarded(t, front)
	carries(t, Settings{Brokers: c.ListenAddrs(), SASL: SASLSettings{
		Mechanism: "OAUTHBEARER", Username: "client", Password: "secret-1", OAuthTokenURL: idp.URL,
		OAuthExtensions: map[string]string{"logicalCluster": "lkc-1"},
		Reread:          func() (string, error) { b, err := os.ReadFile(secretFile); return string(b), err },
	}}, func() bool { mu.Lock(); defer mu.Unlock(); return len(used) >= 4 && secrets >= 4 })
	t.Logf("%d tokens, %d secrets, %d times authenticated, %d refused", len(used), secrets, front.Accepted.Load(), front.Refused.Load())
}

// TestSTSRotates: temporary credentials and the identity that they are had for change
// all the time, STS fails once, and nothing stops.
func TestSTSRotates(t *testing.T) {
	service := kafkatest.NewSTS(t, "eu-west-1", sessionLife)
	certFile, _, cert := certificate(t)
	front := &kafkatest.SASL{Mechanism: "AWS_MSK_IAM", TLS: serverTLS(cert), Check: service.Check}
	c := guarded(t, front)
	s := Settings{Brokers: c.ListenAddrs(), TLS: TLSSettings{CAFile: certFile}, SASL: SASLSettings{Mechanism: "AWS_MSK_IAM", AWS: auth.AWS{STSEndpoint: service.URL}}}
	carries(t, s, func() bool { return service.Used() >= 4 })
	t.Logf("%d keys, %d times authenticated, %d refused", service.Used(), front.Accepted.Load(), front.Refused.Load())

	s.SASL.AWS.Region = "us-east-1"
	err := Explained(ping(t, client(t, s)))
	if err == nil || !strings.Contains(err.Error(), "--aws-region") || strings.Contains(err.Error(), "secret-of") || strings.Contains(err.Error(), "session-") {
		t.Errorf("the wrong region: %v; want --aws-region named, and no secret", err)
	}
	service.Expire()
	if err := ping(t, client(t, s)); err == nil || !strings.Contains(err.Error(), "have expired") {
		t.Errorf("an identity that has expired: %v", err)
	}
}
