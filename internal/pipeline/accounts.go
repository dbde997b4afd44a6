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

// Accounts reads the accounts file, or takes the settings for the one account of
// all profiles.
func (c *Config) Accounts() (accounts.List, accounts.Base, error) {
	base := accounts.Base{
		Contract: c.Contract, ContractOptions: c.ContractOptions, TokenURL: c.TokenURL, BaseURL: c.AmazonURL, Region: c.Region, ProfileIDs: c.ProfileIDs,
	}
	if c.AccountsFile != "" {
		list, err := accounts.NewSource(c.AccountsFile).Load(base)
		return list, base, err
	}
	return accounts.Single(accounts.Account{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, RefreshToken: c.RefreshToken, TokenURL: c.TokenURL,
		Defaults: accounts.Settings{Contract: c.Contract},
	}), base, nil
}

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

// watchAccounts has the accounts file watched, if there is one, until the
// function that it returns is called.
func (p *Pipeline) watchAccounts(ctx context.Context, lanes *sink.Sink) (stop func()) {
	if p.config.AccountsFile == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer crash.Report()
		p.accounts.Watch(ctx, accounts.NewSource(p.config.AccountsFile), p.config.Reload, lanes.Reroute)
	})
	return func() {
		cancel()
		wg.Wait()
	}
}
