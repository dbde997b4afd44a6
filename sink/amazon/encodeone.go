package amazon

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/transform"
)

// Encode returns one event as the contract writes it, or why it is not sent: because a
// rule of the contract refuses it, or because it is larger than a request may be.
func Encode(contract Contract, c *transform.Conversion, now time.Time) ([]byte, *verdict.Reason) {
	if why := Refusal(contract, c, now); why != nil {
		return nil, why
	}
	event := contract.AppendEvent(nil, c)
	if len(event) > contract.Limits().EventBytes {
		why := TooLargeFor(contract, len(event))
		return nil, &why
	}
	return event, nil
}

// TooLargeFor returns why an event of that size is not sent. Sizes are in KiB, the
// event's rounded up and the limit rounded down: in bytes they have so many digits that
// the message of a dead letter would mask them.
func TooLargeFor(contract Contract, size int) verdict.Reason {
	const kib = 1 << 10
	return *verdict.CodeEventTooLarge.Because(fmt.Sprintf("the event has %d KiB as Amazon would be sent it: want at most %d KiB, which %s takes",
		(size+kib-1)/kib, contract.Limits().EventBytes/kib, contract.Name()))
}
