package amazon

import (
	"strings"
	"testing"
	"time"
)

func TestEncodeRefusesWhatNoRequestHolds(t *testing.T) {
	c := purchase()
	c.EventID = strings.Repeat("x", 2<<20)
	if _, why := Encode(offAmazon{}, c, time.Now()); why == nil || why.Code != CodeTooLarge {
		t.Errorf("%v", why)
	}
}
