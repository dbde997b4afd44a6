package accounts

import (
	"slices"

	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// Account is a sender: a client of Login with Amazon or the holder of an API token; for DSP
// advertisers, which its profiles are, or for a manager account. Comparing two accounts shows
// whether anything relevant has changed.
type Account struct {
	Name         string
	ClientID     string
	ClientSecret string
	RefreshToken string
	TokenURL     string
	// ManagerID is the manager account that all profiles send for; empty if they send for
	// advertisers.
	ManagerID string
	// APIToken replaces client and refresh token. It is valid for DataSetID only.
	APIToken  string
	DataSetID string
	// Defaults are the settings of the account's profiles without their own, and of profiles
	// that no account names, if this is the default account.
	Defaults Settings
	Profiles []Profile // by id
}

// Profile is an Ads profile that events name.
type Profile struct {
	ID string
	// AdvertiserID is the advertiser's id in Amazon DSP; empty if it equals ID.
	AdvertiserID string
	Settings
}

// Settings are how a profile's events are sent.
type Settings struct {
	Contract string
	// DataSet is the name of the data set that events go to; empty for Amazon's default.
	DataSet string
	// Region takes all events of the profile; with RegionUnknown the contract and the events'
	// countries decide.
	Region amazon.Region
	Paused bool
	// Limits; 0 means the common limit.
	BatchEvents, BatchBytes, Concurrency int
}

// List is all accounts: the content of the file, including its secrets.
type List struct {
	Accounts []Account // by name
	// Default is the account of profiles that no account names; empty for none.
	Default string
}

// Of returns the account that sends for a profile, and the profile's settings there; ok is false
// if there is none.
func (l *List) Of(profile string) (a *Account, p Profile, ok bool) {
	for i := range l.Accounts {
		a := &l.Accounts[i]
		for _, p := range a.Profiles {
			if p.ID == profile {
				return a, p, true
			}
		}
	}
	for i := range l.Accounts {
		if a := &l.Accounts[i]; a.Name == l.Default {
			return a, Profile{ID: profile, Settings: a.Defaults}, true
		}
	}
	return nil, Profile{}, false
}

// Tenant returns the receiver that Amazon is given for a profile's events, and the contract that
// they are sent by; ok is false if no account sends for the profile.
func (l *List) Tenant(profile string) (id, contract string, ok bool) {
	a, p, ok := l.Of(profile)
	if !ok {
		return "", "", false
	}
	switch {
	case !amazon.KnowsAccounts(p.Contract):
		return profile, p.Contract, true
	case a.ManagerID != "":
		return a.ManagerID, p.Contract, true
	case p.AdvertiserID != "":
		return p.AdvertiserID, p.Contract, true
	}
	return profile, p.Contract, true
}

// Contracts returns the contracts that events are sent by.
func (l *List) Contracts() (names []string) {
	for i := range l.Accounts {
		a := &l.Accounts[i]
		if a.Name == l.Default {
			names = append(names, a.Defaults.Contract)
		}
		for _, p := range a.Profiles {
			names = append(names, p.Contract)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Base has the settings that an accounts file leaves to the flags.
type Base struct {
	Contract        string
	ContractOptions amazon.ContractOptions
	TokenURL        string
	// BaseURL replaces every region's host; empty keeps those.
	BaseURL string
	// Region is for countries for which the contract has no region.
	Region amazon.Region
	// ProfileIDs says which profile ids are valid.
	ProfileIDs transform.ProfileIDs
}
