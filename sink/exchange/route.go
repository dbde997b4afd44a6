package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// Router says by which way events go to Amazon. It is asked for each event, by
// many goroutines at once.
type Router interface {
	// Route returns the way of a profile's event from a country, or why there is
	// none.
	Route(profile, country string) (*Route, *verdict.Reason)
	// Renew returns the way that is in force now for events of the profile which
	// are encoded for another: of the same contract and region, since neither
	// can be changed any more, with the account, host and limits of now.
	Renew(profile string, old *Route) (*Route, *verdict.Reason)
}

// Route is one way to Amazon: by one contract, to one host, in the name of one
// account. Nobody changes one that is in use; lanes are given another one instead.
type Route struct {
	Contract amazon.Contract
	// Region is what the lane is told from others of its profile by; unknown
	// where all of the profile's events go one way.
	Region   amazon.Region
	Endpoint string // the URL that events are posted to
	Account  string // its name in the accounts file; empty without one
	// Who sends, but for the profile.
	amazon.Principal
	Tokens   login.Tokens // what requests carry
	APIToken bool         // these are API tokens, and no bearer tokens
	// DataSetID is what the events of the way are bound to; empty without an API token.
	DataSetID string

	Limits amazon.Limits // the contract's, which are asked of each event
	Frame  amazon.Frame  // likewise
	// What the profile is limited to beside; 0 is no more than all are.
	BatchEvents, BatchBytes, Concurrency int
	Paused                               bool
}

// setHeaders sets what a request of a profile carries beside its body.
func (r *Route) setHeaders(h http.Header, profile string, token login.AccessToken) {
	if r.APIToken {
		h.Set(amazon.TokenHeader, token.Secret())
	} else {
		h.Set("Authorization", "Bearer "+token.Secret())
	}
	who := r.Principal
	who.ProfileID = profile
	r.Contract.SetHeaders(h, who)
}

// RouteOptions describe the ways of a profile's events, or of everybody's.
type RouteOptions struct {
	Contract amazon.Contract
	// BaseURL is the API, without the contract's path; empty for the regions'
	// own hosts.
	BaseURL string
	// Region takes the events of countries that the contract has no region for;
	// NorthAmerica unless set. With Pinned it takes all.
	Region amazon.Region
	Pinned bool

	Account string // its name; optional
	amazon.Principal
	Tokens login.Tokens
	// APIToken: Tokens gives API tokens.
	APIToken bool
	DataSet  amazon.DataSet

	// BatchEvents, BatchBytes and Concurrency are the sink's unless set.
	BatchEvents, BatchBytes, Concurrency int
	// Paused holds the events.
	Paused bool
}

// Routes are the ways of events that differ by their country alone. They are a
// Router for which all profiles are alike.
type Routes struct {
	opts RouteOptions
	by   [amazon.RegionCount]*Route
}

// NewRoutes checks the options; errors name the setting that is wrong.
func NewRoutes(o RouteOptions) (*Routes, error) {
	switch {
	case o.Contract == nil:
		return nil, fmt.Errorf("contract (%s) is missing: want one of %s", setting.Contract, strings.Join(amazon.ContractNames(), ", "))
	case o.ClientID == "" && !o.APIToken:
		return nil, fmt.Errorf("client id (%s) is missing: want the client id from Login with Amazon", setting.ClientID)
	case o.Tokens == nil:
		return nil, errors.New("no source of access tokens is given")
	}
	o.Region = cmp.Or(o.Region, amazon.NorthAmerica)
	o.Contract = amazon.WithDataSet(o.Contract, o.DataSet)
	r := &Routes{opts: o}
	for region := range amazon.RegionCount {
		at, lane := o.at(region)
		if r.by[at] == nil {
			route, err := o.route(at)
			if err != nil {
				return nil, err
			}
			route.Region = lane
			r.by[at] = route
		}
		r.by[region] = r.by[at]
	}
	return r, nil
}

// at is where events of a region go, and what the lane is told from others of its
// profile by. With one host, or one region, all events go one way, and a batch is not
// kept small by where they come from.
func (o *RouteOptions) at(region amazon.Region) (at, lane amazon.Region) {
	oneWay := o.BaseURL != "" || o.Pinned
	if at = region; oneWay || at == amazon.RegionUnknown {
		at = cmp.Or(o.Region, amazon.NorthAmerica)
	}
	if !oneWay && o.Contract.Region("US") != amazon.RegionUnknown {
		lane = at
	}
	return at, lane
}

// Lane returns the region of the lane that takes a profile's events from a country:
// what is sent to different regions never shares a request.
func (o *RouteOptions) Lane(country string) amazon.Region {
	_, lane := o.at(o.Contract.Region(country))
	return lane
}

func (o *RouteOptions) route(at amazon.Region) (*Route, error) {
	base := o.BaseURL
	if base == "" {
		base = at.Host()
	}
	u, err := web.Endpoint(fmt.Sprintf("Amazon URL (%s)", setting.AmazonURL), base)
	if err != nil {
		return nil, err
	}
	return &Route{
		Contract: o.Contract, Endpoint: strings.TrimSuffix(u.String(), "/") + o.Contract.Path(),
		Account: o.Account, Principal: o.Principal, Tokens: o.Tokens, APIToken: o.APIToken, DataSetID: o.DataSet.ID,
		Limits: o.Contract.Limits(), Frame: o.Contract.Frame(),
		BatchEvents: o.BatchEvents, BatchBytes: o.BatchBytes, Concurrency: o.Concurrency, Paused: o.Paused,
	}, nil
}

// Route implements Router.
func (r *Routes) Route(_, country string) (*Route, *verdict.Reason) {
	return r.by[r.opts.Contract.Region(country)], nil
}

// Renew implements Router. Events that are encoded for a contract which the
// profile no longer has are still sent by that one. Events that are bound to another data
// set cannot be sent any more: a token is good for its own alone.
func (r *Routes) Renew(_ string, old *Route) (*Route, *verdict.Reason) {
	now := r.by[old.Region]
	if now.DataSetID != old.DataSetID {
		return nil, verdict.CodeDataSetChanged.Because("the account sends to another data set than this event was encoded for: redrive it, and it is encoded anew")
	}
	if now.Contract.Name() == old.Contract.Name() {
		return now, nil
	}
	was := r.opts
	was.Contract = old.Contract
	routes, err := NewRoutes(was)
	if err != nil {
		return now, nil // not of options that were good with another contract
	}
	return routes.by[old.Region], nil
}
