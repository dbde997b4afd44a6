package kafkatest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// STS is a Security Token Service that knows one web identity, and the listener of a broker
// that takes the credentials it gives. The identity's token changes with each answer, and
// the credentials are to be renewed after some seconds. After the second answer it fails for
// as long as one renewal is tried.
type STS struct {
	URL    string
	Region string
	// Life is for how long a session with the broker lasts.
	Life time.Duration

	mu       sync.Mutex
	identity string // file of the token
	tokens   int    // how many there were
	given    map[string]bool
	used     map[string]bool
	away     int // questions to answer with 500 first
}

// NewSTS starts the service, and sets the environment of this process as a pod's with that
// identity.
func NewSTS(t *testing.T, region string, life time.Duration) *STS {
	t.Helper()
	s := &STS{Region: region, Life: life, identity: filepath.Join(t.TempDir(), "token"), given: map[string]bool{}, used: map[string]bool{}}
	if err := s.rotate(); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": region,
		"AWS_CONFIG_FILE": "/nonexistent/c", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/s", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/capi", "AWS_WEB_IDENTITY_TOKEN_FILE": s.identity,
	} {
		t.Setenv(k, v)
	}
	return s
}

// rotate replaces the identity's token. mu is held, or nobody else knows s.
func (s *STS) rotate() error {
	s.tokens++
	return os.WriteFile(s.identity, fmt.Appendf(nil, "identity-%d", s.tokens), 0o600)
}

// Expire ends the identity's token, and writes no other.
func (s *STS) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
}

// Used is how many credentials clients have authenticated with.
func (s *STS) Used() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.used)
}

// ServeHTTP answers AssumeRoleWithWebIdentity.
func (s *STS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
	s.given[key] = true
	if err := s.rotate(); err != nil {
		fail(http.StatusInternalServerError, "InternalFailure")
		return
	}
	// Two seconds beyond the five minutes in which they are renewed.
	ends := time.Now().Add(5*time.Minute + 2*time.Second).UTC().Format(time.RFC3339)
	_, _ = fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>%[1]s</AccessKeyId><SecretAccessKey>secret-of-%[1]s</SecretAccessKey><SessionToken>session-%[1]s</SessionToken><Expiration>%[2]s</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, key, ends)
	if len(s.given) == 2 {
		s.away = 3 // all tries of one renewal: the credentials from before have to do
	}
}

// Check is for SASL.Check.
func (s *STS) Check(sent []byte) (time.Duration, error) {
	var fields map[string]string
	if err := json.Unmarshal(sent, &fields); err != nil {
		return 0, err
	}
	key, scope, _ := strings.Cut(fields["x-amz-credential"], "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.given[key] || fields["x-amz-security-token"] != "session-"+key:
		return 0, errors.New("unknown key")
	case !strings.Contains(scope, "/"+s.Region+"/kafka-cluster/"):
		return 0, errors.New("wrong region")
	case fields["x-amz-signature"] == "":
		return 0, errors.New("no signature")
	}
	s.used[key] = true
	return s.Life, nil
}
