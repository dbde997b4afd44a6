package explain

import (
	"cmp"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// Accounts is the accounts file by which events are explained.
type Accounts struct {
	List accounts.List
	Base accounts.Base
}

// way is how a profile's events are sent.
type way struct {
	contract                amazon.Contract
	account                 string // empty without an accounts file
	batchEvents, batchBytes int
	paused                  bool
	// to makes what sends to the region of a country.
	to func(country string) (*exchange.Direct, error)
}

// way returns how the events of a profile are sent, or why they are not.
func (x *Explainer) way(profile string) (way, *verdict.Reason) {
	w := way{contract: x.Contract, batchEvents: x.BatchEvents, batchBytes: x.BatchBytes, to: x.direct}
	if x.Accounts == nil {
		return w, nil
	}
	account, p, ok := x.Accounts.List.Of(profile)
	if !ok {
		return w, accounts.Unknown()
	}
	as := *account
	if as.ClientID != "" {
		as.ClientID = clientID
	}
	direct := func(country string) (*exchange.Direct, error) {
		return x.Accounts.Base.Direct(&as, &p, w.contract.Region(country), 0)
	}
	// The contract with the account's data set does not depend on the country.
	any, err := direct("")
	if err != nil {
		return w, nil // of a contract or an address that the file could not have been read with
	}
	defer any.Close()
	w.contract, w.account, w.paused, w.to = any.Contract(), account.Name, p.Paused, direct
	w.batchEvents = atMost(w.batchEvents, p.BatchEvents, w.contract.Limits().Events)
	w.batchBytes = atMost(w.batchBytes, p.BatchBytes, w.contract.Limits().Bytes)
	return w, nil
}

// atMost returns the least of the limits that are set.
func atMost(limit int, others ...int) int {
	for _, l := range others {
		if l > 0 {
			limit = min(limit, l)
		}
	}
	return limit
}

// direct is way.to without an accounts file.
func (x *Explainer) direct(country string) (*exchange.Direct, error) {
	return exchange.NewDirect(exchange.DirectOptions{
		Contract: x.Contract, BaseURL: x.BaseURL, Region: cmp.Or(x.Contract.Region(country), x.Region), Principal: amazon.Principal{ClientID: clientID},
	})
}
