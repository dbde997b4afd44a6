package exchange

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// ownRequestID is the prefix of ids that we make up if Amazon's answer has none.
const ownRequestID = "capi-"

// requestID returns the id that Amazon's support asks for. The first header is the Ads
// API's; the others are those of further Amazon services. An id of an unexpected form is
// dropped, and so is one that was sent: device ids look like request ids.
func requestID(h http.Header, sent Body) string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Amzn-Request-Id", "X-Amz-Request-Id", "X-Amz-Rid"} {
		if id := redact.RequestID(h.Get(name)); id != "" && !sent.has(id) {
			return id
		}
	}
	return ownRequestID + rand.Text()
}

// IsOwnRequestID reports whether an id is one that we made up.
func IsOwnRequestID(id string) bool {
	rest, ok := strings.CutPrefix(id, ownRequestID)
	return ok && len(rest) == len(rand.Text()) && strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}
