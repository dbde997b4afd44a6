package sink

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Whatever keeps an answer away, or makes it one worth asking for again, ends
// in the same bytes being sent again, and in no dead letter.
func TestFaultsThatPassAreTriedAgainWithTheSameBytes(t *testing.T) {
	for name, tt := range map[string]struct {
		bad    reply
		status string // as metrics call it
	}{
		"408":                  {reply{status: 408}, "408"},
		"429":                  {reply{status: 429, body: `{"code":"TOO_MANY_REQUESTS","message":"m"}`}, "429"},
		"500":                  {reply{status: 500}, "500"},
		"502 with a page":      {reply{status: 502, body: webPage}, "502"},
		"503":                  {reply{status: 503}, "503"},
		"504":                  {reply{status: 504}, "504"},
		"timeout":              {reply{status: 200, delay: time.Hour}, "timeout"},
		"refused":              {reply{err: errors.New("malformed HTTP response")}, "connection"},
		"reset":                {reply{err: syscall.ECONNRESET}, "connection"},
		"half an answer":       {reply{status: 200, body: `{"success":[{"index":0}`, cut: true}, "truncated"},
		"half a good answer":   {reply{status: 200, body: `{"success":[{"index":0},{"index":1}]}`, cut: true}, "truncated"},
		"200 success: false":   {reply{status: 200, body: `{"success":false}`}, "200"},
		"200 of a framework":   {reply{status: 200, body: `{"Output":{"__type":"x#InternalFailure"},"Version":"1.0"}`}, "200"},
		"202 that throttles":   {reply{status: 202, body: `{"__type":"ThrottlingException"}`}, "202"},
		"200 that took none":   {reply{status: 200, body: `{"events":[],"accepted":0,"rejected":1}`}, "200"},
		"200 and a contrary":   {reply{status: 200, body: `{"success":[{"index":0},{"index":1}],"status":"ERROR"}`}, "200"},
		"421":                  {reply{status: 421}, "421"},
		"444":                  {reply{status: 444}, "444"},
		"449":                  {reply{status: 449}, "449"},
		"460":                  {reply{status: 460}, "460"},
		"499":                  {reply{status: 499}, "499"},
		"520":                  {reply{status: 520}, "520"},
		"207 without items":    {reply{status: 207, body: `{}`}, "207"},
		"200 with a web page":  {reply{status: 200, body: webPage}, "200"},
		"200 that breaks off":  {reply{status: 200, body: `{"success":[{"ind`}, "200"},
		"all items put off":    {reply{status: 207, body: `{"error":[{"index":0,"code":"CONFLICT"},{"index":1,"code":"INTERNAL_ERROR"}]}`}, "207"},
		"no item is mentioned": {reply{status: 200, body: `{"success":[],"error":[]}`}, "200"},
		"too long an answer":   {reply{status: 200, body: `"` + strings.Repeat("x", 8<<20) + `"`}, "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, inTurn(tt.bad, tt.bad, ok))
				r.send("p", "a", "b")
				r.after(5 * time.Minute)
				if diff := cmp.Diff([]string{"a accepted 3", "b accepted 3"}, r.classes()); diff != "" {
					t.Fatalf("-want +got:\n%s", diff)
				}
				calls := r.amazon.all()
				for _, c := range calls[1:] {
					if c.body != calls[0].body {
						t.Errorf("try %d sent other bytes", c.n)
					}
				}
				if n := len(r.box.all()); n != 0 {
					t.Errorf("%d dead letters", n)
				}
				want := 2.0
				if strings.HasPrefix(tt.status, "2") {
					want = 2 // and the third, good one, has a status of its own or the same
				}
				if got := r.counted("requests_total", "status", tt.status); got < want {
					t.Errorf("requests with status %s: %v, want %v", tt.status, got, want)
				}
				if diff := cmp.Diff([]string{}, r.failing()); diff != "" {
					t.Errorf("failing (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestTriesAreSpacedThenTheLaneRestsLongerAndLonger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 503, body: `{"code":"UNAVAILABLE","message":"later"}`}), func(o *Options) { o.Linger = -1 })
		r.send("p", "a")
		r.after(3 * time.Second)
		if diff := cmp.Diff([]string{}, r.failing()); diff != "" {
			t.Errorf("a lane is reported before it has used up its tries (-want +got):\n%s", diff)
		}
		r.after(7 * time.Second)
		want := []string{"lane p: 5 attempts in a row failed, the last with: status 503 UNAVAILABLE"}
		if diff := cmp.Diff(want, r.failing()); diff != "" {
			t.Errorf("failing (-want +got):\n%s", diff)
		}
		if l := r.lane("p"); l.State != LaneHeld || l.Reason != "status 503 UNAVAILABLE" || l.Records != 1 {
			t.Errorf("%+v", l)
		}
		r.after(time.Hour)
		calls := r.amazon.all()
		var waits []time.Duration
		for i := range 10 {
			waits = append(waits, calls[i+1].at.Sub(calls[i].at).Round(time.Millisecond))
		}
		second := time.Second
		want2 := []time.Duration{second / 2, second, 2 * second, 4 * second, 33 * second, 66 * second, 132 * second, 132 * second, 132 * second, 132 * second}
		if diff := cmp.Diff(want2, waits); diff != "" {
			t.Errorf("waits (-want +got):\n%s", diff)
		}
		if len(r.classes()) != 0 || len(r.box.all()) != 0 {
			t.Errorf("an outage of an hour cost events: %v", r.classes())
		}

		r.amazon.become(always(ok))
		r.after(132 * time.Second)
		if r.verdict("a").Class != verdict.Accepted {
			t.Error("the lane did not go on by itself")
		}
		if diff := cmp.Diff([]string{}, r.failing()); diff != "" {
			t.Errorf("failing (-want +got):\n%s", diff)
		}
		for _, s := range r.conds.States() {
			if strings.HasPrefix(s.Name, "lane ") {
				t.Errorf("a lane that is well has a condition: %+v", s)
			}
		}
		if n := strings.Count(r.log.String(), "\n"); n != 2 {
			t.Errorf("an outage of an hour is %d log lines, want 2:\n%s", n, r.log)
		}
	})
}

// longestAway bounds how long a server may ask us to stay away.
const longestAway = 5 * time.Minute

func TestRetryAfterIsHonoured(t *testing.T) {
	const ours = 500 * time.Millisecond // the first step of the backoff
	for name, tt := range map[string]struct {
		header map[string]string
		want   time.Duration
	}{
		"a million million":    {map[string]string{"Retry-After": "1000000000000"}, longestAway},
		"more than 64 bits":    {map[string]string{"Retry-After": "1000000000000000000000000000000"}, longestAway},
		"a kilobyte of digits": {map[string]string{"Retry-After": strings.Repeat("9", 1000)}, longestAway},
		"zeros in front":       {map[string]string{"Retry-After": strings.Repeat("0", 100) + "17"}, 17 * time.Second},
		"nothing but zeros":    {map[string]string{"Retry-After": strings.Repeat("0", 100)}, ours},
		"32 bits and one":      {map[string]string{"Retry-After": "4294967297"}, longestAway},
		"a date in 2999":       {map[string]string{"Retry-After": "Tue, 31 Dec 2999 23:59:59 GMT"}, longestAway},
		"a date in 9999":       {map[string]string{"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, longestAway},
		"a clock of 1970":      {map[string]string{"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Thu, 01 Jan 1970 00:00:00 GMT"}, longestAway},
		"a fraction":           {map[string]string{"Retry-After": "16.2"}, 17 * time.Second},
		"a long fraction":      {map[string]string{"Retry-After": "16." + strings.Repeat("0", 400)}, 16 * time.Second},
		"a large fraction":     {map[string]string{"Retry-After": strings.Repeat("9", 400) + ".5"}, longestAway},
		"blanks around":        {map[string]string{"Retry-After": " \t17 "}, 17 * time.Second},
		"a negative fraction":  {map[string]string{"Retry-After": "-1.5"}, ours},
		"a huge negative":      {map[string]string{"Retry-After": "-1000000000000"}, ours},
		"an exponent":          {map[string]string{"Retry-After": "1e12"}, ours},
		"infinity":             {map[string]string{"Retry-After": "Inf"}, ours},
		"no digits":            {map[string]string{"Retry-After": "."}, ours},
		"several":              {map[string]string{"Retry-After": "soon;17;-3;Sat, 01 Jan 2000 00:00:05 GMT"}, 17 * time.Second},
		"several in one":       {map[string]string{"Retry-After": "3, 17"}, 17 * time.Second},
		"seconds":              {map[string]string{"Retry-After": "17"}, 17 * time.Second},
		"a date":               {map[string]string{"Retry-After": "Sat, 01 Jan 2000 00:00:42 GMT"}, 42 * time.Second},
		"a date of its clock":  {map[string]string{"Retry-After": "Fri, 12 Mar 2027 10:00:25 GMT", "Date": "Fri, 12 Mar 2027 10:00:00 GMT"}, 25 * time.Second},
		"longer than is sane":  {map[string]string{"Retry-After": "86400"}, longestAway},
		"less than our wait":   {map[string]string{"Retry-After": "0"}, ours},
		"a date that is past":  {map[string]string{"Retry-After": "Fri, 31 Dec 1999 23:00:00 GMT"}, 500 * time.Millisecond},
		"nothing to be parsed": {map[string]string{"Retry-After": "soon"}, 500 * time.Millisecond},
		"negative":             {map[string]string{"Retry-After": "-5"}, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, inTurn(reply{status: 429, header: tt.header}, ok), func(o *Options) { o.Linger = -1 })
				r.send("p", "a")
				r.after(time.Hour)
				calls := r.amazon.all()
				if got := calls[1].at.Sub(calls[0].at).Round(time.Millisecond); got != tt.want {
					t.Errorf("waited %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// A 2xx that says that it failed is held as what it says, for as long as it says so,
// and what it says is shown without identifiers.
func TestASuccessThatSaysItFailedIsHeldWithItsReason(t *testing.T) {
	bubble(t, func(t *testing.T) {
		said := reply{status: 200, body: `{"data":{"ok":false,"message":"no room for ` + goldenEmail + ` of jane@example.com"}}`}
		r := newRig(t, always(said), func(o *Options) { o.Linger = -1 })
		r.send("p", "a", "b")
		r.after(10 * time.Second)
		if len(r.classes()) != 0 || len(r.box.all()) != 0 {
			t.Fatalf("%v", r.classes())
		}
		want := []string{`lane p: 5 attempts in a row failed, the last with: status 200: the answer says that it failed: "ok" is false: no room for [identifier] of [email]`}
		if diff := cmp.Diff(want, r.failing()); diff != "" {
			t.Errorf("failing (-want +got):\n%s", diff)
		}
		r.amazon.become(always(ok))
		r.after(5 * time.Minute)
		if r.count(verdict.Accepted) != 2 || len(r.failing()) != 0 {
			t.Errorf("%v, failing: %v", r.classes(), r.failing())
		}
	})
}

// One that names a status is treated as that one.
func TestASuccessThatNamesAStatusIsTreatedAsThat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if slices.Contains(c.ids, "bad") {
				return reply{status: 200, body: `{"statusCode":422,"code":"INVALID_USER_INFO","message":"madid is bad"}`}
			}
			return ok
		}, func(o *Options) { o.Linger = -1 })
		r.send("p", "a", "b", "bad", "c")
		r.after(0)
		if a, x := r.count(verdict.Accepted), r.count(verdict.Rejected); a != 3 || x != 1 {
			t.Fatalf("%v", r.classes())
		}
		if why := r.box.why("bad"); why.Code != "INVALID_USER_INFO" || why.Field != "madid" || why.Status != 200 || !strings.Contains(why.Message, "madid is bad") {
			t.Errorf("%+v", why)
		}
	})
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 200, body: `{"__type":"x#AccessDeniedException"}`}), func(o *Options) { o.Linger = -1 })
		r.send("p", "a")
		r.after(time.Minute)
		if l := r.lane("p"); l.State != LaneHeld || !strings.Contains(l.Reason, "AccessDenied") || len(r.classes()) != 0 {
			t.Errorf("%+v, %v", l, r.classes())
		}
		r.after(2 * time.Minute)
		if diff := cmp.Diff([]string{"a auth"}, trimmed(r.classes())); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// trimmed takes the attempts off.
func trimmed(classes []string) []string {
	for i, c := range classes {
		classes[i] = c[:strings.LastIndexByte(c, ' ')]
	}
	return classes
}

// While a lane is held, others move, and it takes no further batch.
func TestAHeldLaneHoldsNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if c.profile == "bad" {
				return reply{status: 503}
			}
			return ok
		}, func(o *Options) { o.BatchEvents = 1; o.MaxAttempts = 2 })
		r.send("bad", "x", "y")
		r.send("good", "a", "b")
		r.after(10 * time.Minute)
		if diff := cmp.Diff([]string{"a accepted 1", "b accepted 1"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		for _, c := range r.amazon.all() {
			if c.profile == "bad" && c.ids[0] != "x" {
				t.Errorf("event %s was tried while the lane was held for another", c.ids[0])
			}
		}
	})
}

func TestRetriesAreCountedByReasonAndProfile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(reply{status: 429}, reply{status: 503}, reply{status: 200, delay: time.Hour}, ok), func(o *Options) {
			o.Configured = func(profile string) bool { return profile == "p" }
		})
		r.send("p", "a", "b")
		r.after(5 * time.Minute)
		for _, reason := range []string{"429", "503", "timeout"} {
			if got := r.metric(r.sink.metrics.retries.WithLabelValues(reason, "p")); got != 2 {
				t.Errorf("retries for %s: %v, want 2 events", reason, got)
			}
		}
	})
}

func TestAWrongURLNeverCostsAnEvent(t *testing.T) {
	for name, bad := range map[string]reply{
		"404 of a web server": {status: 404, body: "404 page not found"},
		"404 of a gateway":    {status: 404, body: `{"message":"Not Found"}`},
		"404 with a page":     {status: 404, body: webPage},
		"405":                 {status: 405},
		"redirect":            {status: 302, header: map[string]string{"Location": "https://elsewhere.test/"}},
		"permanent redirect":  {status: 308, header: map[string]string{"Location": "https://elsewhere.test/"}},
		"a sign-in page":      {status: 200, body: webPage},
		"a proxy's refusal":   {status: 403, body: webPage},
		"a proxy's 401":       {status: 401, body: webPage},
		"a proxy's 400":       {status: 400, body: webPage},
		"a proxy's own 407":   {status: 407},
		"another protocol":    {status: 426},
		"headers too large":   {status: 431, body: `{"code":"X","message":"m"}`},
		"a certificate":       {status: 496},
		"a session":           {status: 440},
		"200 that names 404":  {status: 200, body: `{"status":404,"error":"Not Found"}`},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, always(bad), func(o *Options) { o.Linger = -1 })
				r.send("p", "a", "b", "c")
				r.after(0)
				if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "--amazon-url") || !strings.Contains(f[0], fmt.Sprint(bad.status)) {
					t.Errorf("failing: %v; want the lane at once, with the status and the flag", f)
				}
				r.after(time.Hour)
				if len(r.classes()) != 0 || len(r.box.all()) != 0 {
					t.Fatalf("a wrong URL cost events: %v", r.classes())
				}
				for _, c := range r.amazon.all() {
					if !strings.HasPrefix(c.url, "https://amazon.test/") {
						t.Fatalf("the token was carried to %s", c.url)
					}
				}
				if n := len(r.amazon.all()); n > 200 {
					t.Errorf("%d requests in an hour", n)
				}
				r.amazon.become(always(ok))
				r.after(time.Minute)
				if r.count(verdict.Accepted) != 3 {
					t.Errorf("%v", r.classes())
				}
				if diff := cmp.Diff([]string{}, r.failing()); diff != "" {
					t.Errorf("failing (-want +got):\n%s", diff)
				}
			})
		})
	}
}
