package sink

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Labels of failed refreshes.
const (
	refreshRefused     = "refused"     // Login with Amazon said no
	refreshUnavailable = "unavailable" // no answer, or one that will pass
	refreshNonsense    = "nonsense"    // an answer that is none of its own
)

// refusal explains an error code of OAuth 2.0 in terms of our settings; "" for
// one that means nothing to them.
func refusal(code string) string {
	switch code {
	case "invalid_grant":
		return "the refresh token was revoked, has expired or belongs to another client: authorise again and set --refresh-token"
	case "invalid_client":
		return "the client id or the client secret is wrong: see --client-id and --client-secret"
	case "unauthorized_client":
		return "this client may not use a refresh token: see its security profile at Login with Amazon"
	case "invalid_scope":
		return "the refresh token was not given for the Ads API: authorise again with its scope"
	case "invalid_request":
		return "the token endpoint does not understand the exchange: see --token-url"
	case "unsupported_grant_type":
		return "the token endpoint does not exchange refresh tokens: see --token-url"
	}
	return ""
}

// tokenError is why an exchange gave no token that can be used. It repeats nothing
// of the answer.
type tokenError fault

func (e tokenError) Error() string { return e.text }

// asFault is the fault that an error of exchange stands for.
func asFault(err error) fault {
	var e tokenError
	if errors.As(err, &e) {
		return fault(e)
	}
	return fault{refreshUnavailable, "the exchange failed"}
}

func unreachable(err error, timeout time.Duration) error {
	return tokenError{refreshUnavailable, "the token endpoint cannot be reached: " + describeFault(err, timeout).text}
}

// brokenOff is for an answer that could not be read to its end.
func brokenOff(err error, timeout time.Duration) error {
	var e tokenError
	if errors.As(err, &e) {
		return e
	}
	if f := describeFault(err, timeout); f.label == faultTimeout {
		return tokenError{refreshUnavailable, "the token endpoint's answer did not end: " + f.text}
	}
	return tokenError{refreshUnavailable, "the token endpoint's answer broke off"}
}

func explainStatus(status int, code string) fault {
	code = strings.ToLower(code)
	why := refusal(code)
	switch {
	case why != "":
		return fault{refreshRefused, fmt.Sprintf("%s (status %d, %s)", why, status, code)}
	case status == 429 || status >= 500:
		return fault{refreshUnavailable, fmt.Sprintf("the token endpoint answers %d", status)}
	case status >= 300 && status < 400:
		return fault{refreshNonsense, fmt.Sprintf("the token endpoint answers with a redirect (%d), which is not followed with a secret: see --token-url", status)}
	case code == "":
		return fault{refreshNonsense, fmt.Sprintf("the token endpoint answers %d without a reason: see --token-url", status)}
	}
	return fault{refreshRefused, fmt.Sprintf("Login with Amazon answers %d, %s", status, knownForm(code))}
}

// knownForm lets a code through that has the form of OAuth's own. Another could
// be anything, such as what we sent.
func knownForm(code string) string {
	if redact.Text(code) != code {
		return "an error code of an unknown kind"
	}
	for i := range len(code) {
		if c := code[i]; (c < 'a' || c > 'z') && c != '_' || i >= 40 {
			return "an error code of an unknown kind"
		}
	}
	return code
}
