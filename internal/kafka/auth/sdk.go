package auth

import (
	"errors"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

var errRedirect = errors.New("the answer is a redirect, which is not followed: want the URL that it leads to")

// newSDKClient returns a client for the SDK, of the SDK's own type, because AWS_CA_BUNDLE
// works with no other. That type follows a 307 and a 308, and sends the token of a container
// or of a login with it; the transport refuses such a request when it looks for a proxy,
// which is the only hook that it has. There the tokens of a request are noted, too.
func newSDKClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTimeout(answerTimeout).WithTransportOptions(func(t *http.Transport) {
		proxy := t.Proxy
		t.Proxy = func(r *http.Request) (*url.URL, error) {
			if r.Response != nil { // only the request of a redirect has one
				return nil, errRedirect
			}
			rememberTokens(r.Header)
			if proxy == nil {
				return nil, nil
			}
			return proxy(r)
		}
	})
}

// newSDKLogger returns a logger for the SDK that writes to Go's standard logger, which the
// program takes over. Without it the SDK writes to standard error, quoting what servers say.
func newSDKLogger() logging.Logger { return logging.NewStandardLogger(log.Writer()) }

// rememberTokens registers the secrets in the headers of a request, which the SDK has from
// environment, files and other services. Whoever answers may repeat them.
func rememberTokens(h http.Header) {
	for _, name := range []string{"Authorization", "X-Amz-Security-Token", "X-Amz-Sso_bearer_token", "X-Aws-Ec2-Metadata-Token"} {
		if v := h.Get(name); v != "" && !strings.HasPrefix(v, "AWS4-") { // a signature is good for one request
			redact.Secret(strings.TrimPrefix(v, "Bearer "))
		}
	}
}

// rememberIdentity registers the token of the web identity, which the SDK sends to STS in the
// body of a request.
func rememberIdentity(config *aws.Config) {
	files := []string{os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE")}
	if config != nil {
		for _, source := range config.ConfigSources {
			if shared, ok := source.(awsconfig.SharedConfig); ok {
				files = append(files, shared.WebIdentityTokenFile)
			}
		}
	}
	for _, file := range files {
		if token, err := os.ReadFile(file); file != "" && err == nil {
			redact.Secret(string(token))
		}
	}
}
