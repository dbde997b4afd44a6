package exchange

import (
	"crypto/rand"
	"net/http"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// ownRequestID begins the ids that we make up where Amazon's answer has none.
const ownRequestID = "capi-"

// requestID is what Amazon's support asks for. The API's clients find it under
// the first name; the others are what further Amazon services call it. An id
// that could be anything else is not passed on, and neither is one that was sent:
// device ids have the form of request ids.
func requestID(h http.Header, sent Body) string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Amzn-Request-Id", "X-Amz-Request-Id", "X-Amz-Rid"} {
		if id := redact.RequestID(h.Get(name)); id != "" && !sent.has(id) {
			return id
		}
	}
	return ownRequestID + rand.Text()
}
