package exchange

import (
	"net/http"
	"strings"
	"testing"
)

// TestWhatWasSentIsNoRequestID: device ids have the form of request ids, and a
// server may repeat one in capitals or small letters.
func TestWhatWasSentIsNoRequestID(t *testing.T) {
	const madid, other = "AEBE52E7-03EE-455A-B3C4-E57283966239", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
	sent := Body{[]byte(`{"events":[`), []byte(`{"userInfo":{"madid":"` + madid + `","postalCode":"10001"},"clickId":"Q2xpY2s77"}`), []byte(`]}`)}
	for id, ok := range map[string]bool{
		madid: false, strings.ToLower(madid): false, "Q2xpY2s77": false, "10001": false,
		other: true, strings.ToUpper(other): true, "QX8N0B3D9EWT2ZBVR4S5": true, "req-1": true,
	} {
		got := requestID(http.Header{"X-Amzn-Requestid": {id}}, sent)
		if (got == id) != ok || !ok && !strings.HasPrefix(got, ownRequestID) {
			t.Errorf("%q gives the request id %q", id, got)
		}
	}
}
