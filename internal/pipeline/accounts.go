package pipeline

import (
	"context"
	"sync"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// Accounts reads the accounts file, or builds the single account of all profiles from the
// settings.
func (c *Config) Accounts() (accounts.List, accounts.Base, error) {
	base := accounts.Base{
		Contract: c.Contract, ContractOptions: c.ContractOptions, TokenURL: c.TokenURL, BaseURL: c.AmazonURL, Region: c.Region, ProfileIDs: c.ProfileIDs,
	}
	if c.AccountsFile != "" {
		list, err := accounts.NewSource(c.AccountsFile).Load(base)
		return list, base, err
	}
	return c.single(c.APIToken), base, nil
}

// single returns the list of the single account, with the API token if it has one.
func (c *Config) single(apiToken string) accounts.List {
	a := accounts.Account{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, RefreshToken: c.RefreshToken,
		ManagerID: c.ManagerID, APIToken: apiToken, DataSetID: c.DataSetID,
		Defaults: accounts.Settings{Contract: c.Contract, DataSet: c.DataSet},
	}
	if apiToken == "" {
		a.TokenURL = c.TokenURL
	}
	return accounts.Single(a)
}

// tokenFile provides the accounts with an API token that is reread.
type tokenFile struct{ config *Config }

func (f tokenFile) Load(accounts.Base) (accounts.List, error) {
	token, err := f.config.ReadAPIToken()
	return f.config.single(token), err
}

func (f tokenFile) File() string { return "the API token's" }

func (p *Pipeline) openAccounts() error {
	list, base, err := p.config.Accounts()
	if err != nil {
		return err
	}
	o := accounts.Options{Base: base, Log: p.log, Conditions: p.conditions, Metrics: login.NewMetrics(p.metrics)}
	if p.config.Dial != nil {
		o.HTTPClient = web.NewClient(p.config.Dial)
	}
	p.accounts, err = accounts.New(list, o)
	return err
}

// watchAccounts watches the accounts file, or that of the single API token, if there is
// one, until the returned function is called.
func (p *Pipeline) watchAccounts(ctx context.Context, lanes *sink.Sink) (stop func()) {
	var from accounts.Loader = accounts.NewSource(p.config.AccountsFile)
	switch {
	case p.config.AccountsFile != "":
	case p.config.ReadAPIToken != nil:
		from = tokenFile{&p.config}
	default:
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer crash.Report()
		p.accounts.Watch(ctx, from, p.config.Reload, lanes.Reroute)
	})
	return func() {
		cancel()
		wg.Wait()
	}
}
