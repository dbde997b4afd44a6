package auth

import (
	"errors"
	"log"
	"net/http"
	"net/url"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/logging"
)

var errRedirect = errors.New("the answer is a redirect, which is not followed: want the URL that it leads to")

// newSDKClient returns a client for the SDK, of the SDK's own type, because AWS_CA_BUNDLE
// works with no other. That type follows a 307 and a 308, and sends the token of a container
// or of a login with it; the transport refuses such a request when it looks for a proxy,
// which is the only hook that it has.
func newSDKClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTimeout(answerTimeout).WithTransportOptions(func(t *http.Transport) {
		proxy := t.Proxy
		t.Proxy = func(r *http.Request) (*url.URL, error) {
			if r.Response != nil { // only the request of a redirect has one
				return nil, errRedirect
			}
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
