package attribution

import (
	"math"
	"math/bits"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
)

// consents counts people's answers.
type consents struct {
	asked      int64 // events with any answer
	noUserData int64
	noStorage  int64
	filtered   int64 // events that are left out because of it
}

func (c *consents) add(v *transform.Consented) {
	c.asked += oneIf(v.UserData != "" || v.Storage != "")
	c.noUserData += oneIf(v.UserData == transform.ConsentDenied)
	c.noStorage += oneIf(v.Storage == transform.ConsentDenied)
}

// clickAges counts how old clicks are when their event happens.
type clickAges struct {
	unknown int64    // the capture time is unknown
	after   int64    // captured after the event
	within  [3]int64 // up to a day, a week, a month
	older   int64    // than a month, and within their lifetime
	expired int64
}

func (c *clickAges) add(occurredAt, capturedAt int64, lifetime time.Duration) {
	const day = 24 * time.Hour
	age := time.Duration(occurredAt-capturedAt) * time.Millisecond
	switch {
	case capturedAt <= 0:
		c.unknown++
	case occurredAt < capturedAt:
		c.after++
	case age > lifetime:
		c.expired++
	case age <= day:
		c.within[0]++
	case age <= 7*day:
		c.within[1]++
	case age <= 30*day:
		c.within[2]++
	default:
		c.older++
	}
}

func (c *clickAges) known() int64 {
	return c.after + c.within[0] + c.within[1] + c.within[2] + c.older + c.expired
}

// delays is a histogram of the time from an event to its record's publication, by powers
// of two of milliseconds in four steps each: at most a fifth too high. It is our own because
// Prometheus' histograms answer no quantile in the process: its server does.
type delays struct {
	events  int64
	same    int64 // to the millisecond, as for producers that give records the event's time
	ahead   int64 // published before they happened
	buckets [64 * 4]int64
}

func (d *delays) add(millis int64) {
	d.events++
	switch {
	case millis < 0:
		d.ahead++
	case millis == 0:
		d.same++
	default:
		d.buckets[bucketOf(millis)]++
	}
}

func bucketOf(millis int64) int {
	top := bits.Len64(uint64(millis)) - 1
	if top < 2 {
		return int(millis) // 1 to 3 have buckets of their own
	}
	return top*4 + int(millis>>(top-2))&3
}

// atMost returns the largest delay of a bucket.
func atMost(bucket int) time.Duration {
	millis := int64(bucket)
	if top := bucket / 4; top >= 2 {
		millis = int64(5+bucket%4)<<(top-2) - 1
	}
	return time.Duration(min(millis, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
}

// quantile returns the delay that a share of the events does not exceed, rounded up to
// that of its bucket.
func (d *delays) quantile(share float64) time.Duration {
	left := int64(math.Ceil(share*float64(d.events))) - d.ahead - d.same
	for i, n := range d.buckets {
		if left -= n; n > 0 && left <= 0 {
			return atMost(i)
		}
	}
	return 0
}

// rawFields counts oddities of values as sources write them.
type rawFields struct {
	blank map[string]int64 // by field: present and blank
	// raw emails that had to be normalised before hashing, of how many.
	emails, unnormalised int64
	// hashes that came with their address or number and do not match it.
	beside, foreign int64
}

func (r *rawFields) add(ev *schemas.Event) {
	u := &ev.User
	for _, f := range [...]struct{ path, value string }{
		{"click_id", ev.ClickID}, {"user_data.email", u.Email}, {"user_data.phone", u.Phone},
		{"user_data.hashed_email", u.HashedEmail}, {"user_data.hashed_phone", u.HashedPhone},
		{"user_data.madid", u.MADID}, {"user_data.country_code", u.CountryCode}, {"user_data.postal_code", u.PostalCode},
	} {
		if f.value != "" && strings.TrimSpace(f.value) == "" {
			if r.blank == nil {
				r.blank = make(map[string]int64)
			}
			r.blank[f.path]++
		}
	}
	if strings.Contains(u.Email, "@") {
		r.emails++
		r.unnormalised += oneIf(u.Email != strings.ToLower(strings.TrimSpace(u.Email)))
	}
}

// compare checks whether a hash that came with its original was made of the normalised
// form, like ours.
func (r *rawFields) compare(ev *schemas.Event, c *transform.Conversion) {
	for _, f := range [...]struct {
		raw, hashed string
		ours        *transform.Hash
		bad         transform.Warning
	}{
		{ev.User.Email, ev.User.HashedEmail, &c.HashedEmail, transform.EmailInvalid},
		{ev.User.Phone, ev.User.HashedPhone, &c.HashedPhone, transform.PhoneInvalid},
	} {
		hashed := strings.TrimSpace(f.hashed)
		raw := strings.TrimSpace(f.raw)
		if raw == "" || len(hashed) != len(f.ours) || !f.ours.IsSet() || c.Warnings.Has(f.bad) {
			continue
		}
		r.beside++
		r.foreign += oneIf(!strings.EqualFold(hashed, string(f.ours[:])))
	}
}
