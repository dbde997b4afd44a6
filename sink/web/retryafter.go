package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds how long a server may ask us to stay away. A date that is wrong by a
// year, or a number with three zeros too many, must not stop a profile for that long.
const maxRetryAfter = 5 * time.Minute

// RetryAfter returns how long the server asks to be left alone according to its Retry-After
// header: at most maxRetryAfter in every notation, and the longest of several. 0 means that
// it does not ask.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	var longest time.Duration
	for _, v := range h.Values("Retry-After") {
		d, ok := retryDate(v, h, now)
		if !ok {
			// A proxy may have joined several headers into one.
			for one := range strings.SplitSeq(v, ",") {
				d = max(d, retrySeconds(one))
			}
		}
		longest = max(longest, d)
	}
	return min(longest, maxRetryAfter)
}

// retryDate parses a date. It is relative to the server's own clock if the answer has its
// time, because ours may be wrong.
func retryDate(v string, h http.Header, now time.Time) (time.Duration, bool) {
	at, err := http.ParseTime(strings.TrimSpace(v))
	if err != nil {
		return 0, false
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	return at.Sub(now), true
}

// retrySeconds parses a number of seconds, with or without a fraction and of any length:
// a number that overflows counts as long. 0 means that it is not a number.
func retrySeconds(v string) time.Duration {
	whole, fraction, _ := strings.Cut(strings.TrimSpace(v), ".")
	if whole == "" || strings.Trim(whole, "0123456789") != "" || strings.Trim(fraction, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseUint(whole, 10, 64)
	if most := uint64(maxRetryAfter / time.Second); err != nil || n >= most {
		return maxRetryAfter
	}
	if strings.Trim(fraction, "0") != "" {
		n++
	}
	return time.Duration(n) * time.Second
}
