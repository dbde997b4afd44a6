package sink

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/transform"
)

// tokenRoutes are the ways of an account with an API token.
func tokenRoutes(t *testing.T, token, dataSet string, cs *health.Conditions) (*exchange.Routes, *login.APIToken) {
	t.Helper()
	source, err := login.NewAPIToken(login.APITokenOptions{Account: "eu", Token: token, Conditions: cs})
	if err != nil {
		t.Fatal(err)
	}
	v1, err := amazon.ContractByName("events-v1")
	if err != nil {
		t.Fatal(err)
	}
	r, err := exchange.NewRoutes(exchange.RouteOptions{
		Contract: v1, BaseURL: "https://amazon.test", Account: "eu", Principal: amazon.Principal{ManagerID: "amzn1.ads1.ma1.abc"},
		Tokens: source, APIToken: true, DataSet: amazon.DataSet{ID: dataSet},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, source
}

func (r *rig) sendUS(profile, id string) {
	r.seq++
	c := &transform.Conversion{ProfileID: profile, EventID: id, Name: "Lead", EventType: "LEAD", ActionSource: "WEBSITE", CountryCode: "US", MADID: "x", OccurredAt: time.Now().UnixMilli()}
	r.feed.Add(verdict.Handle{Owner: r.owner, Seq: r.seq}, r.record(id), c)
	r.feed.Flush()
}

// TestA401HoldsTheAccountOfAnAPIToken: all its lanes, however long it lasts and whatever
// --auth-hold is; and another token lets them go on at once.
func TestA401HoldsTheAccountOfAnAPIToken(t *testing.T) {
	for _, hold := range []time.Duration{time.Minute, -1} {
		synctest.Test(t, func(t *testing.T) {
			cs := health.NewConditions(zerolog.Nop(), nil)
			old, source := tokenRoutes(t, "hunter2", "amzn1.adm.ds1.evnt1.a", cs)
			defer source.Close()
			tab := &table{by: map[string]*exchange.Routes{"1": old, "2": old}}
			good := func(c call) reply {
				if c.header.Get(amazon.TokenHeader) == "another" {
					return reply{status: 207, body: `{"success":[{"index":0}],"error":[]}`}
				}
				return reply{status: 401}
			}
			r := newRig(t, good, func(o *Options) {
				o.Router, o.BaseURL, o.ClientID, o.Tokens, o.Linger, o.AuthHold = tab, "", "", nil, -1, hold
			})
			r.sendUS("1", "x")
			r.after(time.Second)
			r.sendUS("2", "y")
			r.after(6 * time.Hour)
			calls := r.amazon.all()
			if len(r.classes()) != 0 || len(calls) < 5 || len(calls) > 150 {
				t.Fatalf("%v after %d requests in six hours: want no verdict, and a try now and then", r.classes(), len(calls))
			}
			for _, c := range calls {
				if h := c.header; h.Get("Authorization") != "" || h.Get("Amazon-Ads-ClientId") != "" || h.Get(amazon.TokenHeader) != "hunter2" || h.Get(amazon.ManagerHeader) != "amzn1.ads1.ma1.abc" {
					t.Fatalf("headers %v", h)
				}
				if !strings.Contains(c.body, `"dataSetId":"amzn1.adm.ds1.evnt1.a"`) {
					t.Fatalf("body %s", c.body)
				}
			}
			if l := r.lane("2"); l.State != LaneHeld {
				t.Errorf("the other lane of the account is %s", l.State)
			}
			if st := cs.States(); len(st) != 1 || st[0].OK || !strings.Contains(st[0].Reason, "replace") || strings.Contains(st[0].Reason, "hunter2") {
				t.Errorf("conditions %+v", st)
			}
			now, next := tokenRoutes(t, "another", "amzn1.adm.ds1.evnt1.a", cs)
			defer next.Close()
			tab.set("1", now)
			tab.set("2", now)
			r.sink.Reroute()
			r.after(2 * time.Second)
			if got := r.classes(); len(got) != 2 || r.count(verdict.Accepted) != 2 {
				t.Errorf("with another token: %v", got)
			}
		})
	}
}

// TestEventsOfAnotherDataSetAreNotSent: an account that gets a token for another data set
// cannot send what was encoded for the one before; new events go to the new one.
func TestEventsOfAnotherDataSetAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := health.NewConditions(zerolog.Nop(), nil)
		old, source := tokenRoutes(t, "a", "amzn1.adm.ds1.evnt1.a", cs)
		defer source.Close()
		tab := &table{by: map[string]*exchange.Routes{"1": old}}
		r := newRig(t, func(c call) reply {
			if c.header.Get(amazon.TokenHeader) == "b" && strings.Contains(c.body, "evnt1.b") {
				return reply{status: 207, body: `{"success":[{"index":0}],"error":[]}`}
			}
			return reply{status: 401}
		}, func(o *Options) { o.Router, o.BaseURL, o.ClientID, o.Tokens, o.Linger = tab, "", "", nil, -1 })
		r.sendUS("1", "x")
		r.after(time.Second)
		now, next := tokenRoutes(t, "b", "amzn1.adm.ds1.evnt1.b", cs)
		defer next.Close()
		tab.set("1", now)
		r.sink.Reroute()
		r.sendUS("1", "y")
		r.after(time.Minute)
		if got := r.box.why("x"); got.Class != verdict.Auth || got.Code != "data_set_changed" {
			t.Errorf("the event of the set before: %+v", got)
		}
		if r.verdict("y").Class != verdict.Accepted {
			t.Errorf("the event of the new set: %+v", r.verdict("y"))
		}
	})
}
