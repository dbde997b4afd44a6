package accounts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/login"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func load(t *testing.T, text string) List {
	t.Helper()
	list, err := Load("a.yaml", []byte(text), base, env(secrets))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func newSet(t *testing.T, list List, o Options) *Set {
	t.Helper()
	if o.Base == (Base{}) {
		o.Base = base
	}
	s, err := New(list, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestProfilesGoByTheirAccounts(t *testing.T) {
	s := newSet(t, load(t, full), Options{})
	for profile, want := range map[string]string{
		"100": "na " + guide + " https://advertising-api.amazon.com/offAmazonEvents/2023-11-13/events",
		"200": "eu " + guide + " https://advertising-api-fe.amazon.com/offAmazonEvents/2023-11-13/events",
		"201": "eu " + v1 + " https://advertising-api-eu.amazon.com/adsApi/v1/create/events",
		"999": "na " + guide + " https://advertising-api.amazon.com/offAmazonEvents/2023-11-13/events",
	} {
		r, why := s.Route(profile, "JP")
		if why != nil {
			t.Errorf("%s: %v", profile, why)
			continue
		}
		if got := r.Account + " " + r.Contract.Name() + " " + r.Endpoint; got != want {
			t.Errorf("%s goes by %s, want %s", profile, got, want)
		}
	}
	nobody := newSet(t, load(t, strings.Replace(full, "default: na\n", "", 1)), Options{})
	r, why := nobody.Route("999", "US")
	if r != nil || why == nil || why.Class != verdict.Auth || why.Code != "profile_unknown" || !strings.Contains(why.Message, "no account") {
		t.Errorf("a profile that nobody names: %v, %+v", r, why)
	}
}

// TestAURLGoesBeforeTheRegions: all go to one host, and each account's contract
// and name stay.
func TestAURLGoesBeforeTheRegions(t *testing.T) {
	b := base
	b.BaseURL = "http://localhost:8090"
	s := newSet(t, load(t, full), Options{Base: b})
	for _, country := range []string{"US", "DE", "JP", ""} {
		if r, _ := s.Route("201", country); r.Endpoint != "http://localhost:8090/adsApi/v1/create/events" || r.Account != "eu" {
			t.Errorf("%s: %s of %s", country, r.Endpoint, r.Account)
		}
	}
}

// TestRoutesAreFound: asking allocates nothing, since it is asked of each event.
func TestRoutesAreFound(t *testing.T) {
	s := newSet(t, load(t, full), Options{})
	if n := testing.AllocsPerRun(100, func() { s.Route("201", "DE") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// endpoint counts exchanges by client, and refuses a refresh token.
type endpoint struct {
	mu    sync.Mutex
	count map[string]int
}

func (l *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count[r.FormValue("client_id")]++
	w.Header().Set("Content-Type", "application/json")
	if r.FormValue("refresh_token") == "revoked" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	fmt.Fprintf(w, `{"access_token":"Atza|%s","token_type":"bearer","expires_in":3600}`, r.FormValue("client_id"))
}

// TestOneRefreshPerAccount: however many profiles it has, and who has a dead
// refresh token is named.
func TestOneRefreshPerAccount(t *testing.T) {
	l := &endpoint{count: map[string]int{}}
	srv := httptest.NewServer(l)
	defer srv.Close()
	var text strings.Builder
	text.WriteString("accounts:\n")
	for _, name := range []string{"a", "b"} {
		fmt.Fprintf(&text, "- {name: %s, client_id: client-%s, client_secret_env: SECRET, refresh_token_file: /secrets/%s, token_url: %s, profiles: [", name, name, name, srv.URL)
		for i := range 20 {
			fmt.Fprintf(&text, "{id: %s%d},", name, i)
		}
		text.WriteString("]}\n")
	}
	list, err := Load("a.yaml", []byte(text.String()), base, env(map[string]string{"/secrets/a": "good", "/secrets/b": "revoked"}))
	if err != nil {
		t.Fatal(err)
	}
	conds := health.NewConditions(zerolog.Nop(), nil)
	reg := prometheus.NewRegistry()
	s := newSet(t, list, Options{Conditions: conds, Metrics: login.NewMetrics(reg)})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			r, _ := s.Route(fmt.Sprintf("a%d", i), "US")
			if token, err := r.Tokens.Token(t.Context(), login.AccessToken{}); err != nil || token.Secret() != "Atza|client-a" {
				t.Errorf("profile a%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	r, _ := s.Route("b7", "US")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := r.Tokens.Token(ctx, login.AccessToken{}); err == nil {
		t.Error("a token for a revoked refresh token")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count["client-a"] != 1 {
		t.Errorf("%d exchanges for 20 profiles of one account", l.count["client-a"])
	}
	failing := map[string]string{}
	for _, c := range conds.States() {
		if !c.OK {
			failing[c.Name] = c.Reason
		}
	}
	if why := failing["token b"]; len(failing) != 1 || !strings.Contains(why, "set refresh_token") || !strings.Contains(why, "of account b") {
		t.Errorf("conditions %q, want the token of b alone", failing)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) != 3 || len(families[0].GetMetric()) != 2 {
		t.Errorf("metrics %v", families)
	}
}

// disk is an accounts file that a test changes.
type disk struct {
	mu    sync.Mutex
	files map[string]string
}

func (d *disk) write(name, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[name] = text
}

func (d *disk) source() Source {
	e := env(nil)
	e.ReadFile = func(name string) ([]byte, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		return env(d.files).ReadFile(name)
	}
	return Source{"a.yaml", e}
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// entries returns the log lines and forgets them.
func (b *buffer) entries(t *testing.T) (lines []map[string]any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.b.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, m)
	}
	b.b.Reset()
	return lines
}

// TestReload: a changed file is taken up whole or not at all, and what changed is
// in one line of the log.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{files: map[string]string{"a.yaml": full, "/secrets/na": secrets["/secrets/na"], "/secrets/eu": secrets["/secrets/eu"]}}
		list, err := d.source().Load(base)
		if err != nil {
			t.Fatal(err)
		}
		log := &buffer{}
		logger := zerolog.New(log)
		conds := health.NewConditions(logger, nil)
		s, err := New(list, Options{Base: base, Log: logger, Conditions: conds})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		hangup := make(chan os.Signal)
		ctx, cancel := context.WithCancel(t.Context())
		rerouted := 0
		var wg sync.WaitGroup
		wg.Go(func() { s.Watch(ctx, d.source(), hangup, func() { rerouted++ }) })
		tokens := func(profile string) login.Tokens {
			r, why := s.Route(profile, "US")
			if why != nil {
				t.Fatalf("%s: %v", profile, why)
			}
			return r.Tokens
		}
		ask := func() {
			hangup <- os.Interrupt
			synctest.Wait()
		}
		na, eu := tokens("100"), tokens("201")

		time.Sleep(time.Minute)
		synctest.Wait()
		if got := log.entries(t); len(got) != 0 || rerouted != 0 {
			t.Errorf("nothing has changed: %v, rerouted %d times", got, rerouted)
		}
		ask()
		if got := log.entries(t); len(got) != 1 || got[0]["message"] != "accounts are as they were" {
			t.Errorf("asked: %v", got)
		}

		// Another refresh token, a profile moved, one paused, one more.
		d.write("/secrets/na", "refresh-new")
		d.write("a.yaml", strings.NewReplacer(`      - id: "100"`, `      - {id: "300", region: FE}`, `{id: "201", `, `{id: "100", paused: true}`+"\n      - {id: \"201\", ").Replace(full))
		time.Sleep(pollEvery)
		synctest.Wait()
		got := log.entries(t)
		want := []any{"account na: another refresh token", "profile 100 moved from na to eu", "profile 100: contract events-v1 instead of off-amazon-2023-11-13",
			"profile 100: region EU instead of by country", "profile 100: paused", "profile 100: other limits", "profile 300 added to na"}
		if len(got) != 1 || got[0]["message"] != "accounts reloaded" || rerouted != 1 {
			t.Fatalf("log %v, rerouted %d times", got, rerouted)
		}
		if diff := cmp.Diff(want, got[0]["changes"]); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if tokens("101") == na || tokens("201") != eu || tokens("100") != eu {
			t.Error("want a new source of tokens where the secret is another, and the old one elsewhere")
		}
		if _, err := na.Token(t.Context(), login.AccessToken{}); err == nil {
			t.Error("the source that is not in force any more gives tokens")
		}

		// A bad file is kept out, whole.
		d.write("a.yaml", strings.NewReplacer("name: eu", "name: europe", "region: eu", "region: moon").Replace(full))
		time.Sleep(time.Hour)
		synctest.Wait()
		got = log.entries(t)
		if len(got) != 1 || !strings.Contains(fmt.Sprint(got[0]["reason"]), `a.yaml:16: region "moon" is unknown`) || !strings.Contains(fmt.Sprint(got[0]["reason"]), "in force") {
			t.Errorf("an hour with a bad file: %v", got)
		}
		if r, _ := s.Route("100", "US"); r.Account != "eu" || rerouted != 1 || !conds.Failing() {
			t.Errorf("account %s, rerouted %d times, failing %v", r.Account, rerouted, conds.Failing())
		}
		ask()
		if got := log.entries(t); len(got) != 1 || got[0]["message"] != "accounts not reloaded" {
			t.Errorf("asked with a bad file: %v", got)
		}

		// A secret that is gone is kept out, too.
		d.write("a.yaml", strings.Replace(full, "/secrets/eu", "/secrets/gone", 1))
		ask()
		if got := fmt.Sprint(log.entries(t)); !strings.Contains(got, "a.yaml:12: client_secret_file: open /secrets/gone") {
			t.Errorf("a secret that is gone: %s", got)
		}

		d.write("a.yaml", "accounts: [{name: na, client_id: client-na, client_secret_env: SECRET, refresh_token_file: /secrets/na, profiles: [{id: \"100\"}]}]\n")
		time.Sleep(pollEvery)
		synctest.Wait()
		if _, why := s.Route("201", "US"); why == nil || conds.Failing() {
			t.Errorf("a profile that is named no more: %v; failing %v", why, conds.Failing())
		}
		for _, c := range conds.States() {
			if c.Name == "token eu" {
				t.Error("the account that is gone still has a condition")
			}
		}
		cancel()
		wg.Wait()
	})
}

// TestANewCredentialMakesANewSource: tokens that were got with what an account had
// before are not used any more, whichever part of it is another, and those of accounts
// whose credentials are the same are kept.
func TestANewCredentialMakesANewSource(t *testing.T) {
	list := func(change func(*Account)) List {
		l, err := Load("a.yaml", []byte(kinds), base, env(withToken()))
		if err != nil {
			t.Fatal(err)
		}
		for i := range l.Accounts {
			if change != nil && (l.Accounts[i].Name == "manager" || l.Accounts[i].Name == "token") {
				change(&l.Accounts[i])
			}
		}
		return l
	}
	of := func(s *Set, profile string) login.Tokens {
		r, why := s.Route(profile, "US")
		if why != nil {
			t.Fatal(why)
		}
		return r.Tokens
	}
	for name, c := range map[string]struct {
		change         func(*Account)
		token, manager bool // whether they have another source
	}{
		"nothing":       {func(*Account) {}, false, false},
		"settings":      {func(a *Account) { a.Profiles[0].Concurrency = 7 }, false, false},
		"client":        {func(a *Account) { a.ClientID = "another" }, true, true},
		"client secret": {func(a *Account) { a.ClientSecret = "another" }, true, true},
		"refresh token": {func(a *Account) { a.RefreshToken = "another" }, true, true},
		"token URL":     {func(a *Account) { a.TokenURL = "https://other.test/token" }, true, true},
		"API token": {func(a *Account) {
			if a.APIToken != "" {
				a.APIToken = "another"
			}
		}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSet(t, list(nil), Options{})
			token, manager, advertiser := of(s, "300"), of(s, "301"), of(s, "302")
			rerouted := 0
			if err := s.apply(list(c.change), func() { rerouted++ }); err != nil {
				t.Fatal(err)
			}
			if got := of(s, "300") != token; got != c.token {
				t.Errorf("the account with an API token has another source: %v, want %v", got, c.token)
			}
			if got := of(s, "301") != manager; got != c.manager {
				t.Errorf("the account by Login with Amazon has another source: %v, want %v", got, c.manager)
			}
			if of(s, "302") != advertiser || rerouted != 1 {
				t.Errorf("an account that has not changed has another source, or lanes were asked %d times to follow", rerouted)
			}
		})
	}
}

// TestDirect: what is sent past the pipeline goes by the account's own credentials,
// contract and region.
func TestDirect(t *testing.T) {
	list, err := Load("a.yaml", []byte(kinds), base, env(withToken()))
	if err != nil {
		t.Fatal(err)
	}
	b := base
	token := list.Account("token")
	if g, err := token.Grant(t.Context(), time.Second); err != nil || g.Token.Secret() != token.APIToken {
		t.Errorf("the grant of an API token: %v, want the token itself", err)
	}
	if _, err := b.Direct(token, &token.Profiles[0], amazon.Europe, time.Second); err != nil {
		t.Error(err)
	}
	unknown := Profile{ID: "1", Settings: Settings{Contract: "events-v9"}}
	if d, err := b.Direct(token, &unknown, amazon.Europe, time.Second); err == nil || d != nil {
		t.Errorf("an unknown contract: %v, %v", d, err)
	}

	l := &endpoint{count: map[string]int{}}
	srv := httptest.NewServer(l)
	defer srv.Close()
	a := Account{Name: "a", ClientID: "client-a", ClientSecret: "secret", RefreshToken: "good", TokenURL: srv.URL}
	if g, err := a.Grant(t.Context(), 10*time.Second); err != nil || g.Token.Secret() != "Atza|client-a" || l.count["client-a"] != 1 {
		t.Errorf("%v, %d exchanges; want one with the account's client", err, l.count["client-a"])
	}
	a.RefreshToken = "revoked"
	if _, err := a.Grant(t.Context(), 10*time.Second); err == nil {
		t.Error("a revoked refresh token gives a grant")
	}
}

func TestDifferencesNameEverything(t *testing.T) {
	old := load(t, full)
	for name, c := range map[string]struct {
		change func(*List)
		want   string
	}{
		"client":     {func(l *List) { l.Accounts[0].ClientID = "x" }, "account eu: another client id"},
		"secret":     {func(l *List) { l.Accounts[0].ClientSecret = "x" }, "account eu: another client secret"},
		"token URL":  {func(l *List) { l.Accounts[0].TokenURL = "x" }, "account eu: another token URL"},
		"default":    {func(l *List) { l.Default = "" }, "default account none instead of na"},
		"others":     {func(l *List) { l.Accounts[1].Defaults.Paused = true }, "profiles that none names: paused"},
		"advertiser": {func(l *List) { l.Accounts[0].Profiles[1].AdvertiserID = "1" }, "profile 201: another advertiser id"},
		"goes on":    {func(l *List) { l.Accounts[1].Profiles[1].Paused = false }, "profile 101: goes on"},
		"removed":    {func(l *List) { l.Accounts[0].Profiles = l.Accounts[0].Profiles[:1] }, "profile 201 removed from eu"},
		"account":    {func(l *List) { l.Accounts[0].Name = "europe" }, "account eu removed; account europe added; profile 200 moved from eu to europe; profile 201 moved from eu to europe"},
	} {
		now := load(t, full)
		c.change(&now)
		if got := strings.Join(differences(&old, &now), "; "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
