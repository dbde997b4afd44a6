package sink

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/transform"
)

// account is a source of tokens that may be dead.
type account struct {
	name       string
	dead       bool
	generation uint64
	refused    bool // somebody did not want the token it has
	close      chan struct{}
}

func newAccount(name string, dead bool) *account {
	return &account{name: name, dead: dead, generation: 1, close: make(chan struct{})}
}

func (a *account) Token(ctx context.Context, refused login.AccessToken) (login.AccessToken, error) {
	if login.NewAccessToken("", a.generation).RefusedBy(refused) {
		a.refused = true
		<-ctx.Done()
		return login.AccessToken{}, ctx.Err()
	}
	if !a.dead {
		return login.NewAccessToken("Atza|"+a.name, a.generation), nil
	}
	select {
	case <-ctx.Done():
		return login.AccessToken{}, ctx.Err()
	case <-a.close:
		return login.AccessToken{}, login.ErrClosed
	}
}

// table is a Router that a test can change.
type table struct {
	mu sync.Mutex
	by map[string]*exchange.Routes
}

var unnamed = verdict.Reason{Class: verdict.Auth, Code: "profile_unknown", Message: "nobody names it"}

func (t *table) set(profile string, r *exchange.Routes) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r == nil {
		delete(t.by, profile)
		return
	}
	t.by[profile] = r
}

func (t *table) of(profile string) *exchange.Routes {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.by[profile]
}

func (t *table) Route(profile, country string) (*exchange.Route, *verdict.Reason) {
	if r := t.of(profile); r != nil {
		return r.Route(profile, country)
	}
	return nil, &unnamed
}

func (t *table) Renew(profile string, old *exchange.Route) (*exchange.Route, *verdict.Reason) {
	if r := t.of(profile); r != nil {
		return r.Renew(profile, old)
	}
	return nil, &unnamed
}

func routesOf(t *testing.T, a *account, change ...func(*exchange.RouteOptions)) *exchange.Routes {
	t.Helper()
	o := exchange.RouteOptions{Contract: guide, BaseURL: "https://" + a.name + ".test", Account: a.name, Principal: amazon.Principal{ClientID: "client-" + a.name}, Tokens: a}
	for _, c := range change {
		c(&o)
	}
	r, err := exchange.NewRoutes(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tableRig(t *testing.T, answer func(call) reply, by map[string]*exchange.Routes) (*rig, *table) {
	t.Helper()
	tab := &table{by: by}
	return newRig(t, answer, func(o *Options) { o.Router, o.BaseURL, o.ClientID, o.Tokens, o.Linger = tab, "", "", nil, -1 }), tab
}

// sentTo is where requests went, and in whose name.
func (r *rig) sentTo() []string {
	out := []string{}
	for _, c := range r.amazon.all() {
		host, _, _ := strings.Cut(strings.TrimPrefix(c.url, "https://"), "/")
		out = append(out, fmt.Sprintf("%s %s %s %s", host, c.header.Get("Amazon-Advertising-API-ClientId"), c.token, strings.Join(c.ids, ",")))
	}
	slices.Sort(out)
	return out
}

// TestEachProfileGoesItsWay: one batch has one host and one account, and one
// account without tokens holds its own lanes and no others.
func TestEachProfileGoesItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, dead := newAccount("a", false), newAccount("b", false), newAccount("dead", true)
		r, _ := tableRig(t, always(ok), map[string]*exchange.Routes{"1": routesOf(t, a), "2": routesOf(t, b), "3": routesOf(t, b), "4": routesOf(t, dead)})
		for _, p := range []string{"1", "4", "2", "3", "5"} {
			r.send(p, "of "+p)
		}
		r.after(time.Hour)
		want := []string{"a.test client-a Atza|a of 1", "b.test client-b Atza|b of 2", "b.test client-b Atza|b of 3"}
		if diff := cmp.Diff(want, r.sentTo()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if diff := cmp.Diff([]string{"of 1 accepted 1", "of 2 accepted 1", "of 3 accepted 1", "of 5 auth 0"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if got := r.box.why("of 5"); got != unnamed {
			t.Errorf("reason %+v", got)
		}
		if l := r.lane("4"); l.State != LaneHeld || l.Reason != "waits for an access token" || l.Account != "dead" {
			t.Errorf("the lane of the dead account: %+v", l)
		}
	})
}

// TestAMendedAccountGoesOnAtOnce: the lanes that wait for its tokens are told.
func TestAMendedAccountGoesOnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, good := newAccount("dead", true), newAccount("good", false)
		r, tab := tableRig(t, always(ok), map[string]*exchange.Routes{"4": routesOf(t, dead), "6": routesOf(t, dead)})
		r.send("4", "a")
		r.send("6", "c")
		r.after(time.Minute)
		tab.set("4", routesOf(t, good))
		r.sink.Reroute() // the dead account is still there, and waited for by others
		r.after(0)
		r.send("4", "b")
		r.after(time.Second)
		if diff := cmp.Diff([]string{"good.test client-good Atza|good a", "good.test client-good Atza|good b"}, r.sentTo()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if l := r.lane("6"); l.Records != 1 {
			t.Errorf("the lane that was not moved: %+v", l)
		}
	})
}

// TestARefusedProfileIsForgivenByItsNewAccount: what the old one met is over.
func TestARefusedProfileIsForgivenByItsNewAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, fresh := newAccount("old", false), newAccount("new", false)
		r, tab := tableRig(t, func(c call) reply {
			if c.token == "Atza|old" {
				return reply{status: 403, body: `{"code":"FORBIDDEN","message":"no"}`}
			}
			return ok
		}, map[string]*exchange.Routes{"1": routesOf(t, old)})
		r.send("1", "a")
		r.after(10 * time.Second)
		if len(r.failing()) != 1 {
			t.Fatalf("conditions %v", r.failing())
		}
		sent := len(r.amazon.all())
		tab.set("1", routesOf(t, fresh))
		r.sink.Reroute()
		r.after(0)
		if diff := cmp.Diff([]string{"a accepted " + fmt.Sprint(sent+1)}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if len(r.failing()) != 0 {
			t.Errorf("conditions %v", r.failing())
		}
	})
}

// TestALateRefusalOfTheOldAccount: that a token of the account of before is not
// taken says nothing about those of the present one, however they are numbered.
func TestALateRefusalOfTheOldAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, fresh := newAccount("old", false), newAccount("new", false)
		old.generation = 9
		r, tab := tableRig(t, func(c call) reply {
			if c.token == "Atza|old" {
				return reply{status: 401, delay: time.Second, body: `{"code":"UNAUTHORIZED","message":"no"}`}
			}
			return ok
		}, map[string]*exchange.Routes{"1": routesOf(t, old)})
		r.send("1", "a")
		r.after(500 * time.Millisecond)
		tab.set("1", routesOf(t, fresh))
		r.sink.Reroute()
		r.after(time.Second)
		if diff := cmp.Diff([]string{"a accepted 2"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if fresh.refused {
			t.Error("the new account is asked for another token than its first")
		}
	})
}

// TestAProfileThatIsNamedNoMore: what waits for it becomes dead letters, also
// what was in flight and comes back.
func TestAProfileThatIsNamedNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount("a", false)
		r, tab := tableRig(t, always(reply{status: 503, delay: time.Second}), map[string]*exchange.Routes{"1": routesOf(t, a)})
		r.send("1", "flying")
		r.after(time.Millisecond)
		r.send("1", "waiting")
		tab.set("1", nil)
		r.sink.Reroute()
		r.after(10 * time.Second)
		if diff := cmp.Diff([]string{"flying auth 1", "waiting auth 0"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if l := r.lane("1"); l.Records != 0 || l.State != LaneIdle {
			t.Errorf("lane %+v", l)
		}
		tab.set("1", routesOf(t, a))
		r.amazon.become(always(ok))
		r.sink.Reroute()
		r.send("1", "again")
		r.after(time.Second)
		if v := r.verdict("again"); v.Class != verdict.Accepted {
			t.Errorf("named again: %v", v.Class)
		}
	})
}

// TestAProfileThatIsNamedNoMoreLeavesNothingBehind: events that Amazon put off, those
// that wait for another try and those that were not sent yet, of a batch still open,
// become dead letters alike.
func TestAProfileThatIsNamedNoMoreLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		putOff := reply{status: 207, body: `{"success":[],"error":[{"index":0,"errors":[{"code":"INTERNAL_ERROR"}]}]}`}
		r, tab := tableRig(t, func(c call) reply {
			if slices.Contains(c.ids, "aside") {
				return putOff
			}
			return reply{status: 503}
		}, map[string]*exchange.Routes{"1": routesOf(t, newAccount("a", false))})
		r.send("1", "aside")
		for range 12 { // until it is set aside, so that others can pass it
			r.after(10 * time.Second)
		}
		r.send("1", "again")
		r.after(2 * time.Minute)
		r.send("1", "new")
		r.after(time.Millisecond)
		if got := r.classes(); len(got) != 0 {
			t.Fatalf("verdicts before the profile is dropped: %v", got)
		}
		tab.set("1", nil)
		r.sink.Reroute()
		r.after(10 * time.Second)
		for _, id := range []string{"aside", "again", "new"} {
			if v := r.verdict(id); v.Class != verdict.Auth || v.Code != "profile_unknown" {
				t.Errorf("%s: %s %s, want auth profile_unknown", id, v.Class, v.Code)
			}
		}
		if l := r.lane("1"); l.Records != 0 || len(r.box.all()) != 3 {
			t.Errorf("%d letters, lane %+v", len(r.box.all()), l)
		}
	})
}

func TestAPausedProfileIsHeldAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount("a", false)
		pause := func(o *exchange.RouteOptions) { o.Paused = true }
		r, tab := tableRig(t, always(ok), map[string]*exchange.Routes{"1": routesOf(t, a, pause), "2": routesOf(t, a)})
		r.send("1", "a")
		r.send("2", "b")
		r.after(time.Hour)
		if diff := cmp.Diff([]string{"b accepted 1"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if diff := cmp.Diff([]string{"lane 1: " + reasonPaused}, r.failing()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if l := r.lane("1"); l.State != LaneHeld || l.Reason != reasonPaused {
			t.Errorf("lane %+v", l)
		}
		tab.set("1", routesOf(t, a))
		r.sink.Reroute()
		r.after(time.Second)
		if v := r.verdict("a"); v.Class != verdict.Accepted || len(r.failing()) != 0 {
			t.Errorf("after the pause: %s, %v", v.Class, r.failing())
		}
		tab.set("1", routesOf(t, a, pause))
		r.sink.Reroute()
		r.send("1", "c")
		r.after(time.Second)
		if len(r.classes()) != 2 || len(r.failing()) != 1 {
			t.Errorf("paused again: %v, %v", r.classes(), r.failing())
		}
	})
}

// TestLimitsOfAProfile are its own, and never beyond what its contract takes.
func TestLimitsOfAProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount("a", false)
		r, _ := tableRig(t, always(reply{status: 200, delay: time.Second}), map[string]*exchange.Routes{
			"1": routesOf(t, a, func(o *exchange.RouteOptions) { o.BatchEvents, o.Concurrency = 2, 1 }),
			"2": routesOf(t, a),
		})
		r.send("1", numbered("one", 6)...)
		r.send("2", numbered("two", 6)...)
		r.after(10 * time.Second)
		sizes := map[string][]int{}
		for _, c := range r.amazon.all() {
			sizes[c.profile] = append(sizes[c.profile], len(c.ids))
		}
		if diff := cmp.Diff(map[string][]int{"1": {2, 2, 2}, "2": {6}}, sizes); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if most := r.amazon.mostOf("1"); most != 1 {
			t.Errorf("%d requests at once", most)
		}
	})
}

// v1Taken answers as the Events API does when all is well.
func v1Taken(c call) reply {
	var items []string
	for i := range c.ids {
		items = append(items, fmt.Sprintf(`{"index":%d,"event":{}}`, i))
	}
	return reply{status: 207, body: `{"success":[` + strings.Join(items, ",") + `]}`}
}

// TestCountriesGoToTheirHosts: one batch has one host, and --amazon-url or a
// pinned region has all go one way.
func TestCountriesGoToTheirHosts(t *testing.T) {
	const na, eu, fe = "advertising-api.amazon.com", "advertising-api-eu.amazon.com", "advertising-api-fe.amazon.com"
	for name, c := range map[string]struct {
		change func(*exchange.RouteOptions)
		want   []string
	}{
		"by country":     {func(*exchange.RouteOptions) {}, []string{eu + " de,za", fe + " jp", na + " ch,us"}},
		"others to FE":   {func(o *exchange.RouteOptions) { o.Region = amazon.FarEast }, []string{eu + " de,za", fe + " ch,jp", na + " us"}},
		"pinned":         {func(o *exchange.RouteOptions) { o.Region, o.Pinned = amazon.Europe, true }, []string{eu + " ch,de,jp,us,za"}},
		"with a URL":     {func(o *exchange.RouteOptions) { o.BaseURL, o.Region = "https://amazon.test", amazon.Europe }, []string{"amazon.test ch,de,jp,us,za"}},
		"by the guide":   {func(o *exchange.RouteOptions) { o.Contract = guide }, []string{na + " ch,de,jp,us,za"}},
		"guide, pinned":  {func(o *exchange.RouteOptions) { o.Contract, o.Region, o.Pinned = guide, amazon.FarEast, true }, []string{fe + " ch,de,jp,us,za"}},
		"guide, default": {func(o *exchange.RouteOptions) { o.Contract, o.Region = guide, amazon.Europe }, []string{eu + " ch,de,jp,us,za"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccount("a", false)
				r, _ := tableRig(t, v1Taken, map[string]*exchange.Routes{"1": routesOf(t, a, func(o *exchange.RouteOptions) {
					o.Contract, o.BaseURL = live, ""
					c.change(o)
				})})
				for _, country := range []string{"ch", "de", "jp", "us", "za"} {
					conv := purchase()
					conv.ProfileID, conv.EventID, conv.CountryCode, conv.OccurredAt = "1", country, strings.ToUpper(country), time.Now().UnixMilli()
					conv.Consent.UserData = transform.ConsentGranted
					r.seq++
					r.feed.Add(verdict.Handle{Owner: r.owner, Seq: r.seq}, r.record(country), conv)
				}
				r.feed.Flush()
				r.after(time.Second)
				got := []string{}
				for _, c := range r.amazon.all() {
					host, _, _ := strings.Cut(strings.TrimPrefix(c.url, "https://"), "/")
					slices.Sort(c.ids)
					got = append(got, host+" "+strings.Join(c.ids, ","))
				}
				slices.Sort(got)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// TestWhatIsEncodedKeepsItsContract: events that wait when a profile gets another
// contract go by their own, in the account's present name.
func TestWhatIsEncodedKeepsItsContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, good := newAccount("dead", true), newAccount("good", false)
		r, tab := tableRig(t, func(c call) reply {
			if strings.HasSuffix(c.url, live.Path()) {
				return v1Taken(c)
			}
			return ok
		}, map[string]*exchange.Routes{"1": routesOf(t, dead)})
		r.send("1", "old")
		r.after(time.Second)
		tab.set("1", routesOf(t, good, func(o *exchange.RouteOptions) { o.Contract = live }))
		r.sink.Reroute()
		c := purchase()
		c.ProfileID, c.EventID, c.OccurredAt = "1", "new", time.Now().UnixMilli()
		r.feed.Add(verdict.Handle{Owner: r.owner, Seq: 77}, r.record("new"), c)
		r.feed.Flush()
		r.after(time.Second)
		paths := map[string]string{}
		for _, c := range r.amazon.all() {
			_, path, _ := strings.Cut(strings.TrimPrefix(c.url, "https://good.test"), "")
			paths[strings.Join(c.ids, ",")] = path
		}
		if diff := cmp.Diff(map[string]string{"old": guide.Path(), "new": live.Path()}, paths); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if a, b := r.verdict("old"), r.verdict("new"); a.Contract != "off-amazon-2023-11-13" || b.Contract != "events-v1" {
			t.Errorf("verdicts by %s and %s", a.Contract, b.Contract)
		}
	})
}

// TestTheFeedAsksTheContract: what it does not take is never sent.
func TestTheFeedAsksTheContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount("a", false)
		r, _ := tableRig(t, v1Taken, map[string]*exchange.Routes{"1": routesOf(t, a, func(o *exchange.RouteOptions) { o.Contract = live })})
		add := func(id string, age time.Duration, change func(*transform.Conversion)) {
			c := purchase()
			c.ProfileID, c.EventID, c.OccurredAt = "1", id, time.Now().Add(-age).UnixMilli()
			change(c)
			r.seq++
			r.feed.Add(verdict.Handle{Owner: r.owner, Seq: r.seq}, r.record(id), c)
		}
		add("good", 0, func(*transform.Conversion) {})
		add("denied", 0, func(c *transform.Conversion) { c.Consent.UserData = transform.ConsentDenied })
		add("nobody", 0, func(c *transform.Conversion) {
			c.HashedEmail, c.HashedPhone, c.MADID = transform.Hash{}, transform.Hash{}, ""
		})
		add("yesterday", 20*24*time.Hour+23*time.Hour, func(*transform.Conversion) {})
		r.feed.Flush()
		r.after(2 * time.Hour)
		// The same event two hours later, as a replay would bring it.
		add("replayed", 20*24*time.Hour+25*time.Hour, func(*transform.Conversion) {})
		r.feed.Flush()
		r.after(time.Second)
		want := []string{"denied filtered 0", "good accepted 1", "nobody validation 0", "replayed validation 0", "yesterday accepted 1"}
		if diff := cmp.Diff(want, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if why := r.box.why("replayed"); why.Code != "occurred_at_expired" {
			t.Errorf("replayed: %v", why)
		}
	})
}
