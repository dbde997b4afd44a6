package sink

import (
	"strings"
	"testing"
	"time"
)

func TestEncodeRefusesWhatNoRequestHolds(t *testing.T) {
	c := amzPurchase()
	c.EventID = strings.Repeat("x", 2<<20)
	if _, why := Encode(offAmazon{}, c, time.Now()); why == nil || why.Code != CodeTooLarge {
		t.Errorf("%v", why)
	}
}
