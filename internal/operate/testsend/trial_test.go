package testsend

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/transform"
)

var now = time.Date(2026, 4, 23, 10, 16, 0, 0, time.UTC)

// fakeAmazon answers with one reply after the other and keeps the tokens it saw.
type fakeAmazon struct {
	*exchange.Direct
	replies []exchange.Reply
	tokens  []string
	bodies  []string
}

func (a *fakeAmazon) Send(_ context.Context, _ string, token login.AccessToken, events ...[]byte) exchange.Reply {
	a.tokens = append(a.tokens, token.Secret())
	a.bodies = append(a.bodies, string(events[0]))
	r := a.replies[0]
	a.replies = a.replies[1:]
	r.Sent, r.Answered = now, now.Add(42*time.Millisecond)
	return r
}

func reply(kind amazon.Kind, why verdict.Reason) exchange.Reply {
	return exchange.Reply{Kind: kind, Status: why.Status, Reason: why, RequestID: "req-1"}
}

func newTrial(t *testing.T, replies ...exchange.Reply) (*Trial, *fakeAmazon) {
	t.Helper()
	tr, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	contract, err := amazon.ContractByName("off-amazon-2023-11-13")
	if err != nil {
		t.Fatal(err)
	}
	direct, err := exchange.NewDirect(exchange.DirectOptions{Contract: contract, BaseURL: "https://amazon.test", Principal: amazon.Principal{ClientID: "amzn1.application-oa2-client.x"}})
	if err != nil {
		t.Fatal(err)
	}
	a := &fakeAmazon{Direct: direct, replies: replies}
	n := 0
	return &Trial{Transformer: tr, Contract: contract, Sender: a, Token: func(context.Context) (login.Grant, error) {
		n++
		return login.Grant{Token: login.NewAccessToken("Atza|secret-"+string(rune('0'+n)), uint64(n)), ExpiresIn: time.Hour}, nil
	}}, a
}

func lead() *schemas.Event {
	return &schemas.Event{
		EventID: "test_lead", ProfileID: "1234567890", EventName: "Lead", ActionSource: "WEBSITE", OccurredAt: now.UnixMilli(),
		ClickID: "amzn1.click.abc123", User: schemas.UserData{Email: "jane.doe@example.com", CountryCode: "US"},
	}
}

func TestWhatComesOfATrial(t *testing.T) {
	accepted := verdict.Reason{Class: verdict.Accepted, Status: 200}
	for name, tc := range map[string]struct {
		replies []exchange.Reply
		outcome string
		remedy  string
		tokens  int
	}{
		"accepted":            {[]exchange.Reply{reply(amazon.Itemised, accepted)}, "accepted", "Nothing: Amazon has it.", 1},
		"401, then accepted":  {[]exchange.Reply{reply(amazon.Unauthenticated, verdict.Reason{Class: verdict.Auth, Status: 401}), reply(amazon.Itemised, accepted)}, "accepted", "Nothing", 2},
		"401 twice":           {[]exchange.Reply{reply(amazon.Unauthenticated, verdict.Reason{Class: verdict.Auth, Status: 401}), reply(amazon.Unauthenticated, verdict.Reason{Class: verdict.Auth, Status: 401})}, "auth", "--refresh-token", 2},
		"403":                 {[]exchange.Reply{reply(amazon.Forbidden, verdict.Reason{Class: verdict.Auth, Status: 403})}, "auth", "approved for production", 1},
		"422":                 {[]exchange.Reply{reply(amazon.RefusedWhole, verdict.Reason{Class: verdict.Rejected, Status: 422, Code: "INVALID_USER_INFO"})}, "rejected", "normalised", 1},
		"429":                 {[]exchange.Reply{reply(amazon.Failed, verdict.Reason{Status: 429})}, "undecided", "same --event-id", 1},
		"503":                 {[]exchange.Reply{reply(amazon.Failed, verdict.Reason{Status: 503})}, "undecided", "same --event-id", 1},
		"no answer":           {[]exchange.Reply{reply(amazon.Failed, verdict.Reason{Message: "no answer within 30s"})}, "undecided", "may have taken", 1},
		"not Amazon's answer": {[]exchange.Reply{reply(amazon.Foreign, verdict.Reason{Status: 404, Message: "a web page"})}, "undecided", "--amazon-url", 1},
	} {
		t.Run(name, func(t *testing.T) {
			tr, a := newTrial(t, tc.replies...)
			r, err := tr.Run(t.Context(), lead(), now)
			if err != nil || r.Outcome != tc.outcome || !strings.Contains(r.Remedy, tc.remedy) || r.Accepted() != (tc.outcome == "accepted") {
				t.Fatalf("%v, %+v", err, r)
			}
			if len(a.tokens) != tc.tokens || len(r.Answers) != tc.tokens || r.Answers[0].Milliseconds != 42 {
				t.Errorf("%d requests, answers %+v", len(a.tokens), r.Answers)
			}
			if tc.tokens == 2 && (a.tokens[0] == a.tokens[1] || a.bodies[0] != a.bodies[1]) {
				t.Error("the second request is not the first with another token")
			}
			var text strings.Builder
			r.Print(&text)
			doc, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"jane", "abc123", "Atza", "86e0b9e5", "oa2-client"} {
				if strings.Contains(text.String()+string(doc), secret) {
					t.Errorf("%q is shown:\n%s", secret, text.String())
				}
			}
			for _, want := range []string{"test_lead", "request id req-1", `"clickId": "[click id]"`, "Bearer [token]", "POST https://amazon.test/"} {
				if !strings.Contains(text.String(), want) {
					t.Errorf("%q is not shown:\n%s", want, text.String())
				}
			}
		})
	}
}

func TestNothingIsSentThatRulesRefuse(t *testing.T) {
	tr, a := newTrial(t)
	ev := lead()
	ev.User.CountryCode = "UK"
	r, err := tr.Run(t.Context(), ev, now)
	if err != nil || r.Outcome != "validation" || r.Code != "country_unknown" || r.Request != nil || len(a.tokens) > 0 {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestDryRunSendsNothing(t *testing.T) {
	tr, a := newTrial(t)
	tr.DryRun = true
	tr.Token = nil
	r, err := tr.Run(t.Context(), lead(), now)
	if err != nil || r.Outcome != OutcomeDryRun || r.Request == nil || len(a.tokens) > 0 {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestNothingIsSentWithoutAToken(t *testing.T) {
	tr, a := newTrial(t)
	tr.Token = func(context.Context) (login.Grant, error) {
		return login.Grant{}, errors.New("the refresh token was revoked")
	}
	r, err := tr.Run(t.Context(), lead(), now)
	if err != nil || len(a.tokens) > 0 {
		t.Fatalf("%v, %d requests", err, len(a.tokens))
	}
	if d := cmp.Diff([]string{OutcomeNoToken, "the refresh token was revoked"}, []string{r.Outcome, r.Message}); d != "" {
		t.Error(d)
	}
}

func TestAnInterruptedTrialSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tr, _ := newTrial(t)
	tr.Token = func(context.Context) (login.Grant, error) { cancel(); return login.Grant{}, ctx.Err() }
	if r, err := tr.Run(ctx, lead(), now); !errors.Is(err, context.Canceled) || r == nil {
		t.Errorf("%v, %+v", err, r)
	}
}

var _ Sender = (*exchange.Direct)(nil)
