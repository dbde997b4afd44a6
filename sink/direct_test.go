package sink

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// TestDirect: one exchange, one verdict, and the same one that a lane would come
// to with an event that stands alone.
func TestDirect(t *testing.T) {
	event, why := amazon.Encode(guide, purchase(), time.Now())
	if why != nil {
		t.Fatal(why)
	}
	refused := `{"error":[{"index":0,"errors":[{"code":"INVALID_USER_INFO","message":"bad hash ` + goldenEmail + ` of ` + goldenClick + `","fieldLocation":"events[0].userInfo.hashedEmail"}]}]}`
	for name, tc := range map[string]struct {
		reply reply
		want  verdict.Reason
	}{
		"taken":            {reply{status: 200}, verdict.Reason{Class: verdict.Accepted, Status: 200}},
		"taken by name":    {reply{status: 207, body: `{"success":[{"index":0}]}`}, verdict.Reason{Class: verdict.Accepted, Status: 207}},
		"refused by name":  {reply{status: 207, body: refused}, verdict.Reason{Class: verdict.Rejected, Status: 207, Code: "INVALID_USER_INFO", Field: "userInfo.hashedEmail", Message: "bad hash [identifier] of [identifier]"}},
		"put off":          {reply{status: 207, body: `{"error":[{"index":0,"code":"INTERNAL_ERROR","message":"later"}]}`}, verdict.Reason{Status: 207, Code: "INTERNAL_ERROR", Message: "later"}},
		"not mentioned":    {reply{status: 207, body: `{"success":[]}`}, verdict.Reason{Status: 207, Message: "the answer does not mention the event"}},
		"422":              {reply{status: 422, body: `{"code":"X","message":"no"}`}, verdict.Reason{Class: verdict.Rejected, Status: 422, Code: "X", Message: "no"}},
		"401":              {reply{status: 401}, verdict.Reason{Class: verdict.Auth, Status: 401}},
		"403":              {reply{status: 403, body: `{"message":"not yours"}`}, verdict.Reason{Class: verdict.Auth, Status: 403, Message: "not yours"}},
		"429":              {reply{status: 429}, verdict.Reason{Status: 429}},
		"a page":           {reply{status: 404, body: "<html>"}, verdict.Reason{Status: 404, Message: "status 404 with a web page: not an answer of Amazon's API"}},
		"half an answer":   {reply{status: 200, body: `{"succ`, cut: true}, verdict.Reason{Message: "the connection was closed before the answer was whole"}},
		"nobody is there":  {reply{err: errors.New("no route")}, verdict.Reason{Message: "no route"}},
		"nobody hurries":   {reply{delay: time.Hour}, verdict.Reason{Message: "no answer within 30s"}},
		"too large, alone": {reply{status: 413}, verdict.Reason{Class: verdict.Rejected, Status: 413}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &fakeAmazon{answer: always(tc.reply)}
				d := direct(t, a)
				got := d.Send(t.Context(), "1234567890", login.NewAccessToken("Atza|t", 1), event)
				if got.Reason != tc.want {
					t.Errorf("got  %#v\nwant %#v", got.Reason, tc.want)
				}
				calls := a.all()
				if len(calls) != 1 || calls[0].profile != "1234567890" || calls[0].token != "Atza|t" || calls[0].body != `{"events":[`+string(event)+`]}` || calls[0].url != d.URL() {
					t.Errorf("Amazon saw %+v", calls)
				}
			})
		})
	}
}

func direct(t *testing.T, a *fakeAmazon) *exchange.Direct {
	t.Helper()
	d, err := exchange.NewDirect(exchange.DirectOptions{Contract: guide, BaseURL: "https://amazon.test/base/", Principal: amazon.Principal{ClientID: "amzn1.application-oa2-client.test"}, HTTPClient: &http.Client{Transport: a}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDirectWithoutAnEvent is how a profile is tried without telling Amazon of a
// conversion that never was.
func TestDirectWithoutAnEvent(t *testing.T) {
	a := &fakeAmazon{answer: always(reply{status: 207, body: `{"success":[],"error":[]}`})}
	got := direct(t, a).Send(t.Context(), "1", login.NewAccessToken("t", 1))
	if got.Reason.Class != verdict.Accepted || a.all()[0].body != `{"events":[]}` {
		t.Errorf("%+v", got)
	}
}

func TestDirectSettings(t *testing.T) {
	if _, err := exchange.NewDirect(exchange.DirectOptions{Contract: guide, BaseURL: "amazon"}); err == nil || !strings.Contains(err.Error(), "--amazon-url") {
		t.Errorf("%v", err)
	}
	if h := direct(t, &fakeAmazon{}).Header("77", login.NewAccessToken("t", 1)); h.Get("Amazon-Advertising-API-Scope") != "77" || h.Get("Authorization") != "Bearer t" {
		t.Errorf("%v", h)
	}
}
