package auth

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNoMoreOfAWSsSDK: a service's package is half a megabyte of the binary. STS gives
// roles; the others are parts of the SDK's chain of credentials, for who has logged in by
// the AWS command line. Glue is asked without its package.
func TestNoMoreOfAWSsSDK(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../../cmd/amazon-capi").Output()
	if err != nil {
		t.Fatal(err)
	}
	const services = "github.com/aws/aws-sdk-go-v2/service/"
	var found []string
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), services); ok {
			name, _, _ = strings.Cut(name, "/")
			if name != "internal" && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	if want := []string{"signin", "sso", "ssooidc", "sts"}; !slices.Equal(found, want) {
		t.Errorf("the program has the services %q, want %q", found, want)
	}
}

// credentialsOf asks for credentials where a container finds them, which is at url.
func credentialsOf(t *testing.T, url string) error {
	t.Helper()
	noAWS(t)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	chain, err := NewChain(AWS{}, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = chain.Credentials(t.Context())
	return err
}

// TestTheSDKFollowsNoRedirect: AWS's own client follows a 307 and a 308, with the token
// of a container if only the port is another.
func TestTheSDKFollowsNoRedirect(t *testing.T) {
	var reached []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached = append(reached, r.Method+" with "+r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		first := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		if err := credentialsOf(t, first.URL); err == nil || strings.Contains(err.Error(), "container-token") {
			t.Errorf("%d: %v", status, err)
		} else if status >= 307 && !strings.Contains(err.Error(), "redirect") {
			t.Errorf("%d: %v, want the redirect named", status, err)
		}
		first.Close()
	}
	if len(reached) > 0 {
		t.Errorf("redirects were followed: %q", reached)
	}
}

// TestTheSDKWritesToTheStandardLogger, which the program takes over, and not to standard
// error itself: it quotes headers of answers.
func TestTheSDKWritesToTheStandardLogger(t *testing.T) {
	const private = "jane.doe@example.com"
	var logged bytes.Buffer
	before, flags := log.Writer(), log.Flags()
	log.SetOutput(&logged)
	defer func() { log.SetOutput(before); log.SetFlags(flags) }()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stderr := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = stderr }()

	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", private)
		fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>AKID</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	defer srv.Close()
	noAWS(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret-key")
	chain, err := NewChain(AWS{RoleARN: "arn:aws:iam::123456789012:role/r", STSEndpoint: srv.URL}, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chain.Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if wrote, err := io.ReadAll(file); err != nil || len(wrote) > 0 {
		t.Errorf("standard error has %q, %v", wrote, err)
	}
	if !strings.Contains(logged.String(), "Date header") {
		t.Errorf("the standard logger has %q, want what the SDK says of the header", logged.String())
	}
}
