package accounts

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// Set is the accounts in force. It is the sink's Router, and has one source of tokens for each
// account, however many profiles it has.
type Set struct {
	opts Options

	now atomic.Pointer[table]

	changing sync.Mutex // one change at a time
	list     List
	sources  map[string]tokens // by account
}

// Options are the dependencies of a Set.
type Options struct {
	Base       Base
	Log        zerolog.Logger
	Conditions *health.Conditions // nil reports nothing
	Metrics    *login.Metrics     // nil counts nothing
	HTTPClient *http.Client       // for tokens; nil means sink.NewHTTPClient
}

// table is the accounts prepared for lookup.
type table struct {
	profiles map[string]*exchange.Routes
	others   *exchange.Routes // of profiles that no account names; nil if there are none
}

// New returns the set of a list. It sends and requests nothing yet.
func New(list List, o Options) (*Set, error) {
	s := &Set{opts: o, sources: make(map[string]tokens)}
	if err := s.apply(list, func() {}); err != nil {
		return nil, err
	}
	return s, nil
}

// Single returns the list of one account for all profiles.
func Single(a Account) List { return List{Accounts: []Account{a}, Default: a.Name} }

// Route implements sink.Router.
func (s *Set) Route(profile, country string) (*exchange.Route, *verdict.Reason) {
	r, why := s.routes(profile)
	if why != nil {
		return nil, why
	}
	return r.Route(profile, country)
}

// Renew implements sink.Router.
func (s *Set) Renew(profile string, old *exchange.Route) (*exchange.Route, *verdict.Reason) {
	r, why := s.routes(profile)
	if why != nil {
		return nil, why
	}
	return r.Renew(profile, old)
}

// Names reports whether an account names the profile.
func (s *Set) Names(profile string) bool { return s.now.Load().profiles[profile] != nil }

func (s *Set) routes(profile string) (*exchange.Routes, *verdict.Reason) {
	t := s.now.Load()
	if r := t.profiles[profile]; r != nil {
		return r, nil
	}
	if t.others != nil {
		return t.others, nil
	}
	return nil, Unknown()
}

// Unknown is the reason for events whose profile no account names.
func Unknown() *verdict.Reason {
	return verdict.CodeProfileUnknown.Because("no account of the accounts file names this profile, and none is the default: want it in one of them")
}

// apply puts a list in force, completely or not at all. An unchanged account keeps its source of
// tokens and the current token. reroute makes the users of the old list ask again; only then
// are the old sources closed, so that nobody waits on a closed one.
func (s *Set) apply(list List, reroute func()) error {
	next := make(map[string]tokens)
	var made []tokens
	fail := func(err error) error {
		for _, t := range made {
			t.Close()
		}
		return err
	}
	t := &table{profiles: make(map[string]*exchange.Routes)}
	for i := range list.Accounts {
		a := &list.Accounts[i]
		source := s.sources[a.Name]
		if old := s.list.account(a.Name); source == nil || !old.sameCredentials(a) {
			var err error
			if source, err = s.source(a); err != nil {
				return fail(fmt.Errorf("account %s: %w", a.Name, err))
			}
			made = append(made, source)
		}
		next[a.Name] = source
		for j := range a.Profiles {
			r, err := s.routesOf(a, &a.Profiles[j], source)
			if err != nil {
				return fail(fmt.Errorf("account %s, profile %s: %w", a.Name, a.Profiles[j].ID, err))
			}
			t.profiles[a.Profiles[j].ID] = r
		}
		if a.Name == list.Default {
			r, err := s.routesOf(a, &Profile{Settings: a.Defaults}, source)
			if err != nil {
				return fail(fmt.Errorf("account %s: %w", a.Name, err))
			}
			t.others = r
		}
	}
	s.now.Store(t)
	was := s.sources
	s.sources, s.list = next, list
	reroute()
	s.retire(was)
	return nil
}

// retire closes the sources that are no longer in force.
func (s *Set) retire(was map[string]tokens) {
	for name, old := range was {
		if now := s.sources[name]; now != old {
			old.Retire(now != nil)
		}
	}
}

// tokens returns the source of an account's tokens.
type tokens interface {
	login.Tokens
	Close()
	Retire(succeeded bool)
}

func (s *Set) source(a *Account) (tokens, error) {
	if a.APIToken != "" {
		return login.NewAPIToken(login.APITokenOptions{Account: a.Name, Token: a.APIToken, Conditions: s.opts.Conditions})
	}
	return login.NewSource(login.Options{
		Account: a.Name, URL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, RefreshToken: a.RefreshToken,
		Log: s.opts.Log, Conditions: s.opts.Conditions, Metrics: s.opts.Metrics, HTTPClient: s.opts.HTTPClient,
	})
}

func (s *Set) routesOf(a *Account, p *Profile, tokens login.Tokens) (*exchange.Routes, error) {
	k, err := amazon.NewContract(p.Contract, s.opts.Base.ContractOptions)
	if err != nil {
		return nil, err
	}
	o := exchange.RouteOptions{
		Contract: k, BaseURL: s.opts.Base.BaseURL, Region: s.opts.Base.Region,
		Account: a.Name, Principal: a.principal(p), Tokens: tokens, APIToken: a.APIToken != "", DataSet: a.DataSetOf(p),
		BatchEvents: p.BatchEvents, BatchBytes: p.BatchBytes, Concurrency: p.Concurrency, Paused: p.Paused,
	}
	if p.Region != amazon.RegionUnknown {
		o.Region, o.Pinned = p.Region, true
	}
	return exchange.NewRoutes(o)
}

// Close closes all sources of tokens.
func (s *Set) Close() {
	s.changing.Lock()
	defer s.changing.Unlock()
	for _, t := range s.sources {
		t.Close()
	}
}

// Account returns the account of a name, or nil.
func (l *List) Account(name string) *Account { return l.account(name) }

func (l *List) account(name string) *Account {
	for i := range l.Accounts {
		if l.Accounts[i].Name == name {
			return &l.Accounts[i]
		}
	}
	return nil
}

func (a *Account) sameCredentials(b *Account) bool {
	return a != nil && a.ClientID == b.ClientID && a.ClientSecret == b.ClientSecret && a.RefreshToken == b.RefreshToken && a.TokenURL == b.TokenURL && a.APIToken == b.APIToken
}
