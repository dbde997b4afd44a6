package accounts

import (
	"cmp"
	"context"
	"time"

	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// Direct sends single requests for a profile like the account would: with the profile's own
// contract and region, or else the given ones.
func (b *Base) Direct(a *Account, p *Profile, region amazon.Region, timeout time.Duration) (*exchange.Direct, error) {
	contract, err := amazon.NewContract(p.Contract, b.ContractOptions)
	if err != nil {
		return nil, err
	}
	return exchange.NewDirect(exchange.DirectOptions{
		Contract: contract, BaseURL: b.BaseURL, Region: cmp.Or(p.Region, region, b.Region),
		Principal: a.principal(p), APIToken: a.APIToken != "", DataSet: a.DataSetOf(p), RequestTimeout: timeout,
	})
}

// Grant returns a token to send with: from Login with Amazon, or the account's API token, which
// needs no request.
func (a *Account) Grant(ctx context.Context, timeout time.Duration) (login.Grant, error) {
	if a.APIToken != "" {
		return login.Grant{Token: login.NewAccessToken(a.APIToken, 1)}, nil
	}
	return login.Exchange(ctx, login.Options{
		Account: a.Name, URL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, RefreshToken: a.RefreshToken, Timeout: timeout,
	})
}

// principal is the sender of a profile's events; the profile itself is named with each request.
func (a *Account) principal(p *Profile) amazon.Principal {
	return amazon.Principal{ClientID: a.ClientID, AdvertiserID: p.AdvertiserID, ManagerID: a.ManagerID}
}

// DataSetOf returns the data set of a profile's events.
func (a *Account) DataSetOf(p *Profile) amazon.DataSet {
	return amazon.DataSet{Name: p.DataSet, ID: a.DataSetID}
}
