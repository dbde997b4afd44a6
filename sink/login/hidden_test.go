package login

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// TestTokensAreHiddenFromTheStart, also those that do not look like Amazon's: whatever came
// from the token endpoint is masked in all text from then on.
func TestTokensAreHiddenFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const access, refresh = "plain-opaque-access", "plain-opaque-renewal"
		r := newTokenRig(t, func(int) reply {
			return reply{status: 200, body: fmt.Sprintf(`{"access_token":%q,"token_type":"bearer","expires_in":3600,"refresh_token":%q}`, access, refresh)}
		})
		if got := r.get(t); got != access {
			t.Fatalf("token %q", got)
		}
		for _, secret := range []string{access, refresh} {
			if text := redact.Text("the proxy said: " + secret + " is invalid"); strings.Contains(text, secret) {
				t.Errorf("%q is shown in %q", secret, text)
			}
		}
	})
}
