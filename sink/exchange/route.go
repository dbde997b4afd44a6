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

// Router chooses the route of an event. It is called for each event and must be safe for
// concurrent use.
type Router interface {
	// Route returns the route for a profile's events from a country, or why there is none.
	Route(profile, country string) (*Route, *verdict.Reason)
	// Renew returns the current route for events of the profile that were encoded for an
	// earlier one. Contract and region stay, because the encoding depends on them;
	// account, host and limits may change.
	Renew(profile string, old *Route) (*Route, *verdict.Reason)
}

// Route is a contract, a host and an account to send by. Routes in use are immutable;
// lanes are given new ones.
type Route struct {
	Contract amazon.Contract
	// Region distinguishes the lanes of one profile; unknown if all of the profile's
	// events take one route.
	Region   amazon.Region
	Endpoint string // the URL that events are posted to
	Account  string // its name in the accounts file; empty without one
	// The sender, without the profile.
	amazon.Principal
	Tokens   login.Tokens // what requests authenticate with
	APIToken bool         // these are API tokens, not bearer tokens
	// DataSetID is the data set that the route's events are bound to; empty without an API token.
	DataSetID string

	Limits amazon.Limits // the contract's, kept here because every event needs them
	Frame  amazon.Frame  // the contract's, for the same reason
	// Further limits of the profile; 0 means none.
	BatchEvents, BatchBytes, Concurrency int
	Paused                               bool
}

// setHeaders sets the headers of a profile's request, except those of the body.
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

// RouteOptions describe the routes of one profile's events, or of all.
type RouteOptions struct {
	Contract amazon.Contract
	// BaseURL is the API's URL, without the contract's path; empty for the regions'
	// own hosts.
	BaseURL string
	// Region takes the events of countries for which the contract has no region; the
	// default is NorthAmerica. With Pinned it takes all events.
	Region amazon.Region
	Pinned bool

	Account string // its name; optional
	amazon.Principal
	Tokens login.Tokens
	// APIToken is set if Tokens returns API tokens.
	APIToken bool
	DataSet  amazon.DataSet

	// BatchEvents, BatchBytes and Concurrency default to the sink's.
	BatchEvents, BatchBytes, Concurrency int
	// Paused holds the events: none is sent.
	Paused bool
}

// Routes are the routes of events that differ only by country. They are a Router that
// treats all profiles alike.
type Routes struct {
	opts RouteOptions
	by   [amazon.RegionCount]*Route
}

// NewRoutes checks the options; errors name the invalid setting.
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

// at returns the URL for events of a region, and the region that distinguishes the lane
// from others of its profile. With one host or one region all events take one route, so
// that batches are not split by country.
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

// Lane returns the region of the lane for a profile's events from a country: events for
// different regions never share a request.
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

// Renew implements Router. Events encoded for a contract that the profile no longer uses
// are still sent with that contract. Events bound to another data set can no longer be
// sent: a token is valid for its own data set only.
func (r *Routes) Renew(_ string, old *Route) (*Route, *verdict.Reason) {
	now := r.by[old.Region]
	if now.DataSetID != old.DataSetID {
		return nil, verdict.CodeDataSetChanged.Because("the account sends to another data set than this event was encoded for: redrive it, and it is encoded again")
	}
	if now.Contract.Name() == old.Contract.Name() {
		return now, nil
	}
	was := r.opts
	was.Contract = old.Contract
	routes, err := NewRoutes(was)
	if err != nil {
		return now, nil // cannot happen: the options were valid with another contract
	}
	return routes.by[old.Region], nil
}
