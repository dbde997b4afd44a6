package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
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

// sts is a Security Token Service that knows one web identity, whose token changes,
// and gives credentials that end soon.
type sts struct {
	mu       sync.Mutex
	identity string            // file of the token
	tokens   int               // how many there were
	given    map[string]string // secrets by access key
	away     int               // questions to answer with 500 first
}

func (s *sts) rotate(t *testing.T) {
	s.tokens++
	if err := os.WriteFile(s.identity, fmt.Appendf(nil, "identity-%d", s.tokens), 0o600); err != nil {
		t.Error(err)
	}
}

func (s *sts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fail := func(status int, code string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, code)
	}
	switch {
	case s.away > 0:
		s.away--
		fail(http.StatusInternalServerError, "InternalFailure")
		return
	case r.FormValue("Action") != "AssumeRoleWithWebIdentity":
		fail(http.StatusBadRequest, "InvalidAction")
		return
	case r.FormValue("WebIdentityToken") != fmt.Sprintf("identity-%d", s.tokens):
		fail(http.StatusBadRequest, "ExpiredTokenException")
		return
	}
	key := fmt.Sprintf("ASIA%d", len(s.given))
	s.given[key] = "secret-of-" + key
	s.tokens++
	_ = os.WriteFile(s.identity, fmt.Appendf(nil, "identity-%d", s.tokens), 0o600)
	// A second beyond the five minutes in which they are renewed.
	ends := time.Now().Add(5*time.Minute + 2*time.Second).UTC().Format(time.RFC3339)
	_, _ = fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>session-%s</SessionToken><Expiration>%s</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, key, s.given[key], key, ends)
	if len(s.given) == 2 {
		s.away = 3 // all tries of one renewal: the credentials from before have to do
	}
}

// TestSTSRotates: temporary credentials and the identity that they are had for change
// all the time, STS fails once, and nothing stops.
func TestSTSRotates(t *testing.T) {
	service := &sts{identity: filepath.Join(t.TempDir(), "token"), given: map[string]string{}}
	service.rotate(t)
	srv := httptest.NewServer(service)
	defer srv.Close()
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "eu-west-1",
		"AWS_CONFIG_FILE": "/nonexistent/c", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/s", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/capi", "AWS_WEB_IDENTITY_TOKEN_FILE": service.identity,
	} {
		t.Setenv(k, v)
	}
	certFile, _, cert := certificate(t)
	var keys sync.Map
	var distinct atomic.Int64
	front := &kafkatest.SASL{Mechanism: "AWS_MSK_IAM", TLS: serverTLS(cert), Check: func(sent []byte) (time.Duration, error) {
		var fields map[string]string
		if err := json.Unmarshal(sent, &fields); err != nil {
			return 0, err
		}
		key, scope, _ := strings.Cut(fields["x-amz-credential"], "/")
		service.mu.Lock()
		defer service.mu.Unlock()
		switch {
		case service.given[key] == "" || fields["x-amz-security-token"] != "session-"+key:
			return 0, fmt.Errorf("unknown key")
		case !strings.Contains(scope, "/eu-west-1/kafka-cluster/"):
			return 0, fmt.Errorf("wrong region")
		case fields["x-amz-signature"] == "":
			return 0, fmt.Errorf("no signature")
		}
		if _, seen := keys.LoadOrStore(key, true); !seen {
			distinct.Add(1)
		}
		return sessionLife, nil
	}}
	c := guarded(t, front)
	s := Settings{Brokers: c.ListenAddrs(), TLS: TLSSettings{CAFile: certFile}, SASL: SASLSettings{Mechanism: "AWS_MSK_IAM", AWS: auth.AWS{STSEndpoint: srv.URL}}}
	carries(t, s, func() bool { return distinct.Load() >= 4 })
	t.Logf("%d keys, %d identities, %d times authenticated, %d refused", distinct.Load(), service.tokens, front.Accepted.Load(), front.Refused.Load())

	s.SASL.AWS.Region = "us-east-1"
	err := Explained(ping(t, client(t, s)))
	if err == nil || !strings.Contains(err.Error(), "--aws-region") || strings.Contains(err.Error(), "secret-of") || strings.Contains(err.Error(), "session-") {
		t.Errorf("the wrong region: %v; want --aws-region named, and no secret", err)
	}
	service.mu.Lock()
	service.tokens++ // and nobody wrote the file
	service.mu.Unlock()
	if err := ping(t, client(t, s)); err == nil || !strings.Contains(err.Error(), "have expired") {
		t.Errorf("an identity that has expired: %v", err)
	}
}
