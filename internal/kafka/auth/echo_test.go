package auth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatTheSDKIsGivenIsNotShown: an endpoint, or a proxy before it, that repeats a request
// repeats tokens that this program has not read, but the SDK has.
func TestWhatTheSDKIsGivenIsNotShown(t *testing.T) {
	const session, container, identity = "IQoJb3JpZ2luX2Vj-session-token+/x", "container-token-0123", "opaque.web.identity.token.4711"
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		said := fmt.Sprint(r.Header.Get("X-Amz-Security-Token"), " ", r.Header.Get("Authorization"), " ", r.PostForm.Get("WebIdentityToken"))
		w.WriteHeader(http.StatusBadRequest)
		if strings.Contains(r.Header.Get("Content-Type"), "form") {
			fmt.Fprintf(w, `<ErrorResponse><Error><Code>Malformed</Code><Message>cannot read %s</Message></Error></ErrorResponse>`, said)
			return
		}
		fmt.Fprintf(w, `{"code":"Malformed","message":%q}`, said)
	}))
	defer echo.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(identity), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		env map[string]string
		aws AWS
	}{
		"a role by environment": {map[string]string{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret-key", "AWS_SESSION_TOKEN": session}, AWS{RoleARN: "arn:aws:iam::123456789012:role/r", STSEndpoint: echo.URL}},
		"a container":           {map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": echo.URL, "AWS_CONTAINER_AUTHORIZATION_TOKEN": container}, AWS{}},
		"a container's file":    {map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": echo.URL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file}, AWS{}},
		"a web identity":        {map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r"}, AWS{STSEndpoint: echo.URL}},
	} {
		t.Run(name, func(t *testing.T) {
			noAWS(t)
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
			for name, value := range tc.env {
				t.Setenv(name, value)
			}
			chain, err := NewChain(tc.aws, "us-east-1")
			if err != nil {
				t.Fatal(err)
			}
			_, err = chain.Credentials(t.Context())
			if err == nil || !strings.Contains(err.Error(), "Malformed") {
				t.Fatalf("%v, want what the endpoint says", err)
			}
			for _, secret := range []string{session, container, identity} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%v", err)
				}
			}
		})
	}
}
