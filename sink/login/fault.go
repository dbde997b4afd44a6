package login

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// Labels of failed refreshes.
const (
	refreshRefused     = "refused"     // Login with Amazon refused
	refreshUnavailable = "unavailable" // no answer, or a temporary error
	refreshNonsense    = "nonsense"    // an answer that is not Login with Amazon's
)

// refusal explains an OAuth 2.0 error code in terms of our settings; "" if the code says
// nothing about them.
func refusal(code string) string {
	switch code {
	case "invalid_grant":
		return "the refresh token was revoked, has expired or belongs to another client: authorise again and set " + setting.RefreshToken.String()
	case "invalid_client":
		return fmt.Sprintf("the client id or the client secret is wrong: see %s and %s", setting.ClientID, setting.ClientSecret)
	case "unauthorized_client":
		return "this client may not use a refresh token: see its security profile at Login with Amazon"
	case "invalid_scope":
		return "the refresh token was not given for the Ads API: authorise again with its scope"
	case "invalid_request":
		return "the token endpoint does not understand the exchange: see " + setting.TokenURL.String()
	case "unsupported_grant_type":
		return "the token endpoint does not exchange refresh tokens: see " + setting.TokenURL.String()
	}
	return ""
}

// tokenError is why an exchange gave no usable token. It quotes nothing of the answer.
type tokenError web.Fault

func (e tokenError) Error() string { return e.Text }

// asFault returns the fault behind an error of exchange.
func asFault(err error) web.Fault {
	if e, ok := errors.AsType[tokenError](err); ok {
		return web.Fault(e)
	}
	return web.Fault{Label: refreshUnavailable, Text: "the exchange failed"}
}

func unreachable(err error, timeout time.Duration) error {
	return tokenError{Label: refreshUnavailable, Text: "the token endpoint cannot be reached: " + web.FaultOf(err, timeout).Text}
}

// brokenOff describes an answer that could not be read to its end.
func brokenOff(err error, timeout time.Duration) error {
	if e, ok := errors.AsType[tokenError](err); ok {
		return e
	}
	if f := web.FaultOf(err, timeout); f.Label == web.FaultTimeout {
		return tokenError{Label: refreshUnavailable, Text: "the token endpoint's answer did not end: " + f.Text}
	}
	return tokenError{Label: refreshUnavailable, Text: "the token endpoint's answer broke off"}
}

func explainStatus(status int, code string) web.Fault {
	code = strings.ToLower(code)
	why := refusal(code)
	switch {
	case why != "":
		return web.Fault{Label: refreshRefused, Text: fmt.Sprintf("%s (status %d, %s)", why, status, code)}
	case status == 429 || status >= 500:
		return web.Fault{Label: refreshUnavailable, Text: fmt.Sprintf("the token endpoint answers %d", status)}
	case status >= 300 && status < 400:
		return web.Fault{Label: refreshNonsense, Text: fmt.Sprintf("the token endpoint answers with a redirect (%d), which is not followed with a secret: see %s", status, setting.TokenURL)}
	case code == "":
		return web.Fault{Label: refreshNonsense, Text: fmt.Sprintf("the token endpoint answers %d without a reason: see %s", status, setting.TokenURL)}
	}
	return web.Fault{Label: refreshRefused, Text: fmt.Sprintf("Login with Amazon answers %d, %s", status, knownForm(code))}
}

// knownForm passes a code that has the form of OAuth's own. Any other could be anything,
// including what we sent.
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
