package sink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Identifiers as an event could have them, the less obvious forms included: a
// click id without Amazon's prefix and a postal code are caught only because
// they are known to be the event's own.
var private = []string{
	"clickWithoutPrefix-77", goldenEmail, goldenPhone, goldenMADID, strings.ToLower(goldenMADID), strings.ToUpper(goldenEmail),
	"SW1A 1AA", "Atza|secret", "jane.doe@example.com",
}

// TestNothingIdentifyingLeavesTheSink lets Amazon repeat, in every kind of
// answer, all that it was sent, and looks for it wherever people look: the log,
// conditions, lanes, metrics, verdicts and the headers of dead letters.
func TestNothingIdentifyingLeavesTheSink(t *testing.T) {
	echo := func(c call) string {
		return strings.Join(private, " and ") + ` in ` + strings.ReplaceAll(c.body, `"`, `'`) + " with " + c.token + " for " + strings.Join(c.header.Values("Authorization"), "")
	}
	quoted := func(s string) string { return fmt.Sprintf("%q", s) }
	answers := map[string]func(call) reply{
		"items": func(c call) reply {
			return reply{status: 207, body: fmt.Sprintf(`{"error":[{"index":0,"errors":[{"code":%[1]s,"message":%[1]s,"fieldLocation":%[1]s}]}]}`, quoted(echo(c)))}
		},
		"items with details": func(c call) reply {
			return reply{status: 200, body: fmt.Sprintf(`{"error":[{"index":0,"code":"X","details":{"event":%s}}]}`, c.events[c.ids[0]])}
		},
		"422 in JSON": func(c call) reply {
			return reply{status: 422, body: fmt.Sprintf(`{"code":%[1]s,"message":%[1]s}`, quoted(echo(c)))}
		},
		"422 in text": func(c call) reply { return reply{status: 422, body: echo(c)} },
		"400 echoed":  func(c call) reply { return reply{status: 400, body: c.body} },
		"403 in JSON": func(c call) reply {
			return reply{status: 403, body: fmt.Sprintf(`{"code":%[1]s,"message":%[1]s}`, quoted(echo(c)))}
		},
		"401 in text": func(c call) reply { return reply{status: 401, body: echo(c)} },
		"503 in JSON": func(c call) reply {
			return reply{status: 503, body: fmt.Sprintf(`{"code":%[1]s,"message":%[1]s}`, quoted(echo(c)))}
		},
		"429 in text": func(c call) reply {
			return reply{status: 429, body: echo(c), header: map[string]string{"Retry-After": echo(c)}}
		},
		"404 in text":  func(c call) reply { return reply{status: 404, body: echo(c)} },
		"a page":       func(c call) reply { return reply{status: 200, body: "<p>" + echo(c)} },
		"a redirect":   func(c call) reply { return reply{status: 302, header: map[string]string{"Location": "/?" + c.token}} },
		"half of it":   func(c call) reply { return reply{status: 200, body: echo(c), cut: true} },
		"odd protocol": func(c call) reply { return reply{err: fmt.Errorf("malformed HTTP response %q", echo(c))} },
		"200 in error": func(c call) reply { return reply{status: 200, body: fmt.Sprintf(`{"error":%s}`, quoted(echo(c)))} },
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, answer, func(o *Options) { o.AuthHold = time.Second; o.Log = o.Log.Level(zerolog.TraceLevel) })
				var seen strings.Builder
				add := func(id string) {
					c := purchase()
					c.EventID, c.ClickID, c.PostalCode, c.CountryCode = id, private[0], "SW1A 1AA", "GB"
					r.seq++
					r.feed.Add(verdict.Handle{Owner: r.owner, Seq: r.seq}, &kgo.Record{Topic: "events", Value: []byte("v")}, c)
				}
				add("order-1")
				add("lead-of-jane.doe@example.com")
				add("lead-of-" + goldenPhone)
				r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: 99}, &kgo.Record{Topic: "events"}, "p", "jane.doe@example.com",
					verdict.Reason{Class: verdict.Validation, Code: goldenEmail, Field: "user_data." + goldenPhone, Message: strings.Join(private[1:6], ",")})
				r.feed.Flush()
				for range 20 {
					r.after(10 * time.Second)
					fmt.Fprintln(&seen, r.conds.States(), r.sink.Lanes())
				}
				for _, l := range r.box.raw {
					for _, h := range l.Headers {
						fmt.Fprintf(&seen, "%s=%s\n", h.Key, h.Value)
					}
				}
				for _, v := range r.verdicts {
					if v.Class != verdict.Validation { // that code is the caller's own
						fmt.Fprintln(&seen, v.Code)
					}
				}
				families, err := r.reg.Gather()
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintln(&seen, families, r.log.String())
				for _, p := range private {
					if i := strings.Index(seen.String(), p); i >= 0 {
						t.Errorf("%q is in:\n…%s…", p, seen.String()[max(0, i-200):min(seen.Len(), i+200)])
					}
				}
				if !strings.Contains(r.log.String(), "order-1") {
					t.Errorf("event ids may and should be seen:\n%s", r.log)
				}
			})
		})
	}
}

// TestHiddenIDsAreHiddenInAmazonsWords: an id of which only a pseudonym is shown, and a
// profile that nobody knows, are repeated by Amazon in what it says about the event.
func TestHiddenIDsAreHiddenInAmazonsWords(t *testing.T) {
	const id, profile = "ord_10492_purchase", "acme-shops"
	said := fmt.Sprintf(`event %s of %s is known: %s, %s`, id, profile, strings.ToUpper(id), `ord\\u005f10492_purchase`)
	for name, answer := range map[string]func(call) reply{
		"items": func(call) reply {
			return reply{status: 207, body: fmt.Sprintf(`{"error":[{"index":0,"errors":[{"code":"X","message":"%[1]s","fieldLocation":"%[2]s"}]}]}`, said, id)}
		},
		"409": func(call) reply { return reply{status: 409, body: fmt.Sprintf(`{"code":"X","message":"%s"}`, said)} },
		"403": func(call) reply { return reply{status: 403, body: fmt.Sprintf(`{"code":"X","message":"%s"}`, said)} },
		"503": func(call) reply {
			return reply{status: 503, body: fmt.Sprintf(`{"code":"%s","message":"%s"}`, id, said)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			redact.SetEventIDs(redact.HashIDs, nil)
			defer redact.SetEventIDs(redact.MaskIDs, nil)
			bubble(t, func(t *testing.T) {
				r := newRig(t, answer, func(o *Options) {
					o.AuthHold, o.Log = time.Second, o.Log.Level(zerolog.TraceLevel)
					o.Configured = func(string) bool { return false }
				})
				c := purchase()
				c.EventID, c.ProfileID = id, profile
				r.feed.Add(verdict.Handle{Owner: r.owner, Seq: 1}, &kgo.Record{Topic: "events", Value: []byte("v")}, c)
				r.feed.Flush()
				var seen strings.Builder
				for range 10 {
					r.after(10 * time.Second)
					fmt.Fprintln(&seen, r.conds.States(), r.sink.Lanes())
				}
				for _, l := range r.box.raw {
					for _, h := range l.Headers {
						fmt.Fprintf(&seen, "%s=%s\n", h.Key, h.Value)
					}
				}
				fmt.Fprintln(&seen, r.log.String())
				for _, part := range []string{"10492", "acme"} {
					if i := strings.Index(seen.String(), part); i >= 0 {
						t.Errorf("%q is in:\n…%s…", part, seen.String()[max(0, i-200):min(seen.Len(), i+200)])
					}
				}
			})
		})
	}
}
