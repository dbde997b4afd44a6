package amazon

import (
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

func TestEncodeRefusesWhatNoRequestHolds(t *testing.T) {
	c := purchase()
	c.EventID = strings.Repeat("x", 2<<20)
	if _, why := Encode(offAmazon{}, c, time.Now()); why == nil || why.Code != verdict.CodeEventTooLarge.String() {
		t.Errorf("%v", why)
	}
}
